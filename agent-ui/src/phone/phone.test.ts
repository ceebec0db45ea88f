import { describe, expect, it } from 'vitest'
import { DeviceMemory, find, listDevices, microphoneFault } from './devices'
import { mos, nameAfterMs, QualityJudge, QualityMeter, word } from './quality'
import { ringSamples } from './ringer'
import { loudest, peakHz, rms } from './tone'

describe('tone', () => {
  it('measures the RMS of a sine', () => {
    const sine = Float32Array.from({ length: 4800 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * i) / 48_000))
    expect(rms(sine)).toBeCloseTo(0.3536, 3)
    expect(rms(new Float32Array(0))).toBe(0)
  })

  it('finds a frequency between two bins', () => {
    // A Hann-like peak at bin 85.33: 1000 Hz at 48 kHz and 4096 points.
    const at = (1000 * 4096) / 48_000
    const spectrum = Float32Array.from({ length: 2048 }, (_, i) => -20 - 6 * (i - at) ** 2)
    expect(peakHz(spectrum, 48_000, 4096)).toBeCloseTo(1000, 0)
  })

  it('hears no frequency in silence', () => {
    expect(peakHz(new Float32Array(2048).fill(-Infinity), 48_000, 4096)).toBe(0)
  })

  it('reports the loudest moment', () => {
    expect(loudest([{ level: 0.1, hz: 50 }, { level: 0.3, hz: 1000 }, { level: 0.2, hz: 7 }])).toEqual({ level: 0.3, hz: 1000 })
    expect(loudest([])).toEqual({ level: 0, hz: 0 })
  })

  it('rings within full scale, and rests', () => {
    const ring = ringSamples()
    expect(Math.max(...ring)).toBeGreaterThan(0.2)
    expect(Math.max(...ring.map(Math.abs))).toBeLessThan(1)
    expect(rms(ring.slice(-8000))).toBeLessThan(0.001)
  })
})

describe('quality', () => {
  it.each([
    ['a LAN', { rttMs: 2, jitterBufferMs: 40, loss: 0 }, 'good'],
    ['a lossy link', { rttMs: 60, jitterBufferMs: 60, loss: 0.05 }, 'fair'],
    ['a bad link', { rttMs: 300, jitterBufferMs: 120, loss: 0.12 }, 'poor'],
  ])('calls %s what it is', (_, interval, want) => {
    expect(word(mos(interval))).toBe(want)
  })

  it('counts loss over the interval, not since the call began', () => {
    const meter = new QualityMeter()
    const report = (total: number, concealed: number) => [
      { type: 'inbound-rtp', kind: 'audio', totalSamplesReceived: total, concealedSamples: concealed, silentConcealedSamples: 0, jitterBufferDelay: total * 0.04, jitterBufferEmittedCount: total },
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.01 },
    ]
    expect(meter.take(report(480_000, 48_000), 0)).toBeNull()
    expect(meter.take(report(600_000, 48_000), 2500)).toBeNull()
    const i = meter.take(report(720_000, 60_000), 5000)
    expect(i?.loss).toBeCloseTo(0.05)
    expect(i?.rttMs).toBeCloseTo(10)
    expect(i?.jitterBufferMs).toBeCloseTo(40)
  })

  it.each([
    ['the citizen', { citizen: 3, agent: 4.3, own: 4.3 }, 'citizen'],
    ['the citizen, whose losses are heard here too', { citizen: 3, agent: 4.3, own: 3 }, 'citizen'],
    ['what this desk sends', { citizen: 4.3, agent: 3, own: 4.3 }, 'mine'],
    ['what this desk hears', { citizen: 4.3, agent: 4.3, own: 3 }, 'mine'],
    ['both', { citizen: 3, agent: 3, own: 3 }, 'both'],
  ])('names the side after ten seconds: %s', (_, s, want) => {
    const judge = new QualityJudge()
    for (let at = 0; at <= nameAfterMs; at += 2000) {
      judge.hearNode(s.citizen, s.agent, at)
      judge.hearSelf(s.own, at)
      const v = judge.verdict(at)
      expect(v?.word).toBe('poor')
      expect(v?.side).toBe(at < nameAfterMs ? null : want)
    }
    judge.hearNode(4.3, 4.3, 12_000)
    judge.hearSelf(4.3, 12_000)
    expect(judge.verdict(12_000)).toMatchObject({ word: 'good', side: null })
  })

  it('says nothing from scores that are old, or of nothing', () => {
    const judge = new QualityJudge()
    judge.hearNode(0, 0, 0)
    expect(judge.verdict(0)).toBeNull()
    judge.hearNode(4, 0, 1000)
    expect(judge.verdict(2000)?.scores).toEqual({ citizen: 4, agent: null, own: null })
    expect(judge.verdict(20_000)).toBeNull()
  })

  it('says nothing without audio', () => {
    const meter = new QualityMeter()
    meter.take([], 0)
    expect(meter.take([], 5000)).toBeNull()
  })
})

describe('devices', () => {
  const media = (ids: string[]) =>
    ({ enumerateDevices: async () => ids.map((id) => ({ kind: 'audioinput', deviceId: id, label: `L${id}` })) }) as unknown as MediaDevices

  it('leaves out the aliases', async () => {
    expect((await listDevices(media(['default', 'communications', 'a']))).inputs).toEqual([{ id: 'a', label: 'La' }])
  })

  it('finds a replugged device by its label', () => {
    const now = [{ id: 'x', label: 'Cam' }, { id: 'new', label: 'Jabra' }]
    expect(find({ id: 'old', label: 'Jabra' }, now)?.id).toBe('new')
    expect(find({ id: 'gone', label: 'Gone' }, now)).toBeNull()
  })

  describe('that come and go', () => {
    const [jabra, cam, usb] = [{ id: 'j', label: 'Jabra' }, { id: 'c', label: 'Cam' }, { id: 'u', label: 'USB' }]

    it('go on with the one used last, and return to where the shift began', () => {
      const memory = new DeviceMemory()
      memory.note(usb)
      memory.note(cam)
      memory.note(jabra)
      const began = new DeviceMemory()
      began.note(jabra)
      expect(began.wanted(null, [cam, usb])).toBe(cam)
      began.note(cam)
      expect(began.atHome(null, cam)).toBe(false)
      expect(began.wanted(null, [usb, cam, { ...jabra, id: 'j2' }])?.id).toBe('j2')
      expect(memory.wanted(null, [cam, jabra])).toBe(jabra)
    })

    it('prefer a choice to everything else', () => {
      const memory = new DeviceMemory()
      memory.note(cam)
      expect(memory.wanted(jabra, [cam, jabra])).toBe(jabra)
      expect(memory.atHome(jabra, cam)).toBe(false)
      expect(memory.wanted(jabra, [usb, cam])).toBe(cam)
      memory.reset()
      memory.note(usb)
      expect(memory.wanted(null, [cam, usb])).toBe(usb)
      expect(memory.wanted(null, [])).toBeNull()
    })
  })

  it.each([
    ['NotAllowedError', 'denied'], ['NotFoundError', 'missing'], ['NotReadableError', 'busy'], ['TypeError', 'insecure'], ['Odd', 'unknown'],
  ])('tells %s in a word', (name, want) => {
    expect(microphoneFault({ name })).toBe(want)
  })
})
