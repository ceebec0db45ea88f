import type { LegAnswer } from '../socket'
import { Leg, type Connection } from './leg'

export interface FarEvents {
  onOffer(node: string, gen: number, sdp: string): void
  /** The connection to the node of the call at hand has changed. */
  onConnection(node: string, state: Connection): void
}

interface Line {
  leg: Leg
  speaker: HTMLAudioElement
}

/**
 * Standing connections to other nodes than the desk's own: each is made at the
 * first call from there and kept. One that fails comes back by itself only
 * while a call needs it.
 */
export class FarLegs {
  private readonly lines = new Map<string, Line>()
  private needed = ''
  private sink = ''

  constructor(
    private readonly newSpeaker: () => HTMLAudioElement,
    private readonly events: FarEvents,
  ) {}

  /** The call at hand is at this node; '' for none, or for the desk's own. */
  async need(node: string): Promise<void> {
    this.needed = node
    const line = this.lines.get(node)
    if (node === '' || line?.leg.connected || line?.leg.opening) return
    await (line ?? this.open(node)).leg.connect()
  }

  /** The connection there; null when there is none. */
  at(node: string): Leg | null {
    return this.lines.get(node)?.leg ?? null
  }

  has(node: string): boolean {
    return this.lines.has(node)
  }

  async answer(a: LegAnswer): Promise<void> {
    await this.lines.get(a.node)?.leg.answer(a)
  }

  /** The node there has lost the connection, whatever it looks like from here. */
  lost(node: string, gen: number): void {
    const leg = this.at(node)
    if (leg?.generation !== gen) return
    if (node === this.needed) void leg.restart()
    else this.drop(node)
  }

  /** Sends the track to one node and nothing to the others. */
  async send(node: string, track: MediaStreamTrack | null): Promise<void> {
    await Promise.all([...this.lines].map(([at, line]) => line.leg.send(at === node ? track : null)))
  }

  /** Lets all be heard through this device. */
  async route(sink: string): Promise<void> {
    this.sink = sink
    await Promise.all([...this.lines.values()].map((line) => this.routeOne(line)))
  }

  private async routeOne(line: Line): Promise<void> {
    if (this.sink !== '' || line.speaker.sinkId) await line.speaker.setSinkId?.(this.sink).catch(() => undefined)
  }

  /** Ends all of them. */
  close(): void {
    for (const node of [...this.lines.keys()]) this.drop(node)
  }

  private open(node: string): Line {
    const speaker = this.newSpeaker()
    const leg = new Leg(speaker, {
      onOffer: (gen, sdp) => this.events.onOffer(node, gen, sdp),
      onConnection: (state) => this.changed(node, state),
    })
    const line = { leg, speaker }
    this.lines.set(node, line)
    void this.routeOne(line)
    return line
  }

  private changed(node: string, state: Connection): void {
    if (node === this.needed) this.events.onConnection(node, state)
    else if (state === 'failed') this.drop(node)
  }

  private drop(node: string): void {
    const line = this.lines.get(node)
    this.lines.delete(node)
    line?.leg.close()
    if (line) line.speaker.srcObject = null
  }
}
