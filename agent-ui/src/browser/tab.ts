const channelName = 'hotline-desk'

/**
 * One tab of an account owns the phone, held by a Web Lock that dies with the
 * tab. Where the browser has no locks, the server alone decides.
 */
export class PhoneTab {
  private release: (() => void) | null = null
  private readonly channel = 'BroadcastChannel' in window ? new BroadcastChannel(channelName) : null

  constructor(
    private readonly account: string,
    private readonly onLost: () => void,
  ) {
    this.channel?.addEventListener('message', (e: MessageEvent<{ yield?: string }>) => {
      if (e.data.yield === this.account && this.release) this.yield()
    })
  }

  get owner(): boolean {
    return this.release !== null || !('locks' in navigator)
  }

  /** Tries for a moment: after a reload the lock of the page before may still stand. */
  async claim(): Promise<boolean> {
    for (let i = 0; i < 4; i++) {
      if (await this.attempt(true)) return true
      await new Promise((done) => setTimeout(done, 100))
    }
    return false
  }

  /** Asks the tab that has the phone to yield, and takes its place. */
  async take(): Promise<void> {
    if (this.owner) return
    this.channel?.postMessage({ yield: this.account })
    await this.attempt(false)
  }

  private attempt(ifAvailable: boolean): Promise<boolean> {
    if (!('locks' in navigator)) return Promise.resolve(true)
    return new Promise((told) => {
      void navigator.locks.request(`phone:${this.account}`, { ifAvailable }, (lock) => {
        told(lock !== null)
        if (!lock) return undefined
        return new Promise<void>((release) => (this.release = release))
      })
    })
  }

  private yield(): void {
    this.release?.()
    this.release = null
    this.onLost()
  }

  close(): void {
    this.release?.()
    this.release = null
    this.channel?.close()
  }
}
