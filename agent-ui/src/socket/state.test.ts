import { describe, expect, it } from 'vitest'
import type { Call, CallOffered, Conversation, ConversationOffered, DeskEvent, Welcome } from './messages'
import { initialState, reduce, welcomed, type DeskState } from './state'

const line = { name: 'citizen', title: '市民热线', title_en: "Citizens' line" }
const id = '01JDN2Z7Q8X4V5T6R7S8P9M0N1'
const offer: CallOffered = {
  contact: id, token: 3, line, channel: 'phone', source: '12345', caller: '+86138****5678',
  accepted: '2026-11-24T08:15:00.000Z', waited_ms: 5200, until: '2026-11-24T08:15:20.000Z',
}
const talking: Call = {
  ...offer, state: 'talking', muted: false, since: '2026-11-24T08:15:10.000Z', talk_since: '2026-11-24T08:15:10.000Z',
  until: null, extended: 0, cause: '', apart_until: null,
}
const welcome: Welcome = {
  epoch: 'e1', seq: 4, node: 'n1', now: '2026-11-24T08:15:00.000Z', resumed: false, phone: true, other: null,
  snapshot: {
    agent: { state: 'ready', reason: '', since: '2026-11-24T08:00:00.000Z', pending: null, leg: 'proven' },
    call: null, taken: null, now: '2026-11-24T08:15:00.000Z',
  },
}

function after(...events: DeskEvent[]): DeskState {
  return events.reduce(reduce, welcomed(initialState(), welcome))
}

describe('welcome', () => {
  it('takes the whole state from a snapshot', () => {
    const s = after()
    expect(s.agent.state).toBe('ready')
    expect(s.leg).toBe('proven')
    expect(s.phone).toBe(true)
  })

  it('keeps the state when resumed', () => {
    const ringing = after({ type: 'call.offered', data: offer })
    const s = welcomed(ringing, { ...welcome, resumed: true, snapshot: null })
    expect(s.call?.state).toBe('ringing')
  })

  it('forgets a ring that the snapshot no longer has', () => {
    expect(welcomed(after({ type: 'call.offered', data: offer }), welcome).call).toBeNull()
  })

  it('tells where the phone is', () => {
    const s = welcomed(initialState(), { ...welcome, phone: false, other: { since: 'T', from: '10.1.2.3' } })
    expect(s.phone).toBe(false)
    expect(s.phoneElsewhere).toEqual({ at: '10.1.2.3', since: 'T' })
  })
})

describe('a call', () => {
  it('rings, talks, wraps up and leaves', () => {
    const s1 = after({ type: 'call.offered', data: offer })
    expect(s1.call).toMatchObject({ state: 'ringing', contact: id, token: 3, until: offer.until })
    const s2 = reduce(s1, { type: 'call.changed', data: talking })
    expect(s2.call?.state).toBe('talking')
    const s3 = reduce(s2, { type: 'call.changed', data: { ...talking, state: 'wrapup', cause: 'citizen_ended' } })
    expect(s3.call).toMatchObject({ state: 'wrapup', cause: 'citizen_ended' })
    expect(reduce(s3, { type: 'call.ended', data: { contact: id } }).call).toBeNull()
  })

  it('stops ringing and says why', () => {
    const s = after({ type: 'call.offered', data: offer }, { type: 'call.stopped', data: { contact: id, token: 3, why: 'citizen_gone' } })
    expect(s.call).toBeNull()
    expect(s.stopped?.why).toBe('citizen_gone')
  })

  it.each<[string, DeskEvent]>([
    ['a stop of an older offer', { type: 'call.stopped', data: { contact: id, token: 2, why: 'revoked' } }],
    ['a stop of another contact', { type: 'call.stopped', data: { contact: 'other', token: 9, why: 'revoked' } }],
    ['the end of another contact', { type: 'call.ended', data: { contact: 'other' } }],
    ['an older offer of the same contact', { type: 'call.offered', data: { ...offer, token: 1 } }],
  ])('is untouched by %s', (_, e) => {
    const s = after({ type: 'call.offered', data: offer })
    expect(reduce(s, e)).toBe(s)
  })

  it('is not pushed away by an offer while talking', () => {
    const s = after({ type: 'call.offered', data: offer }, { type: 'call.changed', data: talking })
    expect(reduce(s, { type: 'call.offered', data: { ...offer, contact: 'next', token: 4 } }).call?.contact).toBe(id)
  })

  it('is not ended by a late stop once answered', () => {
    const s = after({ type: 'call.offered', data: offer }, { type: 'call.changed', data: talking })
    expect(reduce(s, { type: 'call.stopped', data: { contact: id, token: 3, why: 'unanswered' } }).call?.state).toBe('talking')
  })
})

describe('a call that is taken', () => {
  const taken = { contact: id, token: 3 }

  it('leaves the desk, which remembers it until the next ring', () => {
    const s = after({ type: 'call.offered', data: offer }, { type: 'call.changed', data: talking }, { type: 'call.taken', data: taken })
    expect(s).toMatchObject({ call: null, taken })
    expect(reduce(s, { type: 'call.offered', data: { ...offer, token: 4 } })).toMatchObject({ taken: null, call: { token: 4 } })
  })

  it('is news of yesterday once the same citizen is here again', () => {
    const s = after({ type: 'call.offered', data: { ...offer, token: 4 } })
    expect(reduce(s, { type: 'call.taken', data: taken })).toBe(s)
  })
})

describe('phone, leg and tickets', () => {
  it('loses the phone to another desk', () => {
    const s = after({ type: 'phone.lost', data: { to: '10.1.2.4' } })
    expect(s).toMatchObject({ phone: false, leg: 'none', phoneElsewhere: { at: '10.1.2.4' } })
  })

  it('keeps a finer word of the leg than the agent record has', () => {
    const lost = after({ type: 'leg.changed', data: { gen: 2, state: 'disconnected' } })
    const agent = { ...lost.agent, leg: 'none' as const }
    expect(reduce(lost, { type: 'agent.changed', data: agent }).leg).toBe('disconnected')
    expect(reduce(lost, { type: 'agent.changed', data: { ...agent, leg: 'proven' } }).leg).toBe('proven')
  })
})

describe('conversations', () => {
  const offered: ConversationOffered = {
    contact: id, token: 3, line, channel: 'web', account: 'portal', topic: 'housing', citizen: 'w***k',
    accepted: '2026-11-24T08:15:00.000Z', waited_ms: 5200, until: '2026-11-24T08:15:15.000Z',
  }
  const open: Conversation = {
    ...offered, state: 'open', since: '2026-11-24T08:15:10.000Z', until: null, extended: 0, cause: '', last_seq: 1, turn: 'agent',
    reply_due_at: '2026-11-24T08:18:10.000Z', reply_overdue: false, closes_at: null,
  }
  const other = { ...open, contact: id.replace('N1', 'N2') }
  const shown = (s: DeskState): string[] => s.conversations.map((c) => `${c.contact.slice(-2)} ${c.state}`)

  it('come with the snapshot, in their order', () => {
    const s = welcomed(initialState(), { ...welcome, snapshot: { ...welcome.snapshot!, conversations: [other, open] } })
    expect(shown(s)).toEqual(['N2 open', 'N1 open'])
  })

  it('ring, open and stay where they stand, beside a call', () => {
    const s = after(
      { type: 'call.changed', data: { ...talking, contact: other.contact.replace('N2', 'N3') } },
      { type: 'conversation.offered', data: offered }, { type: 'conversation.changed', data: other }, { type: 'conversation.changed', data: open },
    )
    expect(shown(s)).toEqual(['N1 open', 'N2 open'])
    expect(s.call?.state).toBe('talking')
  })

  it.each<[string, DeskEvent[], string[]]>([
    ['a ring that stops', [{ type: 'conversation.offered', data: offered }, { type: 'conversation.stopped', data: { contact: id, token: 3, why: 'citizen_gone' } }], []],
    ['an old stop', [{ type: 'conversation.offered', data: offered }, { type: 'conversation.stopped', data: { contact: id, token: 2, why: 'revoked' } }], ['N1 ringing']],
    ['a stop after the answer', [{ type: 'conversation.changed', data: open }, { type: 'conversation.stopped', data: { contact: id, token: 3, why: 'revoked' } }], ['N1 open']],
    ['old news', [{ type: 'conversation.changed', data: open }, { type: 'conversation.changed', data: { ...open, token: 2, state: 'parked' } }], ['N1 open']],
    ['one that is taken', [{ type: 'conversation.changed', data: open }, { type: 'conversation.taken', data: { contact: id, token: 3 } }], []],
    ['one that ends', [{ type: 'conversation.changed', data: { ...open, state: 'wrapup' } }, { type: 'conversation.ended', data: { contact: id } }], []],
    ['the end of a stranger', [{ type: 'conversation.changed', data: open }, { type: 'conversation.ended', data: { contact: other.contact } }], ['N1 open']],
  ])('%s', (_, events, want) => expect(shown(after(...events))).toEqual(want))
})
