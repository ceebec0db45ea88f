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

/** The device to use: the remembered one, else the first of what is there. */
export function pick(choice: Choice, among: Device[]): Device | null {
  return find(choice, among) ?? among[0] ?? null
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
