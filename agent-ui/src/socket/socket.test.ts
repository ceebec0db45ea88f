import { beforeEach, describe, expect, it } from 'vitest'
import { ServerClock } from './clock'
import type { DeskEvent, DeskNotice, Welcome } from './messages'
import { commandPatience, CommandError, DeskSocket, type LinkStatus, type Wire } from './socket'

class FakeWire implements Wire {
  sent: { id: string; type: string; data: Record<string, unknown> }[] = []
  closedWith: number | undefined
  onopen: ((e: never) => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: { code: number }) => void) | null = null
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  close(code?: number): void {
    this.closedWith = code
  }
  open(): void {
    this.onopen?.(undefined as never)
  }
  say(e: object): void {
    this.onmessage?.({ data: JSON.stringify({ v: 1, ...e }) })
  }
  drop(code = 1006): void {
    this.onclose?.({ code })
  }
}

class FakeWorld {
  wires: FakeWire[] = []
  time = Date.parse('2026-11-24T08:00:00.000Z')
  timers: { at: number; run: () => void }[] = []
  dial = (): FakeWire => {
    const w = new FakeWire()
    this.wires.push(w)
    return w
  }
  now = (): number => this.time
  chance = (): number => 0
  random = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => (this.seed = (this.seed * 31 + 7) % 251))
  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.time + ms, run }
    this.timers.push(timer)
    return () => void (this.timers = this.timers.filter((t) => t !== timer))
  }
  pass(ms: number): void {
    this.time += ms
    const due = this.timers.filter((t) => t.at <= this.time)
    this.timers = this.timers.filter((t) => t.at > this.time)
    for (const t of due) t.run()
  }
  get wire(): FakeWire {
    return this.wires[this.wires.length - 1]!
  }
  private seed = 1
}

const agent = { state: 'ready', reason: '', since: '2026-11-24T07:00:00.000Z', pending: null, leg: 'proven' }
const welcome = {
  epoch: 'e1', seq: 17, node: 'n1', now: '2026-11-24T08:00:03.000Z', resumed: false, phone: true, other: null,
  snapshot: { agent, call: null, now: '2026-11-24T08:00:03.000Z' },
}

describe('DeskSocket', () => {
  let world: FakeWorld
  let socket: DeskSocket
  let clock: ServerClock
  let statuses: LinkStatus[]
  let welcomes: Welcome[]
  let events: DeskEvent[]
  let notices: DeskNotice[]

  beforeEach(() => {
    world = new FakeWorld()
    clock = new ServerClock(world.now, world.now)
    statuses = []
    welcomes = []
    events = []
    notices = []
    socket = new DeskSocket({
      tab: 'TAB', build: 'b1', world, clock, phone: () => 'ask',
      onStatus: (s) => statuses.push(s),
      onWelcome: (w) => welcomes.push(w),
      onEvent: (e) => events.push(e),
      onNotice: (n) => notices.push(n),
    })
    socket.open()
    world.wire.open()
  })

  const reconnect = (): void => {
    world.wire.drop()
    world.pass(8000)
    world.wire.open()
  }

  it('says hello first, knowing nothing', () => {
    expect(world.wire.sent).toEqual([
      { v: 1, type: 'hello', data: { epoch: '', last_seq: 0, tab: 'TAB', phone: 'ask', build: 'b1' } },
    ])
  })

  it('opens on welcome and keeps the server clock', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    expect(statuses).toEqual(['connecting', 'open'])
    expect(welcomes[0]?.node).toBe('n1')
    expect(clock.now()).toBe(Date.parse(welcome.now))
  })

  it('resumes with the epoch and the last sequence it saw', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.say({ seq: 18, type: 'agent.changed', data: agent })
    reconnect()
    expect(world.wire.sent[0]?.data).toMatchObject({ epoch: 'e1', last_seq: 18 })
    world.wire.say({ type: 'welcome', data: { ...welcome, seq: 20, resumed: true, snapshot: null } })
    world.wire.say({ seq: 19, type: 'call.ended', data: { contact: 'a' } })
    world.wire.say({ seq: 20, type: 'call.ended', data: { contact: 'b' } })
    expect(events.map((e) => e.type)).toEqual(['agent.changed', 'call.ended', 'call.ended'])
  })

  it('takes the sequence of a snapshot in a new epoch, even a lower one', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    reconnect()
    world.wire.say({ type: 'welcome', data: { ...welcome, epoch: 'e2', seq: 2 } })
    world.wire.say({ seq: 3, type: 'agent.changed', data: agent })
    expect(events).toHaveLength(1)
  })

  it('drops an event seen before', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.say({ seq: 17, type: 'agent.changed', data: agent })
    expect(events).toHaveLength(0)
  })

  it('counts an unknown event but tells nobody', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.say({ seq: 18, type: 'weather.changed', data: {} })
    reconnect()
    expect(events).toHaveLength(0)
    expect(world.wire.sent[0]?.data.last_seq).toBe(18)
  })

  it('takes an event without a number, which was for this socket only', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.say({ type: 'phone.lost', data: { to: '10.1.2.4' } })
    reconnect()
    expect(events).toEqual([expect.objectContaining({ type: 'phone.lost' })])
    expect(world.wire.sent[0]?.data.last_seq).toBe(17)
  })

  it('survives what is no envelope', () => {
    world.wire.onmessage?.({ data: '{' })
    world.wire.onmessage?.({ data: 'null' })
    world.wire.say({ type: 'welcome', data: welcome })
    expect(welcomes).toHaveLength(1)
  })

  it('answers a ping with its time', () => {
    world.wire.say({ type: 'ping', data: { at: '2026-11-24T08:00:09.000Z' } })
    expect(world.wire.sent[1]).toEqual({ v: 1, type: 'pong', data: { at: '2026-11-24T08:00:09.000Z' } })
  })

  it('carries a command and its answer', async () => {
    world.wire.say({ type: 'welcome', data: welcome })
    const done = socket.command('call.hold', { contact: 'c' })
    const sent = world.wire.sent[1]!
    expect(sent.id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    world.wire.say({ type: 'ack', id: sent.id, data: { ok: 1 } })
    await expect(done).resolves.toEqual({ ok: 1 })
  })

  it('rejects with the server error', async () => {
    world.wire.say({ type: 'welcome', data: welcome })
    const done = socket.command('call.accept', { contact: 'c', token: 1 })
    world.wire.say({ type: 'error', id: world.wire.sent[1]!.id, data: { error: { code: 'stale', message: '晚了' } } })
    await expect(done).rejects.toMatchObject({ code: 'stale' })
  })

  it('sends a command again under the same id after a reconnect', async () => {
    world.wire.say({ type: 'welcome', data: welcome })
    const done = socket.command('call.accept', { contact: 'c', token: 1 })
    const first = world.wire.sent[1]!
    world.wire.drop()
    world.pass(300)
    world.wire.open()
    expect(world.wire.sent).toHaveLength(1)
    world.wire.say({ type: 'welcome', data: { ...welcome, resumed: true, snapshot: null } })
    expect(world.wire.sent[1]).toEqual(first)
    world.wire.say({ type: 'ack', id: first.id })
    await expect(done).resolves.toBeUndefined()
  })

  it('refuses a command that found no server for five seconds', async () => {
    world.wire.drop()
    const done = socket.command('call.hold', { contact: 'c' })
    const outcome = expect(done).rejects.toBeInstanceOf(CommandError)
    world.pass(commandPatience)
    await outcome
  })

  it('backs off, longer each time, and starts over after a welcome', () => {
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      world.wire.drop()
      const timer = world.timers[world.timers.length - 1]!
      waits.push(timer.at - world.time)
      world.pass(8000)
    }
    expect(waits).toEqual([125, 250, 500, 1000, 2000, 4000, 4000])
    world.wire.open()
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.drop()
    expect(world.timers[world.timers.length - 1]!.at - world.time).toBe(125)
  })

  it('comes back when a draining server says so', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.say({ type: 'drain', data: { reconnect_after_ms: 1234 } })
    world.wire.drop(1001)
    expect(notices[0]?.type).toBe('drain')
    expect(world.timers[world.timers.length - 1]!.at - world.time).toBe(1234)
  })

  it('stays away once signed out', () => {
    world.wire.say({ type: 'welcome', data: welcome })
    world.wire.drop(4401)
    world.pass(60_000)
    expect(world.wires).toHaveLength(1)
    expect(statuses[statuses.length - 1]).toBe('signed_out')
  })

  it('ignores a wire it has left', () => {
    const old = world.wire
    reconnect()
    old.say({ type: 'welcome', data: welcome })
    old.drop()
    expect(welcomes).toHaveLength(0)
    expect(world.wires).toHaveLength(2)
  })

  it('closes for good and refuses what waits', async () => {
    const done = socket.command('call.hold', { contact: 'c' })
    const outcome = expect(done).rejects.toMatchObject({ code: 'unavailable' })
    socket.close()
    await outcome
    expect(world.wire.closedWith).toBe(1000)
    expect(statuses[statuses.length - 1]).toBe('closed')
  })
})
