export { canChooseOutput, type Choice, type Device, type DeviceList, type MicrophoneFault, type Role } from './devices'
export type { Connection } from './leg'
export { Phone, type PhoneEvents, type Speech } from './phone'
export type { QualityWord, Side, Verdict } from './quality'
