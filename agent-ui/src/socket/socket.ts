import { backoff } from './backoff'
import type { ServerClock } from './clock'
import { isKnownEvent, isKnownNotice, type Commands, type DeskEvent, type DeskNotice, type Envelope, type ErrorBody, type Welcome } from './messages'
import { ulid, type RandomBytes } from './ulid'

/** The part of a WebSocket that is used here. */
export interface Wire {
  send(text: string): void
  close(code?: number, reason?: string): void
  onopen: ((e: never) => void) | null
  onmessage: ((e: never) => void) | null
  onclose: ((e: never) => void) | null
}

/** What the socket borrows from the world, so that a test can own it. */
export interface World {
  dial(): Wire
  now(): number
  chance(): number
  random: RandomBytes
  after(ms: number, run: () => void): () => void
}

/** `closed` is final until `open`; `signed_out` means that the server ended the session (4401). */
export type LinkStatus = 'connecting' | 'open' | 'waiting' | 'closed' | 'signed_out'

export interface SocketOptions {
  tab: string
  build: string
  world: World
  clock: ServerClock
  /** Asked at each hello: `ask`, `take` or `view`. */
  phone: () => 'ask' | 'take' | 'view'
  onStatus(status: LinkStatus): void
  onWelcome(welcome: Welcome): void
  onEvent(event: DeskEvent): void
  onNotice(notice: DeskNotice): void
}

/** A command that the server, or the lack of one, refused. */
export class CommandError extends Error {
  constructor(readonly body: ErrorBody) {
    super(`${body.code}: ${body.message}`)
    this.name = 'CommandError'
  }

  get code(): ErrorBody['code'] {
    return this.body.code
  }
}

interface Waiting {
  frame: string
  since: number
  resolve(data: unknown): void
  reject(why: CommandError): void
  expire: () => void
}

/** How long a command waits for a lost connection before it is refused. */
export const commandPatience = 5000
const signedOut = 4401

/**
 * One desk socket: says hello, resumes by epoch and sequence, dials again with
 * jitter, and carries commands with their answers. Never decides by a timer of
 * its own that it is cut off: the server pings, and closes.
 */
export class DeskSocket {
  private wire: Wire | null = null
  private welcomed = false
  private attempt = 0
  private cancelDial: (() => void) | null = null
  private epoch = ''
  private lastSeq = 0
  private drainMs: number | null = null
  private readonly waiting = new Map<string, Waiting>()

  constructor(private readonly o: SocketOptions) {}

  /** Dials; safe to repeat. */
  open(): void {
    if (this.wire || this.cancelDial) return
    this.dial()
  }

  /** Hangs up for good; what waits is refused. */
  close(): void {
    this.stop('closed')
  }

  /** Sends a command once; resolves with the ack's data, rejects with CommandError. */
  command<K extends keyof Commands>(type: K, data: Commands[K]): Promise<unknown> {
    const id = ulid(this.o.world.now(), this.o.world.random)
    const frame = JSON.stringify({ v: 1, id, type, data })
    return new Promise((resolve, reject) => {
      const expire = this.o.world.after(commandPatience, () => this.giveUp(id))
      this.waiting.set(id, { frame, since: this.o.world.now(), resolve, reject, expire })
      if (this.welcomed) this.wire?.send(frame)
    })
  }

  private dial(): void {
    this.cancelDial = null
    this.o.onStatus('connecting')
    const wire = this.o.world.dial()
    this.wire = wire
    wire.onopen = () => this.hello(wire)
    wire.onmessage = (e: { data: unknown }) => this.receive(wire, e.data)
    wire.onclose = (e: { code: number }) => this.lost(wire, e.code)
  }

  private hello(wire: Wire): void {
    const data = { epoch: this.epoch, last_seq: this.lastSeq, tab: this.o.tab, phone: this.o.phone(), build: this.o.build }
    wire.send(JSON.stringify({ v: 1, type: 'hello', data }))
  }

  private receive(wire: Wire, text: unknown): void {
    if (wire !== this.wire) return
    const e = parse(text)
    if (!e) return
    switch (e.type) {
      case 'welcome': return this.welcome(e.data as Welcome)
      case 'ack': return this.settle(e.id, (w) => w.resolve(e.data))
      case 'error': return this.settle(e.id, (w) => w.reject(new CommandError(errorOf(e.data))))
      case 'ping': return this.pong(wire, e.data as { at: string })
      default: return this.news(e)
    }
  }

  private welcome(w: Welcome): void {
    if (w.epoch !== this.epoch) this.o.clock.reset()
    this.o.clock.sample(w.now)
    this.epoch = w.epoch
    if (!w.resumed) this.lastSeq = w.seq
    this.attempt = 0
    this.welcomed = true
    this.o.onWelcome(w)
    this.o.onStatus('open')
    for (const w of this.waiting.values()) this.wire?.send(w.frame)
  }

  /** Events count up; one without a number was for this socket only. */
  private news(e: Envelope): void {
    if (e.seq !== undefined) {
      if (e.seq <= this.lastSeq) return
      this.lastSeq = e.seq
    }
    if (isKnownEvent(e)) this.o.onEvent(e)
    else if (e.seq === undefined) this.notice(e)
  }

  private notice(e: Envelope): void {
    if (e.type === 'drain') this.drainMs = (e.data as { reconnect_after_ms: number }).reconnect_after_ms
    if (isKnownNotice(e)) this.o.onNotice(e)
  }

  private pong(wire: Wire, data: { at: string }): void {
    this.o.clock.sample(data.at)
    wire.send(JSON.stringify({ v: 1, type: 'pong', data: { at: data.at } }))
  }

  private settle(id: string | undefined, how: (w: Waiting) => void): void {
    const w = id === undefined ? undefined : this.waiting.get(id)
    if (!w || id === undefined) return
    this.waiting.delete(id)
    w.expire()
    how(w)
  }

  private giveUp(id: string): void {
    this.settle(id, (w) => w.reject(new CommandError({ code: 'unavailable', message: '' })))
  }

  private lost(wire: Wire, code: number): void {
    if (wire !== this.wire) return
    this.wire = null
    this.welcomed = false
    if (code === signedOut) return this.stop('signed_out')
    const wait = this.drainMs ?? backoff(this.attempt++, () => this.o.world.chance())
    this.drainMs = null
    this.o.onStatus('waiting')
    this.cancelDial = this.o.world.after(wait, () => this.dial())
  }

  private stop(status: LinkStatus): void {
    this.cancelDial?.()
    this.cancelDial = null
    const wire = this.wire
    this.wire = null
    this.welcomed = false
    wire?.close(1000)
    for (const id of [...this.waiting.keys()]) this.giveUp(id)
    this.o.onStatus(status)
  }
}

function parse(text: unknown): Envelope | null {
  try {
    const e: unknown = JSON.parse(String(text))
    return e !== null && typeof e === 'object' && typeof (e as Envelope).type === 'string' ? (e as Envelope) : null
  } catch {
    return null
  }
}

/** The error object stands alone, or under `error`; both are read. */
function errorOf(data: unknown): ErrorBody {
  const d = data as { error?: ErrorBody } & ErrorBody
  return d.error ?? d
}
