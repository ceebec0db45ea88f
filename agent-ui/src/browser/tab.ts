/**
 * One tab of an account owns the phone, held by a Web Lock that dies with the
 * tab: the others wait in line and take over when it closes. Where the browser
 * has no locks, the server alone decides.
 */
export class PhoneTab {
  private release: (() => void) | null = null
  private closed = false

  constructor(
    private readonly account: string,
    private readonly events: { onLost(): void; onGained(): void },
  ) {}

  get owner(): boolean {
    return this.release !== null || !('locks' in navigator)
  }

  /** Tries for a moment (after a reload the lock of the page before may still stand), then waits in line. */
  async claim(): Promise<boolean> {
    for (let i = 0; i < 4; i++) {
      if (await this.request({ ifAvailable: true })) return true
      await new Promise((done) => setTimeout(done, 100))
    }
    this.wait()
    return false
  }

  /** Takes the phone from whichever tab has it. */
  async take(): Promise<void> {
    if (!this.owner) await this.request({ steal: true })
  }

  private wait(): void {
    void this.request({}).then((got) => {
      if (got && !this.closed) this.events.onGained()
    })
  }

  private request(how: LockOptions): Promise<boolean> {
    if (!('locks' in navigator)) return Promise.resolve(true)
    return new Promise((told) => {
      navigator.locks.request(`phone:${this.account}`, how, (lock) => {
        if (lock && (this.closed || this.release)) return told(false)
        told(lock !== null)
        return lock ? new Promise<void>((release) => (this.release = release)) : undefined
      }).catch(() => this.stolen())
    })
  }

  private stolen(): void {
    this.release = null
    if (this.closed) return
    this.events.onLost()
    this.wait()
  }

  close(): void {
    this.closed = true
    this.release?.()
    this.release = null
  }
}
