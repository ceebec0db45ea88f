import { defineStore } from 'pinia'
import { computed, nextTick, reactive, ref, watch } from 'vue'
import { api, outcome, type Outcome, type Schemas } from '../api/client'
import { laterDelivery, settled } from '../form/delivery'
import { emptyForm, fromFields, isBlank, toFields, type Form, type Proposal } from '../form/form'
import { merge, withLeaves, type Clash } from '../form/merge'
import { DraftStore } from '../form/store'
import { faultsOf, validate, type Fault } from '../form/validate'
import type { Call, Conversation } from '../socket'
import { newId } from '../browser/id'

/** What the inbox shows of a contact; masked, as it came. */
export interface Card {
  contact: string
  line: { name: string; title: string; title_en: string }
  channel: string
  source: string
  caller: string
  accepted: string
  waitedMs: number
}

export interface TicketNote {
  number: string
  title: string
  delivery: string
}

/**
 * Why the last submit registered nothing. `faults`: the form lacks something;
 * `complete`: it did, and lacks nothing now, but nobody has submitted it again.
 */
export type Refused = 'faults' | 'complete' | 'conflict' | 'lost' | 'signed_out' | 'server'

/** One contact's form and where it stands. */
export interface Entry {
  card: Card
  form: Form
  /** The last version both sides agreed on, for a three-way merge. */
  base: Form
  revision: number
  /** The same for every try of one ticket, so that none is registered twice. */
  key: string
  tickets: TicketNote[]
  /** The form is a ticket now; it is shown, not edited, until another is begun. */
  registered: boolean
  typedAt: number
  savedAt: number | null
  save: 'clean' | 'waiting' | 'saving' | 'local'
  restoredAt: number | null
  merged: boolean
  conflict: { theirs: Form; revision: number; savedAt: string; agent: string; clashes: Clash[]; merged: Form } | null
  proposal: Proposal | null
  proposing: boolean
  proposalFailed: boolean
  faults: Fault[]
  submitting: boolean
  refused: Refused | null
  /** The server's words on `server`. */
  refusedWhy: string
}

type Timer = ReturnType<typeof setTimeout>

/** What is kept on this machine. */
interface Kept {
  card: Card
  form: Form
  base: Form
  revision: number
  key: string
  tickets: TicketNote[]
  registered: boolean
  synced: boolean
}

const localMs = 250
const serverMs = 3000
const proposeMs = 350
/** A submit waits this long for a proposal, then says what is missing. */
const proposalWaitMs = 4000
/** And this long for its answer; the key makes a repeat safe. */
const submitMs = 15_000
/** This machine's copy must not hold up a ticket. */
const keepMs = 1000

function freshEntry(card: Card): Entry {
  return {
    card, form: emptyForm(), base: emptyForm(), revision: 0, key: newId(), tickets: [], registered: false,
    typedAt: 0, savedAt: null, save: 'clean', restoredAt: null, merged: false, conflict: null,
    proposal: null, proposing: false, proposalFailed: false, faults: [], submitting: false, refused: null, refusedWhy: '',
  }
}

const copy = (f: Form): Form => JSON.parse(JSON.stringify(f)) as Form
const within = <T>(work: Promise<T>, ms: number): Promise<T | void> => Promise.race([work, new Promise<void>((done) => setTimeout(done, ms))])
const same = (a: Form, b: Form): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The forms of this shift: typed text goes to IndexedDB, then to the server; nothing is lost. */
export const useForms = defineStore('forms', () => {
  const entries = reactive(new Map<string, Entry>())
  const selected = ref<string | null>(null)
  const current = computed(() => (selected.value ? (entries.get(selected.value) ?? null) : null))
  const timers = new Map<string, { local?: Timer; server?: Timer; propose?: Timer }>()
  const proposals = new Map<string, Promise<void>>()
  const submits = new Map<string, Promise<boolean>>()
  /** By ticket number: news of a delivery may be here before the ticket itself. */
  const deliveries = new Map<string, string>()
  let store: DraftStore<Kept> | null = null
  let loaded: Promise<void> = Promise.resolve()

  /** Opens the drafts that this account left on this machine. */
  function start(account: string): Promise<void> {
    return (loaded = load(account))
  }

  async function load(account: string): Promise<void> {
    store = new DraftStore<Kept>(account)
    const kept = await store.all().catch(() => [])
    for (const k of kept) {
      // The contact may have been opened first: then what was typed before the reload still counts.
      const known = entries.get(k.contact)
      if (known && (known.typedAt > 0 || known.revision > 0)) continue
      adopt(k.contact, known ? { ...k.record, card: known.card } : k.record, k.at)
    }
  }

  function adopt(contact: string, k: Kept, at: number): void {
    const entry = reactive(freshEntry(k.card))
    Object.assign(entry, { form: k.form, base: k.base, revision: k.revision, key: k.key, tickets: k.tickets, registered: k.registered, typedAt: at })
    entry.save = k.synced ? 'clean' : 'local'
    if (!isBlank(k.form) && !k.registered) entry.restoredAt = at
    entries.set(contact, entry)
    watchForm(entry)
  }

  /** A contact reached this desk: its form is opened and, unless told otherwise, shown; its drafts are found. */
  async function open(card: Card, show = true): Promise<void> {
    const known = entries.get(card.contact)
    if (known) {
      known.card = card
    } else {
      const entry = reactive(freshEntry(card))
      entries.set(card.contact, entry)
      watchForm(entry)
    }
    if (show) selected.value = card.contact
    await fetchDraft(card.contact)
  }

  /** A ring went by: nothing is kept of it unless somebody wrote. */
  function missed(contact: string): void {
    const entry = entries.get(contact)
    if (!entry || !isBlank(entry.form) || entry.tickets.length > 0) return
    entries.delete(contact)
    if (selected.value === contact) selected.value = null
  }

  /**
   * The contact is another agent's now: what the server does not have yet is
   * sent, theirs first, and the form leaves this desk. A registered ticket stays.
   */
  async function handOver(contact: string): Promise<void> {
    await loaded
    const entry = entries.get(contact)
    if (!entry) return
    stopTimers(contact)
    await push(entry)
    if (entry.conflict) {
      resolve(entry, new Set())
      stopTimers(contact)
      await push(entry)
    }
    stopTimers(contact)
    if (entry.tickets.length > 0) return
    entries.delete(contact)
    if (selected.value === contact) selected.value = null
    await store?.drop(contact).catch(() => undefined)
  }

  function stopTimers(contact: string): void {
    for (const id of Object.values(timers.get(contact) ?? {})) clearTimeout(id)
    timers.delete(contact)
  }

  async function fetchDraft(contact: string): Promise<void> {
    const r = await outcome(api.GET('/contacts/{id}/draft', { params: { path: { id: contact } } }))
    const entry = entries.get(contact)
    if (!entry || entry.registered || !r.ok || r.data.revision <= entry.revision) return
    if (same(entry.form, entry.base)) takeTheirs(entry, r.data)
    else clash(entry, r.data)
  }

  function takeTheirs(entry: Entry, d: Schemas['Draft']): void {
    const theirs = fromFields(d.fields)
    entry.base = copy(theirs)
    entry.form = theirs
    entry.revision = d.revision
    entry.savedAt = Date.parse(d.saved_at)
    entry.restoredAt = entry.savedAt
    entry.save = 'clean'
  }

  function clash(entry: Entry, d: Schemas['Draft']): void {
    const theirs = fromFields(d.fields)
    const { merged, clashes } = merge(entry.base, entry.form, theirs)
    if (clashes.length > 0) {
      entry.conflict = { theirs, revision: d.revision, savedAt: d.saved_at, agent: d.agent, clashes, merged }
      return
    }
    settle(entry, theirs, d.revision, merged)
  }

  function settle(entry: Entry, theirs: Form, revision: number, merged: Form): void {
    entry.base = copy(theirs)
    entry.revision = revision
    entry.form = merged
    entry.conflict = null
    entry.merged = true
    schedule(entry)
  }

  /** Ends a conflict; `mine` holds the paths to keep from this side. */
  function resolve(entry: Entry, mine: ReadonlySet<string>): void {
    const c = entry.conflict
    if (!c) return
    const theirs = new Map(c.clashes.filter((x) => !mine.has(x.path)).map((x) => [x.path, x.theirs]))
    settle(entry, c.theirs, c.revision, withLeaves(c.merged, theirs))
  }

  function watchForm(entry: Entry): void {
    watch(() => entry.form, () => {
      if (same(entry.form, entry.base)) return
      entry.typedAt = Date.now()
      if (entry.faults.length > 0) recheck(entry)
      schedule(entry)
    }, { deep: true })
    watch(() => proposalInput(entry.form), () => later(entry, 'propose', proposeMs, () => proposeNow(entry)))
  }

  /** A field that was wrong and is right now leaves the summary; none is added while typing. */
  function recheck(entry: Entry): void {
    const now = new Map(validate(entry.form, entry.proposal).map((f) => [f.field, f]))
    entry.faults = entry.faults.filter((f) => (f.message ? true : now.has(f.field)))
    if (entry.faults.length === 0 && entry.refused === 'faults') entry.refused = 'complete'
  }

  function schedule(entry: Entry): void {
    if (entry.save !== 'saving') entry.save = 'waiting'
    later(entry, 'local', localMs, () => keep(entry))
    later(entry, 'server', serverMs, () => push(entry))
  }

  /** Runs once, `ms` after the first call; further calls meanwhile do not push it back. */
  function later(entry: Entry, what: 'local' | 'server' | 'propose', ms: number, run: () => Promise<void>): void {
    const t = timers.get(entry.card.contact) ?? {}
    timers.set(entry.card.contact, t)
    t[what] ??= setTimeout(() => {
      delete t[what]
      void run()
    }, ms)
  }

  async function keep(entry: Entry): Promise<void> {
    const { card, form, base, revision, key, tickets, registered } = JSON.parse(JSON.stringify(entry)) as Entry
    const synced = same(entry.form, entry.base)
    await store?.put(card.contact, entry.typedAt || Date.now(), { card, form, base, revision, key, tickets, registered, synced }).catch(() => undefined)
  }

  async function push(entry: Entry): Promise<void> {
    if (entry.save === 'saving' || entry.conflict || entry.registered || same(entry.form, entry.base)) return
    entry.save = 'saving'
    const sent = copy(entry.form)
    const r = await outcome(api.PUT('/contacts/{id}/draft', {
      params: { path: { id: entry.card.contact } }, body: { revision: entry.revision, fields: toFields(sent) },
    }))
    pushed(entry, sent, r)
    await keep(entry)
  }

  function pushed(entry: Entry, sent: Form, r: Outcome<Schemas['Saved']>): void {
    if (entry.registered) return
    if (r.ok) {
      Object.assign(entry, { base: sent, revision: r.data.revision, savedAt: Date.parse(r.data.saved_at), merged: false })
      entry.save = same(entry.form, sent) ? 'clean' : 'waiting'
      if (entry.save === 'waiting') schedule(entry)
      return
    }
    entry.save = 'local'
    if (r.status === 409) return clash(entry, (r.raw as Schemas['DraftConflict']).current)
    if (r.status === 0 || r.status >= 500) later(entry, 'server', serverMs, () => push(entry))
  }

  /** Asks for a proposal at once. */
  function proposeNow(entry: Entry): Promise<void> {
    const running = propose(entry).finally(() => {
      if (proposals.get(entry.card.contact) === running) proposals.delete(entry.card.contact)
    })
    proposals.set(entry.card.contact, running)
    return running
  }

  async function propose(entry: Entry): Promise<void> {
    const f = entry.form
    if (f.disposition !== 'dispatched' || (f.item_code === '' && f.place.division_code === '')) {
      entry.proposal = null
      return
    }
    entry.proposing = true
    const asked = proposalInput(f)
    const r = await outcome(api.POST('/contacts/{id}/proposal', {
      params: { path: { id: entry.card.contact } }, body: { fields: toFields(f) },
    }))
    entry.proposing = false
    if (entry.registered) return
    if (asked !== proposalInput(entry.form)) return propose(entry)
    entry.proposalFailed = !r.ok
    if (r.ok) follow(entry, r.data)
  }

  /** Unit and deadline may be about to follow a proposal: waits for it, within reason. */
  async function proposalSettled(entry: Entry): Promise<void> {
    await nextTick()
    const t = timers.get(entry.card.contact)
    if (t?.propose !== undefined) {
      clearTimeout(t.propose)
      delete t.propose
      void proposeNow(entry)
    } else if (entry.proposalFailed && !proposals.has(entry.card.contact)) void proposeNow(entry)
    await within(proposals.get(entry.card.contact) ?? Promise.resolve(), proposalWaitMs)
  }

  /** Fields that nobody has touched follow the proposal; a person's choice stays. */
  function follow(entry: Entry, next: Proposal): void {
    const before = entry.proposal
    const f = entry.form
    if (f.lead_unit === '' || f.lead_unit === before?.unit.code) f.lead_unit = next.unit.code
    if (f.deadline_class === '' || f.deadline_class === before?.deadline_class) f.deadline_class = next.deadline_class
    entry.proposal = next
  }

  /** Saves now: to this machine and to the server. */
  async function saveNow(entry: Entry): Promise<void> {
    await keep(entry)
    await push(entry)
  }

  /** Registers the ticket; true when there is one, else `refused` says why. Pressed again meanwhile it is the same submit. */
  function submit(entry: Entry): Promise<boolean> {
    const contact = entry.card.contact
    const running = submits.get(contact) ?? register(entry).finally(() => submits.delete(contact))
    submits.set(contact, running)
    return running
  }

  async function register(entry: Entry): Promise<boolean> {
    if (entry.registered) return true
    Object.assign(entry, { submitting: true, refused: null, refusedWhy: '', faults: [] })
    try {
      await proposalSettled(entry)
      entry.refused = unfit(entry)
      return entry.refused === null && (await send(entry))
    } finally {
      entry.submitting = false
    }
  }

  /** Why a form cannot be sent as it is. */
  function unfit(entry: Entry): Refused | null {
    if (entry.conflict) return 'conflict'
    entry.faults = validate(entry.form, entry.proposal)
    return entry.faults.length > 0 ? 'faults' : null
  }

  async function send(entry: Entry): Promise<boolean> {
    await within(keep(entry), keepMs)
    const sent = copy(entry.form)
    const end = new AbortController()
    const bell = setTimeout(() => end.abort(), submitMs)
    const r = await outcome(api.POST('/contacts/{id}/ticket', {
      params: { path: { id: entry.card.contact }, header: { 'Idempotency-Key': entry.key } }, body: { fields: toFields(sent) }, signal: end.signal,
    }))
    clearTimeout(bell)
    if (!r.ok) {
      refuse(entry, r.status, r.error)
      return false
    }
    registered(entry, sent, r.data)
    await within(keep(entry), keepMs)
    return true
  }

  function refuse(entry: Entry, status: number, error: Schemas['ErrorBody']): void {
    if (error.fields?.length) {
      entry.faults = faultsOf(error.fields)
      entry.refused = 'faults'
      return
    }
    entry.refused = status === 0 ? 'lost' : status === 401 ? 'signed_out' : 'server'
    if (entry.refused === 'server') entry.refusedWhy = error.message || error.code
  }

  function registered(entry: Entry, sent: Form, t: Schemas['Ticket']): void {
    const answered = t.delivery?.state ?? (sent.disposition === 'answered' ? 'none' : 'pending')
    const delivery = laterDelivery(answered, deliveries.get(t.ticket_no))
    if (!entry.tickets.some((x) => x.number === t.ticket_no)) entry.tickets.push({ number: t.ticket_no, title: t.title, delivery })
    Object.assign(entry, { form: sent, base: copy(sent), save: 'clean', registered: true, conflict: null })
  }

  /** A second matter of the same citizen: who and where stay. */
  function another(entry: Entry): void {
    const { requester, place, language } = entry.form
    entry.form = { ...emptyForm(), requester, place, language }
    entry.key = newId()
    entry.registered = false
    Object.assign(entry, { proposal: null, proposalFailed: false, faults: [], refused: null, restoredAt: null })
  }

  /** News of a delivery, whether or not the ticket is known here yet. */
  function delivered(contact: string, number: string, delivery: string): void {
    const now = laterDelivery(deliveries.get(number) ?? delivery, delivery)
    deliveries.set(number, now)
    const entry = entries.get(contact)
    const note = entry?.tickets.find((x) => x.number === number)
    if (!entry || !note) return
    note.delivery = laterDelivery(note.delivery, now)
    void keep(entry)
  }

  /** Asks for the deliveries that are under way: after a gap their news may be lost. */
  async function refresh(): Promise<void> {
    const open = [...entries.values()].flatMap((e) => e.tickets.filter((x) => !settled(x.delivery)).map((x) => ({ contact: e.card.contact, number: x.number })))
    await Promise.all(open.map(async ({ contact, number }) => {
      const r = await outcome(api.GET('/tickets/{number}', { params: { path: { number } } }))
      if (r.ok && r.data.delivery?.state) delivered(contact, number, r.data.delivery.state)
    }))
  }

  /** Forms with text that the server does not have. */
  const unsynced = computed(() => [...entries.values()].filter((e) => !same(e.form, e.base)))

  /** Pushes what is left, then forgets everything here. */
  async function wipe(): Promise<void> {
    await store?.wipe().catch(() => undefined)
    for (const t of timers.values()) for (const id of Object.values(t)) clearTimeout(id)
    timers.clear()
    deliveries.clear()
    entries.clear()
    selected.value = null
    store = null
  }

  async function pushAll(): Promise<void> {
    await Promise.all([...entries.values()].map((e) => push(e)))
  }

  /** The page is going to be hidden: what was typed must be down. */
  function keepAll(): void {
    for (const e of entries.values()) if (!same(e.form, e.base)) void keep(e)
  }

  return { entries, selected, current, unsynced, start, open, missed, handOver, resolve, saveNow, submit, another, delivered, refresh, wipe, pushAll, keepAll }
})

/** What the proposal depends on. */
function proposalInput(f: Form): string {
  return JSON.stringify([f.item_code, f.place.division_code, f.place.none, f.category, f.urgency, f.complex, f.disposition])
}

/** The inbox card of a call. */
export function cardOf(c: Call): Card {
  return { contact: c.contact, line: c.line, channel: c.channel, source: c.source, caller: c.caller, accepted: c.accepted, waitedMs: c.waited_ms }
}

export function cardOfConversation(c: Conversation): Card {
  return { contact: c.contact, line: c.line, channel: c.channel, source: '', caller: c.citizen, accepted: c.accepted, waitedMs: c.waited_ms }
}
