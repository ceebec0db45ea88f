/**
 * The server's clock, as far as the desk can tell. Hall PCs drift, so every
 * timer on the desk counts with this. Base is a monotonic clock.
 */
export class ServerClock {
  private offset: number | null = null

  constructor(
    private readonly monotonic: () => number,
    private readonly wall: () => number,
  ) {}

  /** Takes a time the server stamped. The largest offset had the least delay. */
  sample(at: string): void {
    const ms = Date.parse(at)
    if (Number.isNaN(ms)) return
    const offset = ms - this.monotonic()
    if (this.offset === null || offset > this.offset) this.offset = offset
  }

  /** Starts over, for a server with another clock. */
  reset(): void {
    this.offset = null
  }

  /** Milliseconds since 1970, by the server. */
  now(): number {
    return this.offset === null ? this.wall() : this.monotonic() + this.offset
  }
}
