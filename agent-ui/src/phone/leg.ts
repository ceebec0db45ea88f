import type { LegAnswer } from '../socket'

/** What the peer connection tells; the words of leg.changed. */
export type Connection = 'connecting' | 'connected' | 'disconnected' | 'failed'

export interface LegEvents {
  /** An offer is ready to go to the node. */
  onOffer(gen: number, sdp: string): void
  onConnection(state: Connection): void
}

/** How long `disconnected` may last before ICE starts over. */
export const restartAfterMs = 2000
/** The node is ICE-lite and learns our address from our checks: nobody waits for candidates. */
const gatheringMs = 100
const codecs = ['audio/pcma', 'audio/pcmu', 'audio/telephone-event']

/**
 * The standing voice connection to one node: negotiated once with G.711, kept
 * all shift. Idle means that the sender has no track, so nothing is sent while
 * ICE consent goes on. The browser always offers; a stale answer is dropped.
 */
export class Leg {
  private pc: RTCPeerConnection | null = null
  private sender: RTCRtpSender | null = null
  private gen = 0
  private restartTimer: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly speaker: HTMLAudioElement,
    private readonly events: LegEvents,
  ) {}

  get generation(): number {
    return this.gen
  }

  get connected(): boolean {
    return this.pc?.connectionState === 'connected'
  }

  /** An offer is on its way, or the answer to it. */
  get opening(): boolean {
    return this.pc?.connectionState === 'new' || this.pc?.connectionState === 'connecting'
  }

  /** What comes from the node; null before the first answer. */
  get remote(): MediaStream | null {
    return this.speaker.srcObject instanceof MediaStream ? this.speaker.srcObject : null
  }

  /** Opens a fresh connection and sends its offer; drops the one before. */
  async connect(): Promise<void> {
    this.close()
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' })
    this.pc = pc
    const transceiver = pc.addTransceiver('audio', { direction: 'sendrecv' })
    preferG711(transceiver)
    this.sender = transceiver.sender
    pc.ontrack = (e) => this.play(e.streams[0] ?? new MediaStream([e.track]))
    pc.onconnectionstatechange = () => this.changed(pc)
    await this.offer(pc, false)
  }

  /**
   * Starts ICE over on the same connection, which keeps its keys; opens one when
   * there is none. An offer that got no answer is made again.
   */
  async restart(): Promise<void> {
    const pc = this.pc
    this.cancelRestart()
    if (!pc || pc.connectionState === 'failed' || pc.connectionState === 'closed') return this.connect()
    await this.offer(pc, true)
  }

  /** Takes the node's answer; one to an older offer changes nothing. */
  async answer(a: LegAnswer): Promise<void> {
    const pc = this.pc
    if (!pc || a.gen !== this.gen || pc.signalingState !== 'have-local-offer') return
    await pc.setRemoteDescription({ type: 'answer', sdp: a.sdp })
  }

  /** Sends this track, or nothing; without negotiation. */
  async send(track: MediaStreamTrack | null): Promise<void> {
    if (this.sender && this.sender.track !== track) await this.sender.replaceTrack(track)
  }

  /** Signs of life from the node: audio, which a held call has none of, and answers to ICE checks. */
  async signs(): Promise<number> {
    let n = 0
    for (const s of await this.stats()) {
      if (s.type === 'inbound-rtp' && s.kind === 'audio') n += Number(s.packetsReceived ?? 0)
      if (s.type === 'candidate-pair') n += Number(s.responsesReceived ?? 0)
    }
    return n
  }

  async stats(): Promise<Record<string, unknown>[]> {
    const report = await this.pc?.getStats()
    const all: Record<string, unknown>[] = []
    report?.forEach((s: Record<string, unknown>) => all.push(s))
    return all
  }

  close(): void {
    this.cancelRestart()
    if (this.pc) {
      this.pc.ontrack = null
      this.pc.onconnectionstatechange = null
      this.pc.close()
    }
    this.pc = null
    this.sender = null
  }

  private async offer(pc: RTCPeerConnection, iceRestart: boolean): Promise<void> {
    // Rises within the page and, by the clock, from one page of this seat to the next.
    this.gen = Math.max(this.gen + 1, Date.now() - 1_767_225_600_000)
    const gen = this.gen
    await pc.setLocalDescription(await pc.createOffer({ iceRestart }))
    await gathered(pc)
    if (pc !== this.pc || gen !== this.gen || !pc.localDescription) return
    this.events.onOffer(gen, pc.localDescription.sdp)
  }

  private play(stream: MediaStream): void {
    this.speaker.srcObject = stream
    void this.speaker.play().catch(() => undefined)
  }

  private changed(pc: RTCPeerConnection): void {
    if (pc !== this.pc) return
    const state = pc.connectionState
    this.cancelRestart()
    if (state === 'disconnected') {
      this.restartTimer = setTimeout(() => void this.restart(), restartAfterMs)
    }
    if (state === 'new' || state === 'closed') return
    this.events.onConnection(state)
    if (state === 'failed' && pc === this.pc) void this.connect()
  }

  private cancelRestart(): void {
    if (this.restartTimer !== null) clearTimeout(this.restartTimer)
    this.restartTimer = null
  }
}

/** A-law first, as the trunk speaks it; nothing else is offered. */
function preferG711(transceiver: RTCRtpTransceiver): void {
  const known = RTCRtpReceiver.getCapabilities?.('audio')?.codecs
  if (!known || !transceiver.setCodecPreferences) return
  const wanted = codecs.flatMap((mime) => known.filter((c) => c.mimeType.toLowerCase() === mime && c.clockRate === 8000))
  if (wanted.length > 0) transceiver.setCodecPreferences(wanted)
}

function gathered(pc: RTCPeerConnection): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve()
  return new Promise((done) => {
    const timer = setTimeout(done, gatheringMs)
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState !== 'complete') return
      clearTimeout(timer)
      done()
    })
  })
}
