// Conversations of the fake node: one thread each, messages by number.
import { id, lines } from './node.mjs'

export class Chats {
  constructor(node) {
    this.node = node
    this.all = new Map()
    this.threads = new Map()
    this.cmids = new Map()
    this.pages = 0
  }

  list() {
    return [...this.all.values()]
  }

  page(contact, after, limit) {
    this.pages++
    if (this.failReading) return [503, { error: { code: 'unavailable', message: '暂时不可用 / not available' } }]
    const rest = (this.threads.get(contact) ?? []).filter((m) => m.seq > after)
    return [200, { messages: rest.slice(0, limit), more: rest.length > limit }]
  }

  /** Rings. */
  offer({ contact = id(), citizen = 'w***k', line = lines.citizen, channel = 'web', topic = '住房', waitedMs = 8200, ringMs = 15_000, texts = ['您好，我想问一下公租房怎么申请？'] } = {}) {
    this.threads.set(contact, [])
    for (const text of texts) this.keep(contact, { from: 'citizen', agent: '', text })
    const o = { contact, token: 1, line, channel, account: 'portal', topic, citizen, accepted: this.node.now(-waitedMs), waited_ms: waitedMs, until: this.node.now(ringMs) }
    this.all.set(contact, {
      ...o, state: 'ringing', since: this.node.now(), extended: 0, cause: '', last_seq: texts.length, turn: 'agent', reply_due_at: null, reply_overdue: false, closes_at: null,
    })
    this.node.emit('conversation.offered', o)
    return contact
  }

  keep(contact, m) {
    const thread = this.threads.get(contact)
    const message = { id: id(), seq: thread.length + 1, at: this.node.now(), ...m }
    thread.push(message)
    return message
  }

  set(contact, part) {
    this.all.set(contact, { ...this.all.get(contact), ...part })
    this.node.emit('conversation.changed', this.all.get(contact))
  }

  open(contact, replyMs = 180_000) {
    this.set(contact, { state: 'open', since: this.node.now(), until: null, reply_due_at: this.node.now(replyMs) })
  }

  /** The citizen or the house writes; `silent` loses the event, as a gap. */
  write(contact, text, { from = 'citizen', silent = false } = {}) {
    const message = this.keep(contact, { from, agent: '', text })
    if (!silent) this.node.emit('message', { contact, cmid: '', message })
    if (!silent && from === 'citizen') this.set(contact, { turn: 'agent', last_seq: message.seq, state: 'open', closes_at: null })
  }

  /** The agent writes; the same name twice is said once. */
  said({ contact, cmid, text }) {
    if (this.cmids.has(cmid)) return
    const message = this.keep(contact, { from: 'agent', agent: this.node.account.account, text })
    this.cmids.set(cmid, message)
    this.node.emit('message', { contact, cmid, message })
    this.set(contact, { turn: 'citizen', last_seq: message.seq, reply_due_at: null, state: 'open', closes_at: this.node.now(600_000) })
  }

  end(contact, cause = 'citizen_ended') {
    this.set(contact, { state: 'wrapup', since: this.node.now(), until: this.node.now(60_000), cause, closes_at: null, reply_due_at: null })
  }

  stop(contact, why) {
    this.all.delete(contact)
    this.node.emit('conversation.stopped', { contact, token: 1, why })
  }

  /** True when the command was about a conversation. */
  obey(type, d) {
    if (!this.all.has(d.contact)) return false
    const known = {
      'conversation.accept': () => this.open(d.contact),
      'conversation.decline': () => this.stop(d.contact, 'rejected'),
      'conversation.park': () => this.set(d.contact, { state: 'parked' }),
      'conversation.resume': () => this.set(d.contact, { state: 'open' }),
      'conversation.close': () => this.end(d.contact, 'agent_ended'),
      'wrapup.extend': () => this.set(d.contact, { extended: this.all.get(d.contact).extended + 1, until: this.node.now(120_000) }),
      'wrapup.finish': () => {
        this.all.delete(d.contact)
        this.node.emit('conversation.ended', { contact: d.contact })
      },
      'message.send': () => undefined,
      typing: () => undefined,
    }[type]
    known?.()
    return known !== undefined
  }
}
