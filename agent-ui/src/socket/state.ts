import type { Agent, Call, CallOffered, CallStopped, CallTaken, Conversation, DeskEvent, Snapshot, Welcome } from './messages'

/** What the server told this desk; a pure function of snapshot and events. */
export interface DeskState {
  agent: Agent
  call: Call | null
  /** In the order in which they came to the seat, ringing ones included. */
  conversations: Conversation[]
  /** Why the last ring ended without an answer, until the next ring. */
  stopped: CallStopped | null
  /** The call that was given to another agent because this one was not heard, until the next ring. */
  taken: CallTaken | null
  /** Audio as the server sees it; `none` before the first offer. */
  leg: 'none' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'proven'
  /** This desk holds the agent's phone. */
  phone: boolean
  /** Where the phone went, or where it was found at the opening. */
  phoneElsewhere: { at: string; since: string | null } | null
}

/** The state before the first welcome. */
export function initialState(): DeskState {
  return {
    agent: { state: 'offline', reason: '', since: new Date(0).toISOString(), pending: null, leg: 'none' },
    call: null,
    conversations: [],
    stopped: null,
    taken: null,
    leg: 'none',
    phone: false,
    phoneElsewhere: null,
  }
}

/** Takes a welcome: who has the phone and, unless resumed, the whole state. */
export function welcomed(s: DeskState, w: Welcome): DeskState {
  const next = w.snapshot ? restored(s, w.snapshot) : s
  const elsewhere = w.other ? { at: w.other.from, since: w.other.since } : null
  return { ...next, phone: w.phone, phoneElsewhere: w.phone ? null : elsewhere }
}

function restored(s: DeskState, snapshot: Snapshot): DeskState {
  return { ...s, agent: snapshot.agent, call: snapshot.call, conversations: snapshot.conversations ?? [], leg: snapshot.agent.leg, stopped: null, taken: snapshot.taken }
}

/** One event on the state; an event that does not fit changes nothing. */
export function reduce(s: DeskState, e: DeskEvent): DeskState {
  switch (e.type) {
    case 'agent.changed': return { ...s, agent: e.data, leg: legOf(s, e.data) }
    case 'call.offered': return offered(s, e.data)
    case 'call.changed': return older(s.call, e.data) ? s : { ...s, call: e.data, stopped: null }
    case 'call.stopped': return stopped(s, e.data)
    case 'call.taken': return s.call?.contact === e.data.contact && s.call.token > e.data.token ? s : { ...s, call: null, taken: e.data }
    case 'call.ended': return s.call?.contact === e.data.contact ? { ...s, call: null } : s
    case 'conversation.offered': return placed(s, { ...e.data, state: 'ringing', since: e.data.accepted, extended: 0, cause: '', last_seq: 0, turn: 'agent', reply_due_at: null, reply_overdue: false, closes_at: null })
    case 'conversation.changed': return placed(s, e.data)
    case 'conversation.stopped': return removed(s, e.data.contact, (c) => c.state === 'ringing' && c.token <= e.data.token)
    case 'conversation.taken': return removed(s, e.data.contact, (c) => c.token <= e.data.token)
    case 'conversation.ended': return removed(s, e.data.contact, () => true)
    case 'message': return s // the threads keep it
    case 'ticket.changed': return s // the forms keep it, by ticket
    case 'phone.lost': return { ...s, phone: false, leg: 'none', phoneElsewhere: { at: e.data.to, since: null } }
    case 'leg.changed': return e.data.node ? s : { ...s, leg: e.data.state } // of another node: the phone's
  }
}

/** `disconnected` and `failed` are finer than what the agent's record says. */
function legOf(s: DeskState, agent: Agent): DeskState['leg'] {
  const finer = s.leg === 'disconnected' || s.leg === 'failed'
  return finer && agent.leg === 'none' ? s.leg : agent.leg
}

/** A token only rises; the same contact with a lower one is news of yesterday. */
function older(call: Call | null, next: { contact: string; token: number }): boolean {
  return call !== null && call.contact === next.contact && next.token < call.token
}

function offered(s: DeskState, o: CallOffered): DeskState {
  if (older(s.call, o)) return s
  if (s.call && s.call.state !== 'ringing') return s
  const call: Call = { ...o, state: 'ringing', muted: false, since: o.accepted, talk_since: null, extended: 0, cause: '', apart_until: null }
  return { ...s, call, stopped: null, taken: null }
}

function stopped(s: DeskState, e: CallStopped): DeskState {
  if (s.call?.contact !== e.contact || s.call.state !== 'ringing' || e.token < s.call.token) return s
  return { ...s, call: null, stopped: e }
}

/** A conversation stays where it stands in the list; a new one comes last, one with a lower token is old news. */
function placed(s: DeskState, c: Conversation): DeskState {
  const at = s.conversations.findIndex((k) => k.contact === c.contact)
  if (at < 0) return { ...s, conversations: [...s.conversations, c] }
  if (s.conversations[at]!.token > c.token) return s
  return { ...s, conversations: s.conversations.map((k, i) => (i === at ? c : k)) }
}

function removed(s: DeskState, contact: string, fits: (c: Conversation) => boolean): DeskState {
  const rest = s.conversations.filter((c) => c.contact !== contact || !fits(c))
  return rest.length === s.conversations.length ? s : { ...s, conversations: rest }
}
