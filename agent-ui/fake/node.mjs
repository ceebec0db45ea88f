// A node for work on the page and for its tests: speaks the desk's protocol,
// decides nothing, does what it is told. Not part of any build.
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { board, decisions } from './board.mjs'
import { Chats } from './chats.mjs'
import { directory } from './directory.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const kinds = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'"
const account = { account: '1024', name: '李岚', role: 'agent', skills: ['citizen', 'enterprise'] }
export const lines = {
  citizen: { name: 'citizen', title: '市民热线', title_en: "Citizens' line" },
  enterprise: { name: 'enterprise', title: '企业专线', title_en: 'Enterprise line' },
}
let minted = 0
export const id = () => `01KDN${String(++minted).padStart(8, '0')}X4V5T6R7S8P9M`.slice(0, 26)

export class FakeNode {
  constructor({ port = 0, dist = join(here, '../dist'), skewMs = 0, role = account.role, seats } = {}) {
    Object.assign(this, { port, dist, skewMs, account: { ...account, role } })
    this.directory = directory()
    this.sockets = new Set()
    this.gateway = null
    this.drafts = new Map()
    this.tickets = new Map()
    this.commands = []
    this.refuse = new Map()
    this.heard = null
    this.delays = { ticket: 0, proposal: 0, draft: 0 }
    this.autoProve = true
    this.signedIn = false
    this.epoch = `e${Date.now()}`
    this.seq = 0
    this.memory = []
    this.call = null
    this.chats = new Chats(this)
    this.board = board(seats)
    this.agent = { state: 'not_ready', reason: 'signed_in', since: this.now(), pending: null, leg: 'none' }
    this.history = { count_30d: 0, contacts: [], tickets: [] }
  }

  now(ms = 0) {
    return new Date(Date.now() + this.skewMs + ms).toISOString()
  }

  async start() {
    this.http = createServer((q, r) => void this.serve(q, r))
    this.wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 })
    this.http.on('upgrade', (q, socket, head) =>
      this.wss.handleUpgrade(q, socket, head, (ws) => {
        if (q.url === '/fake/gateway-socket') this.attachGateway(ws)
        else if (this.cut) ws.terminate() // as if nobody could be reached
        else this.attach(ws)
      }),
    )
    await new Promise((done) => this.http.listen(this.port, '127.0.0.1', done))
    this.url = `http://localhost:${this.http.address().port}`
    return this
  }

  async stop() {
    for (const c of this.wss.clients) c.terminate()
    this.http.closeAllConnections()
    await new Promise((done) => this.http.close(done))
  }

  // --- REST

  async serve(q, r) {
    const path = new URL(q.url, 'http://x').pathname
    if (path.startsWith('/api/v1/')) return this.rest(q, r, path.slice(8))
    if (path.startsWith('/fake/')) return this.file(r, join(here, path.slice(6)), false)
    const file = join(this.dist, normalize(extname(path) === '' ? '/index.html' : path))
    this.file(r, file, true)
  }

  file(r, file, guarded) {
    if (!existsSync(file)) return void r.writeHead(404).end()
    const headers = { 'content-type': kinds[extname(file)] ?? 'application/octet-stream' }
    if (guarded) Object.assign(headers, { 'content-security-policy': policy, 'permissions-policy': 'microphone=(self), speaker-selection=(self)' })
    r.writeHead(200, headers)
    createReadStream(file).pipe(r)
  }

  async rest(q, r, path) {
    let text = ''
    for await (const chunk of q) text += chunk
    const body = text ? JSON.parse(text) : {}
    const send = (status, data) => r.writeHead(status, { 'content-type': 'application/json' }).end(data === undefined ? '' : JSON.stringify(data))
    const fail = (status, code, more = {}) => send(status, { error: { code, message: `${code} / ${code}`, ...more } })
    const search = new URL(q.url, 'http://x').searchParams
    const what = `${q.method} ${path.replace(/contacts\/[^/]+/, 'contacts/:id')}`
    const contact = path.split('/')[1]
    if (this.down) return void r.destroy()
    if (what === 'POST session') {
      if (body.password !== 'demo') return fail(401, 'unauthenticated')
      this.signedIn = true
      return send(200, this.account)
    }
    if (!this.signedIn) return fail(401, 'unauthenticated')
    switch (what) {
      case 'GET session': return send(200, this.account)
      case 'DELETE session': {
        this.signedIn = false
        return send(204)
      }
      case 'GET directory': return send(200, this.directory)
      case 'GET contacts/:id/messages': return send(...this.chats.page(contact, Number(search.get('after')), Number(search.get('limit'))))
      case 'GET contacts/:id/decisions': return send(200, { contact, decisions: decisions(this) })
      case 'POST contacts/:id/assign': {
        this.assigned = { contact, agent: body.agent }
        return this.refuseAssign ? fail(409, this.refuseAssign.code, this.refuseAssign) : send(200, body)
      }
      case 'GET contacts': return send(200, { contacts: this.recent ?? [] })
      case 'GET contacts/:id/history': return send(200, this.history)
      case 'POST contacts/:id/reveal': return send(200, { phone: '+8613800005678' })
      case 'GET contacts/:id/draft': return this.drafts.has(contact) ? send(200, this.drafts.get(contact)) : fail(404, 'not_found')
      case 'PUT contacts/:id/draft': return setTimeout(() => this.putDraft(contact, body, send), this.delays.draft)
      case 'POST contacts/:id/proposal': return setTimeout(() => send(200, this.propose(body.fields)), this.delays.proposal)
      case 'POST contacts/:id/ticket': return setTimeout(() => this.register(q, contact, body.fields, send, fail), this.delays.ticket)
      default: return fail(404, 'not_found')
    }
  }

  putDraft(contact, body, send) {
    const current = this.drafts.get(contact)
    if ((current?.revision ?? 0) !== body.revision) return send(409, { error: { code: 'conflict', message: '草稿已更新 / newer draft' }, current })
    const draft = { contact, revision: body.revision + 1, saved_at: this.now(), agent: account.account, fields: body.fields }
    this.drafts.set(contact, draft)
    send(200, { revision: draft.revision, saved_at: draft.saved_at })
  }

  propose(f) {
    const item = this.directory.items.find((i) => i.code === f.item_code)
    const place = f.place?.division_code ?? ''
    const street = this.directory.units.find((u) => u.division_code !== '' && u.division_code.slice(0, 9) === place.slice(0, 9))
    const bureau = this.directory.units.find((u) => u.code === 'B01')
    const name = (u) => (u ? { code: u.code, name: u.name } : { code: '', name: '' })
    const unit = item && street ? street : undefined
    return {
      unit: name(unit), alternatives: unit ? [name(bureau), name(this.directory.units.find((u) => u.code === 'B02'))] : [],
      deadline_class: item?.deadline_class ?? '', due_at: item ? this.now(20 * 3600e3) : null, ack_due_at: item ? this.now(2 * 3600e3) : null,
      rule: unit ? 'place:subdistrict' : '', why: unit ? `“${item.path[2]}”由属地街道承办,地址在${street.name.replace('办事处', '')}。` : '',
    }
  }

  register(q, contact, fields, send, fail) {
    const key = q.headers['idempotency-key']
    if (this.tickets.has(key)) return send(200, this.tickets.get(key))
    if (this.refuseTicket) return fail(422, 'invalid_field', { fields: this.refuseTicket })
    const ticket = {
      schema: 'citizen-ticket/1', ticket_no: `20261124-${String(this.tickets.size + 4711).padStart(7, '0')}-8`, created_at: this.now(), title: fields.title, state: 'accepted',
      delivery: { state: 'pending' },
    }
    this.tickets.set(key, ticket)
    const delivered = () => this.emit('ticket.changed', { contact, number: ticket.ticket_no, delivery: 'delivered' })
    // A quick unit is faster than the answer of its own registration.
    if (this.quickUnit) delivered()
    setTimeout(() => send(201, ticket), this.quickUnit ? 150 : 0)
    if (!this.quickUnit) setTimeout(delivered, 400)
  }

  // --- socket

  attach(ws) {
    ws.once('message', (text) => this.hello(ws, JSON.parse(text).data))
  }

  hello(ws, h) {
    const other = [...this.sockets].find((s) => s.phone && s.tab !== h.tab)
    ws.tab = h.tab
    ws.phone = h.phone === 'take' || (h.phone === 'ask' && !other && !this.elsewhere)
    this.lastHello = h
    this.sockets.add(ws)
    ws.on('close', () => this.sockets.delete(ws))
    ws.on('message', (text) => this.command(ws, JSON.parse(text)))
    const resumed = h.epoch === this.epoch
    const others = this.elsewhere ?? (other ? { since: this.now(-600e3), from: '10.1.2.3' } : null)
    this.say(ws, 'welcome', {
      epoch: this.epoch, seq: this.seq, node: 'fake', now: this.now(), resumed, phone: ws.phone, other: ws.phone ? null : others,
      snapshot: resumed ? null : { agent: this.agent, call: this.call, conversations: this.chats.list(), taken: this.taken ?? null, now: this.now() },
    })
    if (resumed) for (const e of this.memory.filter((m) => m.seq > h.last_seq)) ws.send(JSON.stringify(e))
  }

  say(ws, type, data, more = {}) {
    ws.send(JSON.stringify({ v: 1, type, data, ...more }))
  }

  emit(type, data) {
    const e = { v: 1, seq: ++this.seq, type, data }
    this.memory.push(e)
    for (const s of this.sockets) s.send(JSON.stringify(e))
  }

  setAgent(part) {
    this.agent = { ...this.agent, since: 'state' in part && part.state !== this.agent.state ? this.now() : this.agent.since, ...part }
    this.emit('agent.changed', this.agent)
  }

  setCall(part) {
    this.call = { ...this.call, ...part }
    this.emit('call.changed', this.call)
  }

  /** Rings. */
  offer({ line = lines.citizen, caller = '+86138****5678', ringMs = 20_000, waitedMs = 5200, contact = id(), source = '12345' } = {}) {
    const token = (this.call?.token ?? 0) + 1
    const o = { contact, token, line, channel: 'phone', source, caller, accepted: this.now(-waitedMs), waited_ms: waitedMs, until: this.now(ringMs) }
    this.call = { ...o, state: 'ringing', muted: false, since: this.now(), talk_since: null, extended: 0, cause: '', apart_until: null }
    this.emit('call.offered', o)
    this.setAgent({ state: 'ringing', reason: '' })
    return contact
  }

  stopRing(why, state = 'ready', reason = '') {
    const { contact, token } = this.call
    this.call = null
    this.emit('call.stopped', { contact, token, why })
    this.setAgent({ state, reason })
  }

  answered(sinceMs = 0) {
    this.setCall({ state: 'talking', since: this.now(-sinceMs), talk_since: this.now(-sinceMs), until: null })
    this.setAgent({ state: 'talking', reason: '' })
  }

  wrapup(cause = 'citizen_ended', ms = 60_000) {
    this.setCall({ state: 'wrapup', since: this.now(), until: this.now(ms), cause })
    this.setAgent({ state: 'wrapup' })
  }

  /** The agent is not heard: the citizen hears that we reconnect. */
  apart(ms = 30_000) {
    this.setCall({ apart_until: this.now(ms) })
  }

  /** And hears the agent again. */
  rejoin() {
    this.setCall({ apart_until: null })
  }

  /** Or waits for another agent. */
  take() {
    const { contact, token } = this.call
    this.call = null
    this.taken = { contact, token }
    this.emit('call.taken', this.taken)
    this.setAgent({ state: 'not_ready', reason: 'disconnected', pending: null })
  }

  /** How both sides are heard. */
  measure(citizen, agent) {
    const side = (mos) => ({ loss: 0, jitter_ms: 2, delay_ms: 40, mos })
    for (const s of this.sockets) this.say(s, 'call.quality', { contact: this.call.contact, citizen: side(citizen), agent: side(agent) })
  }

  finish() {
    const { contact } = this.call
    this.call = null
    this.emit('call.ended', { contact })
    const p = this.agent.pending
    this.setAgent({ state: p?.state ?? 'ready', reason: p?.reason ?? '', pending: null })
  }

  command(ws, m) {
    if (m.type === 'pong') return
    this.commands.push({ type: m.type, data: m.data })
    const refused = this.refuse.get(m.type)
    if (refused) return this.say(ws, 'error', { error: refused }, { id: m.id })
    if (this.deaf) return
    if (m.type === 'board.watch') return this.watch(ws, m)
    if (m.type === 'message.send') this.chats.said(m.data)
    this.say(ws, 'ack', {}, { id: m.id })
    if (!this.chats.obey(m.type, m.data)) this.obey(ws, m.type, m.data)
  }

  obey(ws, type, d) {
    switch (type) {
      case 'leg.offer': return this.legOffered(ws, d)
      case 'leg.prove': return this.prove(ws)
      case 'leg.heard': {
        this.heard = d
        this.emit('leg.changed', { gen: d.gen, state: 'proven' })
        return this.setAgent({ leg: 'proven' })
      }
      case 'agent.state': return this.stateWanted(d)
      case 'call.accept': return this.answered()
      case 'call.decline': return this.stopRing('rejected', 'not_ready', 'rejected')
      case 'call.hold': this.setCall({ state: 'held' }); return this.setAgent({ state: 'held' })
      case 'call.resume': this.setCall({ state: 'talking' }); return this.setAgent({ state: 'talking' })
      case 'call.mute': return this.setCall({ muted: d.on })
      case 'call.hangup': return this.wrapup('agent_ended')
      case 'wrapup.extend': return this.setCall({ extended: this.call.extended + 1, until: new Date(Date.parse(this.call.until) + 30_000).toISOString() })
      case 'wrapup.finish': return this.finish()
      case 'phone.take': return this.movePhone(ws)
    }
  }

  /** Shows the board once a second, or each time it is told to. */
  watch(ws, m) {
    this.say(ws, 'ack', {}, { id: m.id })
    if (!m.data.on) return
    const { agents, ...rest } = this.board
    for (let from = 0; from < Math.max(agents.length, 1); from += 200) this.say(ws, 'board.agents', { first: from === 0, agents: agents.slice(from, from + 200) })
    const show = () => !this.frozen && ws.readyState === 1 && this.say(ws, 'board', { ...rest, ...this.boardPart, at: this.now(), figures_at: this.now(), agents: this.changed ?? [], gone: this.gone ?? [] })
    show()
    const pace = setInterval(show, 1000)
    ws.on('close', () => clearInterval(pace))
  }

  movePhone(ws) {
    this.elsewhere = undefined
    for (const s of this.sockets) {
      if (s.phone && s !== ws) this.say(s, 'phone.lost', { to: '127.0.0.1' })
      s.phone = s === ws
    }
  }

  stateWanted(d) {
    const busy = ['ringing', 'talking', 'held', 'wrapup'].includes(this.agent.state)
    if (d.state === 'none') return this.setAgent({ pending: null })
    if (busy) return this.setAgent({ pending: { state: d.state, reason: d.reason } })
    this.setAgent({ state: d.state, reason: d.reason ?? '', pending: null })
  }

  // --- audio: a page in the same browser stands in for the gateway

  attachGateway(ws) {
    this.gateway = ws
    ws.on('message', (text) => {
      const m = JSON.parse(text)
      if (m.type === 'answer') this.say(this.legSocket, 'leg.answer', { node: 'fake', gen: m.gen, sdp: m.sdp })
      if (m.type === 'state') this.emit('leg.changed', { gen: m.gen, state: m.state })
      if (m.type === 'heard') this.microphone = m
    })
  }

  legOffered(ws, d) {
    this.legSocket = ws
    this.lastOffer = d
    if (this.gateway) return this.gateway.send(JSON.stringify({ type: 'offer', gen: d.gen, sdp: d.sdp }))
    if (!this.autoProve) return
    // Without a gateway page there is no audio; the desk is told that there is.
    this.emit('leg.changed', { gen: d.gen, state: 'connected' })
    this.emit('leg.changed', { gen: d.gen, state: 'proven' })
    this.setAgent({ leg: 'proven' })
  }

  prove(ws) {
    if (!this.gateway) return
    this.gateway.send(JSON.stringify({ type: 'tone', hz: 1000, ms: 1000 }))
    this.say(ws, 'leg.tone', { gen: this.lastOffer.gen, hz: 1000, ms: 1000 })
  }
}

/** The newest axe, for tests. */
export const axeSource = () => readFileSync(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8')
