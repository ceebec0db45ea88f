package tone

import "math"

// Sine is n samples, taken at rate per second, of a tone of hz with amplitude
// from 0 to 1 of full scale.
func Sine(hz, amplitude float64, rate, n int) []int16 {
	samples := make([]int16, n)
	for i := range samples {
		phase := 2 * math.Pi * hz * float64(i) / float64(rate)
		samples[i] = int16(math.Round(amplitude * math.MaxInt16 * math.Sin(phase)))
	}
	return samples
}
