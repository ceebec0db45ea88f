import { openDB, type DBSchema, type IDBPDatabase } from 'idb'

/** What is kept of one contact on this machine, encrypted but for the envelope. */
interface Sealed {
  contact: string
  account: string
  at: number
  iv: Uint8Array<ArrayBuffer>
  data: ArrayBuffer
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Sealed; indexes: { account: string } }
  keys: { key: string; value: CryptoKey }
}

/**
 * Drafts in IndexedDB, sealed with a key that cannot be exported and lives from
 * sign-in to sign-out: hall PCs are shared. Without WebCrypto nothing is kept.
 */
export class DraftStore<T> {
  private db: Promise<IDBPDatabase<Schema>> | null = null

  constructor(private readonly account: string) {}

  private open(): Promise<IDBPDatabase<Schema>> {
    this.db ??= openDB<Schema>('hotline-desk', 1, {
      upgrade(db) {
        db.createObjectStore('drafts', { keyPath: 'contact' }).createIndex('account', 'account')
        db.createObjectStore('keys')
      },
    })
    return this.db
  }

  private async key(): Promise<CryptoKey> {
    const db = await this.open()
    const kept = await db.get('keys', this.account)
    if (kept) return kept
    const fresh = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    await db.put('keys', fresh, this.account)
    return fresh
  }

  /** Keeps a record; `at` is when it was typed. */
  async put(contact: string, at: number, record: T): Promise<void> {
    const key = await this.key()
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const plain = new TextEncoder().encode(JSON.stringify(record))
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain)
    await (await this.open()).put('drafts', { contact, account: this.account, at, iv, data })
  }

  /** All that this account left here, newest first; what cannot be read is left out. */
  async all(): Promise<{ contact: string; at: number; record: T }[]> {
    const key = await this.key()
    const sealed = await (await this.open()).getAllFromIndex('drafts', 'account', this.account)
    const out: { contact: string; at: number; record: T }[] = []
    for (const s of sealed.sort((a, b) => b.at - a.at)) {
      const record = await unseal<T>(key, s)
      if (record !== null) out.push({ contact: s.contact, at: s.at, record: record as T })
    }
    return out
  }

  /** Forgets one contact. */
  async drop(contact: string): Promise<void> {
    await (await this.open()).delete('drafts', contact)
  }

  /** Forgets everything of this account, the key first. */
  async wipe(): Promise<void> {
    const db = await this.open()
    await db.delete('keys', this.account)
    for (const k of await db.getAllKeysFromIndex('drafts', 'account', this.account)) await db.delete('drafts', k)
  }
}

async function unseal<T>(key: CryptoKey, s: Sealed): Promise<T | null> {
  try {
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: s.iv }, key, s.data)
    return JSON.parse(new TextDecoder().decode(plain)) as T
  } catch {
    return null
  }
}
