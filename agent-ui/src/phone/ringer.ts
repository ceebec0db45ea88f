const seconds = 3
const rate = 16_000

/** One cycle of the ring, 3 s: two soft double strokes and a rest. */
export function ringSamples(): Float32Array<ArrayBuffer> {
  const out = new Float32Array(seconds * rate)
  const strokes: [start: number, hz: number][] = [[0, 880], [0.18, 1108.73], [0.55, 880], [0.73, 1108.73]]
  for (const [start, hz] of strokes) strike(out, start, hz)
  return out
}

/** A struck bar: quick rise, exponential fall, one overtone. */
function strike(out: Float32Array, start: number, hz: number): void {
  const first = Math.round(start * rate)
  for (let i = 0; i < 0.9 * rate && first + i < out.length; i++) {
    const t = i / rate
    const envelope = Math.min(1, t / 0.006) * Math.exp(-t * 6.5)
    const wave = Math.sin(2 * Math.PI * hz * t) + 0.35 * Math.sin(4 * Math.PI * hz * t)
    out[first + i] = (out[first + i] ?? 0) + 0.3 * envelope * wave
  }
}

interface SinkContext extends AudioContext {
  setSinkId?: (id: string) => Promise<void>
}

/**
 * Rings on its own output device. The tone is a looped buffer, so a throttled
 * background tab rings as evenly as one in front.
 */
export class Ringer {
  private context: SinkContext | null = null
  private source: AudioBufferSourceNode | null = null
  private sink = ''

  /** Starts the audio clock; in a click, or with an open microphone. False when the browser refuses. */
  async unlock(): Promise<boolean> {
    this.context ??= new AudioContext()
    if (this.context.state !== 'running') {
      await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 500))])
    }
    await this.route(this.sink)
    return this.context.state === 'running'
  }

  get running(): boolean {
    return this.context?.state === 'running'
  }

  /** The clock that meters share; null before unlock. */
  get audio(): AudioContext | null {
    return this.context
  }

  /** Chooses the output; '' is the system's. Silently stays where the browser cannot. */
  async route(sink: string): Promise<void> {
    this.sink = sink
    if (!this.context?.setSinkId || sink === 'default') return
    await this.context.setSinkId(sink).catch(() => undefined)
  }

  /** Rings until stopped; once only for a sound check. */
  start(once = false): void {
    if (!this.context || this.source) return
    const buffer = this.context.createBuffer(1, seconds * rate, rate)
    buffer.copyToChannel(ringSamples(), 0)
    const source = this.context.createBufferSource()
    source.buffer = buffer
    source.loop = !once
    source.connect(this.context.destination)
    source.onended = () => this.ended(source)
    source.start()
    this.source = source
  }

  private ended(source: AudioBufferSourceNode): void {
    if (this.source === source) this.source = null
  }

  /** Silence, at once; safe to repeat. */
  stop(): void {
    this.source?.stop()
    this.source = null
  }

  get ringing(): boolean {
    return this.source !== null
  }
}
