import type { Commands, LegAnswer, LegTone } from '../socket'
import { canChooseOutput, find, listDevices, microphoneFault, pick, type Choice, type DeviceList, type MicrophoneFault, type Role } from './devices'
import { Ear } from './ear'
import { Leg, type Connection } from './leg'
import { Microphone } from './microphone'
import { mos, QualityMeter, word, type QualityWord } from './quality'
import { Ringer } from './ringer'

/** What the phone tells its owner. */
export interface PhoneEvents {
  onConnection(state: Connection): void
  onMicrophone(fault: MicrophoneFault | null): void
  onDevices(list: DeviceList): void
  /** A device went away, or came back, and another is in use. */
  onSwitched(role: Role, label: string): void
  onQuality(word: QualityWord | null, score: number): void
}

export interface PhoneOptions {
  command<K extends 'leg.offer' | 'leg.prove' | 'leg.heard'>(type: K, data: Commands[K]): Promise<unknown>
  events: PhoneEvents
  choices: Record<Role, Choice>
  gainControl: boolean
}

/** What the call wants of the microphone. */
export interface Speech {
  talking: boolean
  muted: boolean
}

const qualityEveryMs = 2000
/** How long a connected desk waits for the node to say the same. */
const proofPatienceMs = 1500

/**
 * The softphone of one seat: microphone, standing connection, proof of audio,
 * ring, devices. Knows no framework and no call logic; its owner says when to
 * talk.
 */
export class Phone {
  readonly ringer = new Ringer()
  private readonly leg: Leg
  private readonly microphone: Microphone
  private readonly quality = new QualityMeter()
  private readonly speaker = new Audio()
  private node = ''
  private speech: Speech = { talking: false, muted: false }
  private proving = false
  private nodeGen = 0
  private askedGen = 0
  private micEar: Ear | null = null
  private remoteEar: Ear | null = null
  private qualityTimer: ReturnType<typeof setInterval> | null = null
  private readonly media: MediaDevices | undefined = navigator.mediaDevices as MediaDevices | undefined
  private readonly onDeviceChange = (): void => void this.devicesChanged()
  private readonly onOnline = (): void => void this.networkChanged()

  constructor(private readonly o: PhoneOptions) {
    this.speaker.autoplay = true
    this.leg = new Leg(this.speaker, {
      onOffer: (gen, sdp) => void this.command('leg.offer', { node: this.node, gen, sdp }),
      onConnection: (state) => this.connectionChanged(state),
    })
    this.microphone = new Microphone(this.media, () => void this.openMicrophone())
    this.media?.addEventListener('devicechange', this.onDeviceChange)
    window.addEventListener('online', this.onOnline)
    this.qualityTimer = setInterval(() => void this.measureQuality(), qualityEveryMs)
  }

  /** Lets sound out; in a click, or with an open microphone. */
  async unlock(): Promise<boolean> {
    await this.ringer.route(this.o.choices.ringer?.id ?? '')
    const running = await this.ringer.unlock()
    this.listen()
    if (this.leg.remote) void this.speaker.play().catch(() => undefined)
    return running
  }

  /** Opens the microphone; a fault is told, not thrown. */
  async openMicrophone(): Promise<boolean> {
    try {
      await this.microphone.open(this.o.choices.microphone, this.o.gainControl)
    } catch (error) {
      this.o.events.onMicrophone(microphoneFault(error))
      return false
    }
    this.listen()
    await this.applySpeech()
    await this.refreshDevices()
    this.o.events.onMicrophone(null)
    return true
  }

  /** Offers a connection to this node unless the one there stands. */
  async connect(node: string, fresh: boolean): Promise<void> {
    const same = node === this.node
    this.node = node
    if (same && !fresh && this.leg.connected) return
    await this.leg.connect()
    await this.applySpeech()
  }

  async answer(a: LegAnswer): Promise<void> {
    await this.leg.answer(a)
  }

  /** Measures the proof tone while the microphone is open, and reports. */
  async tone(t: LegTone): Promise<void> {
    if (t.gen !== this.leg.generation) return
    this.proving = true
    await this.applySpeech()
    try {
      this.listenRemote()
      const heard = await this.remoteEar?.listen(t.ms)
      await this.command('leg.heard', { gen: t.gen, level: round(heard?.level ?? 0, 4), hz: round(heard?.hz ?? 0, 1) })
    } finally {
      this.proving = false
      await this.applySpeech()
    }
  }

  /** Asks for a new proof on the standing connection. */
  async prove(): Promise<void> {
    if (this.leg.connected) await this.command('leg.prove', {})
    else await this.leg.connect()
  }

  /** Follows the call: microphone sent or not, silenced or not. */
  async speak(s: Speech): Promise<void> {
    const ended = !s.talking && this.speech.talking
    this.speech = s
    await this.applySpeech()
    if (!ended) return
    this.quality.reset()
    // A connection made during the call, after a reload, could not be proven then.
    this.askProof(this.leg.generation)
  }

  private async applySpeech(): Promise<void> {
    const track = this.microphone.track
    const send = this.speech.talking || this.proving
    if (track) track.enabled = this.proving || (this.speech.talking && !this.speech.muted)
    await this.leg.send(send ? track : null)
  }

  /** 0…1; the microphone, muted or not. */
  microphoneLevel(): number {
    return this.micEar?.level() ?? 0
  }

  /** 0…1; what the seat hears. */
  remoteLevel(): number {
    return this.remoteEar?.level() ?? 0
  }

  /** Uses another device from now on, without renegotiation. */
  async choose(role: Role, choice: Choice): Promise<void> {
    this.o.choices[role] = choice
    if (role === 'microphone') await this.openMicrophone()
    if (role === 'ringer') await this.ringer.route(choice?.id ?? '')
    if (role === 'headset') await this.routeHeadset(choice?.id ?? '')
  }

  async setGainControl(on: boolean): Promise<void> {
    this.o.gainControl = on
    await this.openMicrophone()
  }

  /** Hangs everything up; the microphone's light goes out. */
  close(): void {
    this.media?.removeEventListener('devicechange', this.onDeviceChange)
    window.removeEventListener('online', this.onOnline)
    if (this.qualityTimer !== null) clearInterval(this.qualityTimer)
    this.ringer.stop()
    this.micEar?.close()
    this.remoteEar?.close()
    this.leg.close()
    this.microphone.close()
    this.speaker.srcObject = null
  }

  /** Leaves the connection, keeps the microphone: another desk has the phone. */
  drop(): void {
    this.ringer.stop()
    this.leg.close()
    this.node = ''
  }

  private command<K extends 'leg.offer' | 'leg.prove' | 'leg.heard'>(type: K, data: Commands[K]): Promise<unknown> {
    return this.o.command(type, data).catch(() => undefined)
  }

  private connectionChanged(state: Connection): void {
    this.o.events.onConnection(state)
    if (state !== 'connected') return
    this.listenRemote()
    // The node's word may be lost to a reconnect of the socket: then ask anyway.
    const gen = this.leg.generation
    setTimeout(() => this.askProof(gen), proofPatienceMs)
    if (this.nodeGen === gen) this.askProof(gen)
  }

  /** The node says that it is connected too: only now can it play the tone. */
  nodeConnected(gen: number): void {
    this.nodeGen = gen
    if (this.leg.connected) this.askProof(gen)
  }

  private askProof(gen: number): void {
    if (gen !== this.leg.generation || gen === this.askedGen || !this.leg.connected || this.speech.talking) return
    this.askedGen = gen
    void this.command('leg.prove', {})
  }

  private listen(): void {
    const audio = this.ringer.audio
    const stream = this.microphone.metered
    if (!audio || !stream) return
    this.micEar?.close()
    this.micEar = new Ear(audio, stream)
    this.listenRemote()
  }

  private listenRemote(): void {
    const audio = this.ringer.audio
    const stream = this.leg.remote
    if (!audio || !stream) return
    this.remoteEar?.close()
    this.remoteEar = new Ear(audio, stream)
  }

  private async refreshDevices(): Promise<DeviceList | null> {
    if (!this.media) return null
    const list = await listDevices(this.media)
    this.o.events.onDevices(list)
    await this.routeHeadset(find(this.o.choices.headset, list.outputs)?.id ?? '')
    await this.ringer.route(find(this.o.choices.ringer, list.outputs)?.id ?? '')
    return list
  }

  private async routeHeadset(id: string): Promise<void> {
    if (canChooseOutput()) await this.speaker.setSinkId(id).catch(() => undefined)
  }

  private async devicesChanged(): Promise<void> {
    const list = await this.refreshDevices()
    const wanted = list && pick(this.o.choices.microphone, list.inputs)
    if (!list || (this.microphone.live && wanted?.id === this.microphone.deviceId)) return
    if (!wanted) return this.o.events.onMicrophone('missing')
    if (await this.openMicrophone()) this.o.events.onSwitched('microphone', wanted.label)
  }

  private async networkChanged(): Promise<void> {
    if (this.node !== '') await this.leg.restart()
  }

  private async measureQuality(): Promise<void> {
    if (!this.speech.talking) return
    const interval = this.quality.take(await this.leg.stats(), performance.now())
    if (!interval) return
    const score = mos(interval)
    this.o.events.onQuality(word(score), score)
  }
}

function round(x: number, digits: number): number {
  const f = 10 ** digits
  return Number.isFinite(x) ? Math.round(x * f) / f : 0
}
