import { microphoneConstraints } from './devices'

/**
 * The microphone, open all shift: the tab is not frozen while it captures. Two
 * tracks of one device: one to send, silenced by mute; one for the meter, which
 * goes on, so that talking while muted is noticed.
 */
export class Microphone {
  private stream: MediaStream | null = null
  private meter: MediaStream | null = null
  private gainControl = true

  constructor(
    private readonly media: MediaDevices | undefined,
    private readonly ended: () => void,
  ) {}

  /** Opens this device, or the system's without an id; rejects with the browser's error. */
  async open(id: string | null, gainControl: boolean): Promise<void> {
    if (!this.media) throw new TypeError('no media devices in an insecure page')
    this.gainControl = gainControl
    const stream = await this.capture(id)
    this.close()
    this.stream = stream
    this.meter = new MediaStream(stream.getAudioTracks().map((t) => t.clone()))
    for (const t of stream.getAudioTracks()) {
      t.enabled = false
      t.onended = () => this.ended()
    }
  }

  private async capture(id: string | null): Promise<MediaStream> {
    return this.media!.getUserMedia(microphoneConstraints(id, this.gainControl))
  }

  /** The track to send; null when closed, or when its device is gone. */
  get track(): MediaStreamTrack | null {
    const track = this.stream?.getAudioTracks()[0]
    return track?.readyState === 'live' ? track : null
  }

  /** Always live while open; for a level meter only, never sent. */
  get metered(): MediaStream | null {
    return this.meter
  }

  get live(): boolean {
    return this.track !== null
  }

  get label(): string {
    return this.track?.label ?? ''
  }

  get deviceId(): string {
    return this.track?.getSettings().deviceId ?? ''
  }

  close(): void {
    for (const s of [this.stream, this.meter]) {
      for (const t of s?.getTracks() ?? []) {
        t.onended = null
        t.stop()
      }
    }
    this.stream = null
    this.meter = null
  }
}
