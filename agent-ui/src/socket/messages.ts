import type { components } from '../api/schema'

/** The words of the socket; types come from the one OpenAPI document. */
type Schemas = components['schemas']

export type Agent = Schemas['Agent']
export type Board = Schemas['Board']
export type BoardAgent = Schemas['BoardAgent']
export type BoardAgents = Schemas['BoardAgents']
export type AgentState = Schemas['AgentState']
export type BreakReason = Schemas['BreakReason']
export type Call = Schemas['Call']
export type CallOffered = Schemas['CallOffered']
export type CallQuality = Schemas['CallQuality']
export type CallStopped = Schemas['CallStopped']
export type CallTaken = Schemas['CallTaken']
export type Conversation = Schemas['Conversation']
export type ConversationOffered = Schemas['ConversationOffered']
export type ErrorBody = Schemas['ErrorBody']
export type LegAnswer = Schemas['LegAnswer']
export type LegChanged = Schemas['LegChanged']
export type LegTone = Schemas['LegTone']
export type Line = Schemas['Line']
export type Message = Schemas['Message']
export type MessageSaid = Schemas['MessageSaid']
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
  | { type: 'conversation.offered'; data: ConversationOffered }
  | { type: 'conversation.changed'; data: Conversation }
  | { type: 'conversation.stopped'; data: CallStopped }
  | { type: 'conversation.taken'; data: CallTaken }
  | { type: 'conversation.ended'; data: { contact: string } }
  | { type: 'message'; data: MessageSaid }
  | { type: 'ticket.changed'; data: TicketChanged }
  | { type: 'phone.lost'; data: { to: string } }
  | { type: 'leg.changed'; data: LegChanged }

/** What the server tells this socket only. */
export type DeskNotice =
  | { type: 'leg.answer'; data: LegAnswer }
  | { type: 'leg.tone'; data: LegTone }
  | { type: 'call.quality'; data: CallQuality }
  | { type: 'typing'; data: { contact: string; on: boolean } }
  | { type: 'board'; data: Board }
  | { type: 'board.agents'; data: BoardAgents }
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
  'conversation.accept': { contact: string; token: number }
  'conversation.decline': { contact: string; token: number }
  'conversation.park': { contact: string }
  'conversation.resume': { contact: string }
  'conversation.close': { contact: string }
  'message.send': { contact: string; cmid: string; text: string }
  typing: { contact: string; on: boolean }
  'board.watch': { on: boolean }
}

const eventTypes: ReadonlySet<string> = new Set<DeskEvent['type']>([
  'agent.changed', 'call.offered', 'call.changed', 'call.stopped',
  'call.taken', 'call.ended', 'ticket.changed', 'phone.lost', 'leg.changed',
  'conversation.offered', 'conversation.changed', 'conversation.stopped', 'conversation.taken', 'conversation.ended', 'message',
])

const noticeTypes: ReadonlySet<string> = new Set<DeskNotice['type']>([
  'leg.answer', 'leg.tone', 'call.quality', 'typing', 'board', 'board.agents', 'drain', 'kicked',
])

/** Tells whether a frame without a number is one we know. */
export function isKnownNotice(e: { type: string }): e is DeskNotice {
  return noticeTypes.has(e.type)
}

/** Tells whether a frame is an event we know; unknown ones are to be ignored. */
export function isKnownEvent(e: { type: string }): e is DeskEvent {
  return eventTypes.has(e.type)
}
