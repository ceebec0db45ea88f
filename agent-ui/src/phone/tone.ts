/** What an ear measured: RMS 0…1 of the loudest moment, and its frequency. */
export interface Heard {
  level: number
  hz: number
}

/** Root mean square of samples −1…1. */
export function rms(samples: Float32Array): number {
  if (samples.length === 0) return 0
  let sum = 0
  for (const x of samples) sum += x * x
  return Math.sqrt(sum / samples.length)
}

/**
 * Frequency of the strongest line of a spectrum in dB, between the bins by a
 * parabola through the peak and its neighbours. 0 for silence.
 */
export function peakHz(spectrum: Float32Array, sampleRate: number, fftSize: number): number {
  let peak = 0
  for (let i = 2; i < spectrum.length - 1; i++) {
    if ((spectrum[i] ?? -Infinity) > (spectrum[peak] ?? -Infinity)) peak = i
  }
  const [a, b, c] = [spectrum[peak - 1], spectrum[peak], spectrum[peak + 1]]
  if (peak < 2 || a === undefined || b === undefined || c === undefined || !Number.isFinite(b)) return 0
  const bend = a - 2 * b + c
  const shift = Number.isFinite(bend) && bend !== 0 ? (0.5 * (a - c)) / bend : 0
  return ((peak + shift) * sampleRate) / fftSize
}

/** Of several moments, the loudest; a proof tone fades in and out. */
export function loudest(moments: Heard[]): Heard {
  return moments.reduce((best, m) => (m.level > best.level ? m : best), { level: 0, hz: 0 })
}
