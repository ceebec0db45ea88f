// The line to the house: token, ticket, socket, outbox. docs/chat-protocol.md is its contract.
const api = new URL('v1', location.href).pathname
const day = 24 * 3600 * 1000
const inFlightMost = 5

export const store = {
  get(key, otherwise) {
    try { return JSON.parse(localStorage.getItem('hotline.chat.' + key)) ?? otherwise } catch { return otherwise }
  },
  set(key, value) {
    try { localStorage.setItem('hotline.chat.' + key, JSON.stringify(value)) } catch { /* private window: kept until reload */ }
  },
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

// ulid names a message before anybody else has it: 10 characters of time, 16 of chance.
export function ulid(now = Date.now()) {
  let time = ''
  for (let i = 0; i < 10; i++, now = Math.floor(now / 32)) time = alphabet[now % 32] + time
  return time + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => alphabet[b % 32]).join('')
}

export class Link {
  // What is sent is kept from the first moment; begin lets it go out.
  // on: { frame(f), state(s), refused(m, code), dropped(n) }; state is connecting, open, broken or replaced.
  constructor(on) {
    Object.assign(this, { on, where: { conversation: '', seq: 0 }, socket: null, tries: 0, failedSockets: 0, ready: false, sent: new Set(), heard: 0, pingMs: 25000 })
    this.outbox = store.get('outbox', [])
    const old = this.outbox.filter((m) => Date.now() - m.at > day)
    if (old.length) {
      this.outbox = this.outbox.filter((m) => !old.includes(m))
      this.keep()
      on.dropped(old.length)
    }
  }

  begin(appKey) {
    this.appKey = appKey
    for (const [target, event] of [[window, 'online'], [window, 'pageshow'], [window, 'focus'], [document, 'visibilitychange']]) {
      target.addEventListener(event, () => document.visibilityState === 'visible' && this.now())
    }
    setInterval(() => this.watch(), 5000)
    this.connect()
  }

  keep() { store.set('outbox', this.outbox) }

  // send keeps the message first; it goes out when it can.
  send(text, topic) {
    const m = { cmid: ulid(), text, topic, at: Date.now() }
    this.outbox.push(m)
    this.keep()
    this.flush()
    return m
  }

  done(cmid) {
    this.sent.delete(cmid)
    const before = this.outbox.length
    this.outbox = this.outbox.filter((m) => m.cmid !== cmid)
    if (this.outbox.length !== before) this.keep()
  }

  // flush sends the oldest first, a few at a time.
  flush() {
    if (!this.ready || this.paused) return
    if (this.polling) return void this.post()
    for (const m of this.outbox.slice(0, inFlightMost)) {
      if (this.sent.has(m.cmid)) continue
      this.sent.add(m.cmid)
      this.write({ type: 'send', cmid: m.cmid, text: m.text, topic: m.topic, at: new Date(m.at).toISOString() })
    }
  }

  write(f) { if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(f)) }

  // put off: all that is unacknowledged goes out again, from the oldest.
  again(ms) {
    if (this.paused) return
    this.paused = setTimeout(() => { this.paused = 0; this.sent.clear(); this.flush() }, ms)
  }

  async ask(method, path, body) {
    const visitor = await this.visitor()
    const r = await fetch(api + path, {
      method, cache: 'no-store', body: body && JSON.stringify(body), headers: { Authorization: 'Bearer ' + visitor.token },
    })
    if (r.status === 401) store.set('visitor', null)
    const answer = r.status === 204 ? {} : await r.json()
    if (!r.ok) throw Object.assign(new Error(answer.code), { code: answer.code, retry: Number(r.headers.get('Retry-After')) * 1000 })
    return answer
  }

  // visitor is who this browser was before; the token is renewed each week.
  async visitor() {
    const old = store.get('visitor', null)
    if (old && old.app === this.appKey && Date.now() - old.at < 7 * day) return old
    const r = await fetch(api + '/visitors', {
      method: 'POST', body: JSON.stringify({ app_key: this.appKey, locale: navigator.language }),
      headers: old?.app === this.appKey ? { Authorization: 'Bearer ' + old.token } : {},
    })
    if (!r.ok) throw new Error('visitors')
    const fresh = { ...await r.json(), app: this.appKey, at: Date.now() }
    store.set('visitor', fresh)
    return fresh
  }

  async connect() {
    if (this.busy || this.socket || this.replaced) return
    this.busy = true
    clearTimeout(this.timer)
    try {
      const { ticket } = await this.ask('POST', '/ws-ticket')
      this.open(ticket)
    } catch {
      this.retry()
    } finally {
      this.busy = false
    }
  }

  open(ticket) {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + api + '/ws', 'hotline.chat.v1')
    let welcomed = false
    this.socket = socket
    this.heard = Date.now()
    socket.onopen = () => this.write({ type: 'hello', v: 1, ticket, ...this.position(), tab: 'page' })
    socket.onmessage = (e) => {
      this.heard = Date.now()
      const f = JSON.parse(e.data)
      if (f.type === 'welcome') { welcomed = true; this.tries = this.failedSockets = 0; this.poll(false); this.welcome(f) }
      this.hear(f)
    }
    socket.onclose = (e) => {
      if (this.socket !== socket) return
      this.socket = null
      this.ready = false
      if (e.code === 4409) { this.replaced = true; return this.on.state('replaced') }
      if (!welcomed && ++this.failedSockets >= 3) this.poll(true)
      this.retry()
    }
  }

  position() { return this.where.conversation ? { conversation: this.where.conversation, last_seq: this.where.seq } : {} }

  welcome(f) {
    this.pingMs = f.ping_s * 1000
    this.ready = true
    this.sent.clear()
    this.on.state('open')
  }

  hear(f) {
    if (f.type === 'ack') this.done(f.cmid)
    if (f.type === 'nack') this.refuse(f.cmid, f.code, f.retry_ms)
    if (f.type === 'event' && f.cmid) this.done(f.cmid)
    if (f.type === 'drain') setTimeout(() => this.now(true), f.after_ms)
    this.on.frame(f)
    if (f.type === 'welcome' || f.type === 'ack') this.flush()
  }

  refuse(cmid, code, retry) {
    if (retry) return this.again(retry)
    const m = this.outbox.find((o) => o.cmid === cmid)
    this.done(cmid)
    if (m) this.on.refused(m, code)
    this.flush()
  }

  // retry at a random moment within a time that doubles: not all come at once.
  retry() {
    if (!this.polling) this.on.state(this.tries ? 'broken' : 'connecting')
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.connect(), Math.random() * Math.min(30000, 1000 * 2 ** this.tries++))
  }

  now(force) {
    if (force && this.socket) return this.socket.close()
    if (!this.socket && this.tries) { this.tries = 1; this.connect() }
  }

  // watch: two pings missed is dead, whatever the browser believes.
  watch() {
    if (this.socket && Date.now() - this.heard > 2 * this.pingMs + 5000) {
      const dead = this.socket
      this.socket = null
      this.ready = false
      dead.close()
      this.retry()
    }
  }

  // poll goes on over HTTP where a socket is never let through.
  poll(on) {
    if (on === !!this.polling) return
    clearInterval(this.polling)
    this.polling = on ? setInterval(() => this.look(), 3000) : 0
    if (on) { this.ready = true; this.on.state('open'); this.look() }
  }

  async look() {
    try {
      const now = await this.ask('GET', '/conversations/current')
      this.on.frame({ type: 'welcome', ...now })
      this.flush()
    } catch { this.on.state('broken') }
  }

  async post() {
    const m = this.outbox[0]
    if (!m || this.posting) return
    this.posting = true
    try {
      const ack = await this.ask('POST', '/conversations/current/messages', { cmid: m.cmid, text: m.text, topic: m.topic })
      this.hear({ type: 'ack', ...ack })
      this.look()
    } catch (e) {
      this.refuse(m.cmid, e.code, e.retry || (e.code ? 0 : 3000))
    } finally {
      this.posting = false
    }
    this.flush()
  }

  history(conversation, after) { return this.ask('GET', `/conversations/${conversation}/messages?after=${after}&limit=100`) }

  close(conversation) { return this.ask('POST', `/conversations/${conversation}/close`) }
}
