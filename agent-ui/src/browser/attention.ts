/** What calls for the operator outside the page: title, favicon, desktop notification. */
export class Attention {
  private timer: ReturnType<typeof setInterval> | null = null
  private notification: Notification | null = null
  private plain = document.title

  /** The title without a call. */
  title(text: string): void {
    this.plain = text
    if (this.timer === null) document.title = text
  }

  /** Asks, in a click, to be allowed to notify. */
  async allow(): Promise<void> {
    if ('Notification' in window && Notification.permission === 'default') {
      await Notification.requestPermission().catch(() => undefined)
    }
  }

  /** Draws attention until stopped. Texts hold a masked number and the line, nothing else. */
  start(title: string, body: string, tag: string): void {
    this.stop()
    favicon('/favicon-ring.svg')
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    document.title = title
    this.timer = setInterval(() => {
      document.title = !calm && document.title === title ? this.plain : title
    }, 1000)
    this.notify(title, body, tag)
  }

  private notify(title: string, body: string, tag: string): void {
    if (!('Notification' in window) || Notification.permission !== 'granted') return
    try {
      this.notification = new Notification(title, { body, tag, requireInteraction: true, silent: true, icon: '/favicon-ring.svg' })
      this.notification.onclick = () => window.focus()
    } catch {
      this.notification = null
    }
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    this.notification?.close()
    this.notification = null
    document.title = this.plain
    favicon('/favicon.svg')
  }
}

function favicon(href: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (link && link.getAttribute('href') !== href) link.href = href
}
