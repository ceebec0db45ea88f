import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FarLegs } from './far'

/** A peer connection that does as it is told. */
class FakePeer extends EventTarget {
  static made: FakePeer[] = []
  connectionState = 'new'
  iceGatheringState = 'complete'
  signalingState = 'stable'
  localDescription: { sdp: string } | null = null
  onconnectionstatechange: (() => void) | null = null
  ontrack: unknown = null
  sent: unknown = undefined
  remote = ''
  restarts = 0

  constructor() {
    super()
    FakePeer.made.push(this)
  }

  addTransceiver(): unknown {
    const sender = {
      track: null as unknown,
      replaceTrack: async (track: unknown) => {
        sender.track = track
        this.sent = track
      },
    }
    return { sender }
  }

  async createOffer(o: { iceRestart: boolean }): Promise<{ sdp: string }> {
    if (o.iceRestart) this.restarts++
    return { sdp: `offer ${FakePeer.made.indexOf(this)}` }
  }

  async setLocalDescription(d: { sdp: string }): Promise<void> {
    this.localDescription = d
    this.signalingState = 'have-local-offer'
  }

  async setRemoteDescription(d: { sdp: string }): Promise<void> {
    this.remote = d.sdp
    this.signalingState = 'stable'
  }

  close(): void {
    this.connectionState = 'closed'
  }

  becomes(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }
}

const track = {} as MediaStreamTrack
let offers: [string, number, string][]
let states: [string, string][]
let far: FarLegs

const last = (): FakePeer => FakePeer.made.at(-1)!

beforeEach(() => {
  FakePeer.made = []
  vi.stubGlobal('RTCPeerConnection', FakePeer)
  vi.stubGlobal('RTCRtpReceiver', {})
  offers = []
  states = []
  far = new FarLegs(() => ({ srcObject: null }) as HTMLAudioElement, {
    onOffer: (...o) => offers.push(o),
    onConnection: (...s) => states.push(s),
  })
})
afterEach(() => vi.unstubAllGlobals())

describe('connections to other nodes', () => {
  it('are made at the first call from there, and kept', async () => {
    await far.need('')
    expect(FakePeer.made).toHaveLength(0)
    await far.need('north')
    expect(offers).toMatchObject([['north', expect.any(Number), 'offer 0']])
    await far.need('north') // told again while it is made
    last().becomes('connected')
    await far.need('')
    await far.need('north')
    expect(FakePeer.made).toHaveLength(1)
    await far.need('south')
    expect(offers.map(([node]) => node)).toEqual(['north', 'south'])
  })

  it('take their own node’s answers only', async () => {
    await far.need('north')
    const gen = offers[0]![1]
    await far.answer({ node: 'south', gen, sdp: 'wrong' })
    await far.answer({ node: 'north', gen: gen - 1, sdp: 'stale' })
    expect(last().remote).toBe('')
    await far.answer({ node: 'north', gen, sdp: 'right' })
    expect(last().remote).toBe('right')
  })

  it('carry the microphone to one node at a time', async () => {
    await far.need('north')
    await far.need('south')
    const [north, south] = FakePeer.made
    await far.send('north', track)
    expect([north!.sent, south!.sent]).toEqual([track, undefined])
    await far.send('south', track)
    expect([north!.sent, south!.sent]).toEqual([null, track])
    await far.send('', null)
    expect([north!.sent, south!.sent]).toEqual([null, null])
  })

  it('come back while a call needs them, and only then', async () => {
    await far.need('north')
    last().becomes('connected')
    last().becomes('failed')
    await vi.waitFor(() => expect(offers).toHaveLength(2))
    expect(states.map(([, s]) => s)).toEqual(['connected', 'failed'])
    last().becomes('connected')
    await far.need('')
    last().becomes('failed')
    await Promise.resolve()
    expect(offers).toHaveLength(2)
    expect(far.has('north')).toBe(false)
  })

  it('start over when the node has lost them', async () => {
    await far.need('north')
    last().becomes('connected')
    far.lost('north', offers[0]![1] - 1)
    expect(last().restarts).toBe(0)
    far.lost('north', offers[0]![1])
    await vi.waitFor(() => expect(offers).toHaveLength(2))
    expect(last().restarts).toBe(1)
    await far.need('')
    far.lost('north', offers[1]![1])
    expect(far.has('north')).toBe(false)
    expect(last().connectionState).toBe('closed')
  })

  it('end together', async () => {
    await far.need('north')
    await far.need('south')
    far.close()
    expect(FakePeer.made.map((p) => p.connectionState)).toEqual(['closed', 'closed'])
    expect(far.has('north')).toBe(false)
  })
})
