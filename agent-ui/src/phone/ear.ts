import { loudest, peakHz, rms, type Heard } from './tone'

/** Listens to a stream without being heard: level for a meter, tone for a proof. */
export class Ear {
  private readonly analyser: AnalyserNode
  private readonly source: MediaStreamAudioSourceNode
  private readonly samples: Float32Array<ArrayBuffer>
  private readonly spectrum: Float32Array<ArrayBuffer>

  constructor(private readonly context: AudioContext, stream: MediaStream) {
    this.analyser = context.createAnalyser()
    this.analyser.fftSize = 4096
    this.analyser.smoothingTimeConstant = 0
    this.source = context.createMediaStreamSource(stream)
    this.source.connect(this.analyser)
    this.samples = new Float32Array(this.analyser.fftSize)
    this.spectrum = new Float32Array(this.analyser.frequencyBinCount)
  }

  /** RMS of the last 85 ms or so, 0…1. */
  level(): number {
    this.analyser.getFloatTimeDomainData(this.samples)
    return rms(this.samples)
  }

  private moment(): Heard {
    const level = this.level()
    this.analyser.getFloatFrequencyData(this.spectrum)
    return { level, hz: peakHz(this.spectrum, this.context.sampleRate, this.analyser.fftSize) }
  }

  /** Listens for `ms` and tells the loudest moment. */
  async listen(ms: number): Promise<Heard> {
    const moments: Heard[] = []
    const end = performance.now() + ms
    while (performance.now() < end) {
      await new Promise((done) => setTimeout(done, 50))
      moments.push(this.moment())
    }
    return loudest(moments)
  }

  close(): void {
    this.source.disconnect()
  }
}
