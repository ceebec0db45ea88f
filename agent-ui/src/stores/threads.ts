import { defineStore } from 'pinia'
import { reactive, ref } from 'vue'
import { readThread } from '../api/thread'
import { newId } from '../browser/id'
import { DraftStore } from '../form/store'
import { CommandError, type Conversation, type ErrorBody, type Message, type MessageSaid } from '../socket'

/** What the agent wrote and the house has not confirmed. */
export interface Outgoing {
  /** The same for every try, so that none is said twice. */
  cmid: string
  text: string
  at: number
  state: 'sending' | 'lost' | 'refused'
  why: ErrorBody | null
}

/** One conversation's messages and the words in the making. */
export interface Thread {
  contact: string
  messages: Message[]
  /** The house has more than what is here. */
  reading: boolean
  failed: boolean
  /** Numbers above this one have not been looked at. */
  seenSeq: number
  outgoing: Outgoing[]
  draft: string
  /** The citizen writes, until then (this PC's clock). */
  typingUntil: number
}

interface Kept {
  draft: string
  outgoing: { cmid: string; text: string; at: number }[]
}

/** How the threads reach the node; the desk lends its socket. */
export interface Lines {
  send(contact: string, cmid: string, text: string): Promise<unknown>
  typing(contact: string, on: boolean): void
}

export const longestText = 4000
const keepMs = 250
const typingMs = 3000
/** Without word for so long the citizen does not write any more. */
const typingEndsMs = 10_000

/** The messages of this desk's conversations: gaps are closed, what was written is not lost. */
export const useThreads = defineStore('threads', () => {
  const all = reactive(new Map<string, Thread>())
  /** In front of the agent's eyes. */
  const shown = ref<string | null>(null)
  const readers = new Map<string, Promise<void>>()
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const told = new Map<string, number>()
  let lines: Lines | null = null
  let store: DraftStore<Kept> | null = null

  /** Opens what this account left on this machine unsent. */
  async function start(account: string, to: Lines): Promise<void> {
    lines = to
    store = new DraftStore<Kept>(`composer:${account}`)
    for (const k of await store.all().catch(() => [])) {
      const thread = of(k.contact.slice(2))
      if (thread.draft === '') thread.draft = k.record.draft
      for (const o of k.record.outgoing) {
        if (!thread.outgoing.some((x) => x.cmid === o.cmid)) thread.outgoing.push({ ...o, state: 'lost', why: null })
      }
    }
  }

  function of(contact: string): Thread {
    let thread = all.get(contact)
    if (!thread) {
      thread = reactive({ contact, messages: [], reading: false, failed: false, seenSeq: 0, outgoing: [], draft: '', typingUntil: 0 })
      all.set(contact, thread)
    }
    return thread
  }

  const newest = (thread: Thread): number => thread.messages[thread.messages.length - 1]?.seq ?? 0

  /** Brings a thread up to what the house has; asked twice it is one reading. */
  function read(contact: string, lastSeq = 0): Promise<void> {
    const thread = of(contact)
    if (lastSeq > 0 && newest(thread) >= lastSeq) return Promise.resolve()
    const running = readers.get(contact) ?? readOn(thread).finally(() => readers.delete(contact))
    readers.set(contact, running)
    return running
  }

  async function readOn(thread: Thread): Promise<void> {
    thread.reading = true
    for (;;) {
      const r = await readThread(thread.contact, newest(thread))
      thread.failed = !r.ok
      if (!r.ok) break
      const before = newest(thread)
      for (const m of r.data.messages) add(thread, m)
      if (!r.data.more || newest(thread) === before) break
    }
    thread.reading = false
  }

  /** Takes a message that follows the last; others are known, or wait for the gap to be read. */
  function add(thread: Thread, m: Message): boolean {
    if (m.seq !== newest(thread) + 1) return false
    thread.messages.push(m)
    if (m.from === 'citizen') thread.typingUntil = 0
    if (shown.value === thread.contact) thread.seenSeq = m.seq
    return true
  }

  /** Either side wrote. */
  function heard(said: MessageSaid): void {
    const thread = of(said.contact)
    if (said.cmid !== '') confirmed(thread, said.cmid)
    if (said.message.seq > newest(thread) && !add(thread, said.message)) void read(said.contact)
  }

  /** What the conversation is known to hold may be more than what is here. */
  function follow(c: Conversation): void {
    if (c.state !== 'ringing' && c.last_seq > newest(of(c.contact))) void read(c.contact, c.last_seq)
  }

  function typing(contact: string, on: boolean): void {
    of(contact).typingUntil = on ? Date.now() + typingEndsMs : 0
  }

  /** How many messages of the citizen nobody has looked at. */
  function unread(contact: string): number {
    const thread = all.get(contact)
    return thread ? thread.messages.filter((m) => m.seq > thread.seenSeq && m.from === 'citizen').length : 0
  }

  /** The agent looks at this thread, or at none. */
  function look(contact: string | null): void {
    shown.value = contact
    if (contact) of(contact).seenSeq = newest(of(contact))
  }

  /** The agent types. */
  function write(contact: string, text: string): void {
    const thread = of(contact)
    thread.draft = text
    keepSoon(contact)
    const at = Date.now()
    const last = told.get(contact) ?? -Infinity
    if (text.trim() === '') {
      if (last > -Infinity) lines?.typing(contact, false)
      told.delete(contact)
    } else if (at - last >= typingMs) {
      told.set(contact, at)
      lines?.typing(contact, true)
    }
  }

  /** Sends what stands in the composer, which is free at once. False when it is blank or too long. */
  function send(contact: string): boolean {
    const thread = of(contact)
    const text = thread.draft.trim()
    if (text === '' || [...text].length > longestText) return false
    thread.draft = ''
    told.delete(contact)
    const o = reactive<Outgoing>({ cmid: newId(), text, at: Date.now(), state: 'sending', why: null })
    thread.outgoing.push(o)
    void keep(contact)
    void carry(thread, o)
    return true
  }

  /** Under the same name: the house says it once. */
  async function carry(thread: Thread, o: Outgoing): Promise<void> {
    o.state = 'sending'
    o.why = null
    try {
      await (lines?.send(thread.contact, o.cmid, o.text) ?? Promise.reject(new Error('no lines')))
      confirmed(thread, o.cmid)
    } catch (error) {
      const body = error instanceof CommandError ? error.body : null
      o.state = body && body.code !== 'unavailable' && body.code !== 'rate_limited' ? 'refused' : 'lost'
      o.why = body
    }
  }

  function retry(contact: string, cmid: string): void {
    const thread = of(contact)
    const o = thread.outgoing.find((x) => x.cmid === cmid)
    if (o && o.state !== 'sending') void carry(thread, o)
  }

  /** Takes an unsent message back into the composer. */
  function withdraw(contact: string, cmid: string): void {
    const thread = of(contact)
    const o = thread.outgoing.find((x) => x.cmid === cmid)
    if (!o || o.state === 'sending') return
    thread.outgoing = thread.outgoing.filter((x) => x.cmid !== cmid)
    thread.draft = thread.draft === '' ? o.text : `${o.text}\n${thread.draft}`
    void keep(contact)
  }

  function confirmed(thread: Thread, cmid: string): void {
    if (!thread.outgoing.some((x) => x.cmid === cmid)) return
    thread.outgoing = thread.outgoing.filter((x) => x.cmid !== cmid)
    void keep(thread.contact)
  }

  /** The link is back: what was lost on the way goes again, in its order. */
  function again(contacts: readonly string[]): void {
    for (const contact of contacts) {
      for (const o of all.get(contact)?.outgoing ?? []) if (o.state === 'lost') retry(contact, o.cmid)
    }
  }

  /** Another agent has the conversation now; only what was never sent stays. */
  function forget(contact: string): void {
    const thread = all.get(contact)
    if (thread && thread.outgoing.length === 0 && thread.draft === '') void store?.drop(`c:${contact}`).catch(() => undefined)
    all.delete(contact)
  }

  function keepSoon(contact: string): void {
    if (timers.has(contact)) return
    timers.set(contact, setTimeout(() => {
      timers.delete(contact)
      void keep(contact)
    }, keepMs))
  }

  async function keep(contact: string): Promise<void> {
    const thread = all.get(contact)
    if (!thread || !store) return
    const outgoing = thread.outgoing.map(({ cmid, text, at }) => ({ cmid, text, at }))
    const blank = thread.draft === '' && outgoing.length === 0
    await (blank ? store.drop(`c:${contact}`) : store.put(`c:${contact}`, Date.now(), { draft: thread.draft, outgoing })).catch(() => undefined)
  }

  /** Before the page goes. */
  function keepAll(): void {
    for (const contact of all.keys()) if (timers.has(contact)) void keep(contact)
  }

  /** The shift is over: nothing of it stays on this machine. */
  async function wipe(): Promise<void> {
    for (const id of timers.values()) clearTimeout(id)
    timers.clear()
    all.clear()
    shown.value = null
    const s = store
    store = null
    lines = null
    await s?.wipe().catch(() => undefined)
  }

  return { all, shown, start, of, read, heard, follow, typing, unread, look, write, send, retry, withdraw, again, forget, keepAll, wipe }
})
