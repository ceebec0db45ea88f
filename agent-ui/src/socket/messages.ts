import type { components } from '../api/schema'

/** The words of the socket; types come from the one OpenAPI document. */
type Schemas = components['schemas']

export type Agent = Schemas['Agent']
export type AgentState = Schemas['AgentState']
export type BreakReason = Schemas['BreakReason']
export type Call = Schemas['Call']
export type CallOffered = Schemas['CallOffered']
export type CallQuality = Schemas['CallQuality']
export type CallStopped = Schemas['CallStopped']
export type CallTaken = Schemas['CallTaken']
export type ErrorBody = Schemas['ErrorBody']
export type LegAnswer = Schemas['LegAnswer']
export type LegChanged = Schemas['LegChanged']
export type LegTone = Schemas['LegTone']
export type Line = Schemas['Line']
export type Snapshot = Schemas['Snapshot']
export type TicketChanged = Schemas['TicketChanged']
export type Welcome = Schemas['Welcome']

/** One frame, either way. */
export interface Envelope {
  v: 1
  id?: string
  seq?: number
  type: string
  data?: unknown
}

/** What the server tells every desk of the agent, in order. */
export type DeskEvent =
  | { type: 'agent.changed'; data: Agent }
  | { type: 'call.offered'; data: CallOffered }
  | { type: 'call.changed'; data: Call }
  | { type: 'call.stopped'; data: CallStopped }
  | { type: 'call.taken'; data: CallTaken }
  | { type: 'call.ended'; data: { contact: string } }
  | { type: 'ticket.changed'; data: TicketChanged }
  | { type: 'phone.lost'; data: { to: string } }
  | { type: 'leg.changed'; data: LegChanged }

/** What the server tells this socket only. */
export type DeskNotice =
  | { type: 'leg.answer'; data: LegAnswer }
  | { type: 'leg.tone'; data: LegTone }
  | { type: 'call.quality'; data: CallQuality }
  | { type: 'drain'; data: { reconnect_after_ms: number } }
  | { type: 'kicked'; data: { reason: string } }

/** What the desk orders, and with what. */
export interface Commands {
  'leg.offer': { node: string; gen: number; sdp: string }
  'leg.prove': Record<string, never>
  'leg.heard': { gen: number; level: number; hz: number }
  'agent.state': { state: 'ready' | 'break' | 'none'; reason?: BreakReason }
  'offer.shown': { contact: string; token: number }
  'call.accept': { contact: string; token: number }
  'call.decline': { contact: string; token: number }
  'call.hold': { contact: string }
  'call.resume': { contact: string }
  'call.mute': { contact: string; on: boolean }
  'call.hangup': { contact: string }
  'wrapup.extend': { contact: string }
  'wrapup.finish': { contact: string }
  'phone.take': Record<string, never>
}

const eventTypes: ReadonlySet<string> = new Set<DeskEvent['type']>([
  'agent.changed', 'call.offered', 'call.changed', 'call.stopped',
  'call.taken', 'call.ended', 'ticket.changed', 'phone.lost', 'leg.changed',
])

/** Tells whether a frame is an event we know; unknown ones are to be ignored. */
export function isKnownEvent(e: { type: string }): e is DeskEvent {
  return eventTypes.has(e.type)
}
