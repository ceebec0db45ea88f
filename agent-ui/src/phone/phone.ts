import type { Commands, LegAnswer, LegTone } from '../socket'
import { canChooseOutput, DeviceMemory, listDevices, microphoneFault, type Choice, type Device, type DeviceList, type MicrophoneFault, type Role } from './devices'
import { Ear } from './ear'
import { FarLegs } from './far'
import { Leg, type Connection } from './leg'
import { Microphone } from './microphone'
import { mos, QualityJudge, QualityMeter, type Verdict } from './quality'
import { Ringer } from './ringer'

/** What the phone tells its owner. */
export interface PhoneEvents {
  onConnection(state: Connection): void
  onMicrophone(fault: MicrophoneFault | null): void
  onDevices(list: DeviceList): void
  /** A device went away and this one is in use; or the one that belongs there came back. */
  onSwitched(role: Role, label: string, back: boolean): void
  onQuality(verdict: Verdict | null): void
}

export interface PhoneOptions {
  command<K extends 'leg.offer' | 'leg.prove' | 'leg.heard'>(type: K, data: Commands[K]): Promise<unknown>
  events: PhoneEvents
  choices: Record<Role, Choice>
  gainControl: boolean
}

/** What the call wants of the microphone. */
export interface Speech {
  /** It rings, or somebody talks: no time for a proof. */
  busy: boolean
  talking: boolean
  muted: boolean
  /** Where the call's audio is; '' for the desk's own node. */
  node: string
}

const qualityEveryMs = 2000
/** How long a connected desk waits for the node to say the same. */
const proofPatienceMs = 1500
/** A proof that met another one under way is asked for again, this often. */
const proofTries = 3
/** Chromium checks its path each 2.5 s: no sign of life for this long is a dead one. */
const lifeMs = 3500

/**
 * The softphone of one seat: microphone, standing connection, proof of audio,
 * ring, devices. Knows no framework and no call logic; its owner says when to
 * talk.
 */
export class Phone {
  readonly ringer = new Ringer()
  private readonly leg: Leg
  private readonly far: FarLegs
  private readonly microphone: Microphone
  private readonly quality = new QualityMeter()
  private readonly judge = new QualityJudge()
  private readonly memory: Record<Role, DeviceMemory> = { microphone: new DeviceMemory(), headset: new DeviceMemory(), ringer: new DeviceMemory() }
  private outputs: Partial<Record<Role, string>> = {}
  private deviceWork: Promise<unknown> = Promise.resolve()
  private micLost = false
  private readonly speaker = new Audio()
  private node = ''
  private speech: Speech = { busy: false, talking: false, muted: false, node: '' }
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
    this.far = new FarLegs(farSpeaker, {
      onOffer: (node, gen, sdp) => void this.command('leg.offer', { node, gen, sdp }),
      onConnection: (_, state) => state === 'connected' && this.listenRemote(),
    })
    this.microphone = new Microphone(this.media, () => void this.microphoneEnded())
    this.media?.addEventListener('devicechange', this.onDeviceChange)
    window.addEventListener('online', this.onOnline)
    this.qualityTimer = setInterval(() => void this.measureQuality(), qualityEveryMs)
  }

  /** Lets sound out; in a click, or with an open microphone. */
  async unlock(): Promise<boolean> {
    const running = await this.ringer.unlock()
    this.listen()
    if (this.leg.remote) void this.speaker.play().catch(() => undefined)
    return running
  }

  /** Opens the microphone; a fault is told, not thrown. */
  async openMicrophone(): Promise<boolean> {
    return this.inTurn(() => this.useMicrophone())
  }

  /** Devices come and go in bursts: one piece of work at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.deviceWork.then(work, work)
    this.deviceWork = done
    return done
  }

  private async useMicrophone(): Promise<boolean> {
    try {
      const inputs = this.media ? (await listDevices(this.media)).inputs : []
      const wanted = this.memory.microphone.wanted(this.o.choices.microphone, inputs)
      await this.microphone.open(wanted?.id ?? null, this.o.gainControl)
      if (!wanted) await this.pin()
    } catch (error) {
      await this.microphoneGone(microphoneFault(error))
      return false
    }
    this.listen()
    await this.applySpeech()
    await this.refreshDevices()
    this.o.events.onMicrophone(null)
    if (this.micLost) {
      this.micLost = false
      this.reprove()
    }
    return true
  }

  /** Before the permission devices have no names; the alias that was opened would hide a change beneath it. */
  private async pin(): Promise<void> {
    if (!this.media) return
    const { inputs } = await listDevices(this.media)
    const beneath = inputs.find((d) => d.label !== '' && this.microphone.label.endsWith(d.label))
    if (beneath && beneath.id !== this.microphone.deviceId) await this.microphone.open(beneath.id, this.o.gainControl)
  }

  /** No microphone: nothing is sent, so that the node knows, and a proof will fail. */
  private async microphoneGone(fault: MicrophoneFault): Promise<void> {
    const news = !this.micLost
    this.micLost = true
    if (!this.microphone.live) this.microphone.close()
    await this.applySpeech()
    this.o.events.onMicrophone(fault)
    if (news) this.reprove()
  }

  /** The track ended: its device was pulled, or the permission taken. */
  private async microphoneEnded(): Promise<void> {
    await this.applySpeech()
    await this.inTurn(() => this.followDevices())
  }

  /** Offers a connection to this node unless the one there stands. */
  async connect(node: string, fresh: boolean): Promise<void> {
    const same = node === this.node
    this.node = node
    if (!same || fresh) this.far.close() // another seat, which knows nothing of them
    if (!same || fresh) await this.leg.connect()
    else if (!this.leg.connected) await this.leg.restart()
    else void this.checkLife()
    await this.applySpeech()
  }

  /** The socket was away, and the connection says that all is well: perhaps it has not noticed yet. */
  private async checkLife(): Promise<void> {
    const [gen, before] = [this.leg.generation, await this.leg.signs()]
    await new Promise((done) => setTimeout(done, lifeMs))
    if (gen === this.leg.generation && this.leg.connected && (await this.leg.signs()) === before) await this.leg.restart()
  }

  async answer(a: LegAnswer): Promise<void> {
    await (this.far.has(a.node) ? this.far : this.leg).answer(a)
  }

  /** Measures the proof tone while the microphone is open, and reports. */
  async tone(t: LegTone): Promise<void> {
    if (t.gen !== this.leg.generation) return
    this.proving = true
    await this.applySpeech()
    try {
      this.listenRemote()
      const heard = await this.remoteEar?.listen(t.ms)
      const lost = await this.o.command('leg.heard', { gen: t.gen, level: round(heard?.level ?? 0, 4), hz: round(heard?.hz ?? 0, 1) }).then(() => false, unavailable)
      if (lost) setTimeout(() => this.reprove(), proofPatienceMs)
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
    const was = this.speech
    this.speech = s
    void this.far.need(s.node)
    await this.applySpeech()
    if (was.node !== s.node) this.listenRemote()
    if (was.talking && !s.talking) {
      this.quality.reset()
      this.judge.reset()
    }
    if (!was.busy || s.busy) return
    // A connection made during ring or call, after a reload, could not be proven then.
    if (this.micLost) this.reprove()
    else this.askProof(this.leg.generation)
  }

  private async applySpeech(): Promise<void> {
    const track = this.microphone.track
    const send = this.speech.talking || this.proving
    if (track) track.enabled = this.proving || (this.speech.talking && !this.speech.muted)
    const node = this.proving ? '' : this.speech.node
    await this.leg.send(send && node === '' ? track : null)
    await this.far.send(node, send ? track : null)
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
    this.memory[role].reset()
    if (role === 'microphone') await this.openMicrophone()
    else await this.inTurn(() => this.refreshDevices())
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
    this.far.close()
    this.microphone.close()
    this.speaker.srcObject = null
  }

  /** Leaves the connection, keeps the microphone: another desk has the phone. */
  drop(): void {
    this.ringer.stop()
    this.leg.close()
    this.far.close()
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

  /** The node has lost this connection, whatever it looks like from here. */
  nodeLost(gen: number): void {
    if (gen === this.leg.generation) void this.leg.restart()
  }

  /** The same of the connection to another node. */
  farLost(node: string, gen: number): void {
    this.far.lost(node, gen)
  }

  /** The node hears nothing of what is being said: its path is dead, though the browser has not noticed yet. */
  unheard(): void {
    const leg = this.current
    if (leg.connected && this.microphone.live) void leg.restart()
  }

  /** The connection that the call at hand is on. */
  private get current(): Leg {
    return this.far.at(this.speech.node) ?? this.leg
  }

  /** How the node hears both sides. */
  nodeMeasured(citizen: number, agent: number): void {
    if (!this.speech.talking) return
    this.judge.hearNode(citizen, agent, performance.now())
    this.o.events.onQuality(this.judge.verdict(performance.now()))
  }

  private askProof(gen: number): void {
    if (gen !== this.leg.generation || gen === this.askedGen || !this.leg.connected || this.speech.busy) return
    this.askedGen = gen
    void this.askAgain(gen, proofTries)
  }

  private async askAgain(gen: number, tries: number): Promise<void> {
    await this.deviceWork // a proof without a microphone that is just being opened would fail
    const refused = await this.o.command('leg.prove', {}).then(() => false, () => true)
    if (!refused) return
    await new Promise((done) => setTimeout(done, proofPatienceMs))
    if (gen !== this.leg.generation) return
    if (tries > 1 && this.leg.connected && !this.speech.busy) await this.askAgain(gen, tries - 1)
    else this.askedGen = 0 // the next occasion asks
  }

  /** What was proven is in doubt. */
  private reprove(): void {
    this.askedGen = 0
    this.askProof(this.leg.generation)
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
    const stream = (this.proving ? this.leg : this.current).remote
    if (!audio || !stream) return
    this.remoteEar?.close()
    this.remoteEar = new Ear(audio, stream)
  }

  private async refreshDevices(): Promise<DeviceList | null> {
    if (!this.media) return null
    const list = await listDevices(this.media)
    this.o.events.onDevices(list)
    await this.routeOutput('headset', list.outputs)
    await this.routeOutput('ringer', list.outputs)
    const mic = list.inputs.find((d) => d.id === this.microphone.deviceId)
    if (mic) this.memory.microphone.note(mic)
    return list
  }

  /** Sends a role's sound to its device; without a choice to the system's, until one is pulled. */
  private async routeOutput(role: 'headset' | 'ringer', among: Device[]): Promise<void> {
    const choice = this.o.choices[role]
    const to = choice ? this.memory[role].wanted(choice, among) : null
    if (to) this.memory[role].note(to)
    const [was, is] = [this.outputs[role], to?.id ?? '']
    this.outputs[role] = is
    if (role === 'ringer') await this.ringer.route(is)
    else if (canChooseOutput()) {
      await this.speaker.setSinkId(is).catch(() => undefined)
      await this.far.route(is)
    }
    if (to && was !== undefined && was !== is) this.o.events.onSwitched(role, to.label, this.memory[role].atHome(choice, to))
  }

  private async devicesChanged(): Promise<void> {
    await this.inTurn(() => this.followDevices())
  }

  /** Uses the device that belongs here of those that are there now. */
  private async followDevices(): Promise<void> {
    const list = await this.refreshDevices()
    if (!list) return
    const { choices } = this.o
    const wanted = this.memory.microphone.wanted(choices.microphone, list.inputs)
    if (this.microphone.live && wanted?.id === this.microphone.deviceId) return
    if (!wanted) return this.microphoneGone('missing')
    if (await this.useMicrophone()) this.o.events.onSwitched('microphone', wanted.label, this.memory.microphone.atHome(choices.microphone, wanted))
  }

  private async networkChanged(): Promise<void> {
    if (this.node !== '') await this.leg.restart()
  }

  private async measureQuality(): Promise<void> {
    if (!this.speech.talking) return
    const interval = this.quality.take(await this.current.stats(), performance.now())
    if (!interval) return
    this.judge.hearSelf(mos(interval), performance.now())
    this.o.events.onQuality(this.judge.verdict(performance.now()))
  }
}

/** The node could not count: nothing is known, so it is tried again. */
function unavailable(error: unknown): boolean {
  return (error as { code?: string } | null)?.code === 'unavailable'
}

function farSpeaker(): HTMLAudioElement {
  const speaker = new Audio()
  speaker.autoplay = true
  return speaker
}

function round(x: number, digits: number): number {
  const f = 10 ** digits
  return Number.isFinite(x) ? Math.round(x * f) / f : 0
}
