/** A sound device as the browser names it. */
export interface Device {
  id: string
  label: string
}

/** The three choices of a seat. */
export type Role = 'microphone' | 'headset' | 'ringer'

/** A remembered choice; the label finds the device again when its id has changed. */
export type Choice = Device | null

export interface DeviceList {
  inputs: Device[]
  outputs: Device[]
}

/** Chromium's aliases hide that the device beneath has changed; they are not offered. */
const aliases = new Set(['default', 'communications', ''])

/** What is plugged in now. */
export async function listDevices(media: MediaDevices): Promise<DeviceList> {
  const all = await media.enumerateDevices()
  const of = (kind: MediaDeviceKind): Device[] =>
    all.filter((d) => d.kind === kind && !aliases.has(d.deviceId)).map((d) => ({ id: d.deviceId, label: d.label }))
  return { inputs: of('audioinput'), outputs: of('audiooutput') }
}

/** Finds a remembered device among those plugged in: by id, else by label. */
export function find(choice: Choice, among: Device[]): Device | null {
  if (!choice) return null
  return among.find((d) => d.id === choice.id) ?? among.find((d) => d.label !== '' && d.label === choice.label) ?? null
}

/**
 * Which device a role uses while devices come and go: the chosen one, else the
 * one the shift began with, else the one used last of those that are there. So
 * a headset that is plugged in again is used again.
 */
export class DeviceMemory {
  private used: Device[] = []

  /** Takes note that this device is in use. */
  note(d: Device): void {
    this.used = [...this.used.filter((u) => !same(u, d)), d]
    this.home ??= d
  }

  wanted(choice: Choice, among: Device[]): Device | null {
    const known = [...this.used].reverse().map((u) => find(u, among))
    return find(choice, among) ?? find(this.home, among) ?? known.find((d) => d !== null) ?? among[0] ?? null
  }

  /** Whether this is where the role belongs. */
  atHome(choice: Choice, d: Device): boolean {
    const home = choice ?? this.home
    return home !== null && same(home, d)
  }

  /** A person chose: the shift begins anew. */
  reset(): void {
    this.home = null
  }

  private home: Choice = null
}

function same(a: Device, b: Device): boolean {
  return a.id === b.id || (a.label !== '' && a.label === b.label)
}

/** Processing by default; gain control can be switched off, because it pumps. */
export function microphoneConstraints(id: string | null, gainControl: boolean): MediaStreamConstraints {
  const device = id ? { deviceId: { exact: id } } : {}
  return { audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: gainControl, channelCount: 1 } }
}

/** Why the microphone did not open, as a word the interface translates. */
export type MicrophoneFault = 'denied' | 'missing' | 'busy' | 'insecure' | 'unknown'

export function microphoneFault(error: unknown): MicrophoneFault {
  switch ((error as { name?: string } | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError': return 'denied'
    case 'NotFoundError':
    case 'OverconstrainedError': return 'missing'
    case 'NotReadableError':
    case 'AbortError': return 'busy'
    case 'TypeError': return 'insecure'
    default: return 'unknown'
  }
}

/** Whether an output can be chosen here; not in Safari. */
export function canChooseOutput(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype
}
