package tone

import "math"

// Goertzel is the power of one frequency in samples taken at rate per second,
// relative to full scale: a full-scale sine of hz over the whole gives 1, half
// its amplitude 0.25. The Hann window keeps neighbouring tones 3 bins away
// more than 30 dB down.
func Goertzel(samples []int16, rate int, hz float64) float64 {
	if len(samples) < 3 {
		return 0
	}
	return newWindow(samples).power(hz / float64(rate))
}

// window is samples under a Hann window, so that many frequencies are looked
// for at the price of one.
type window struct {
	values  []float64
	weights float64
}

func newWindow(samples []int16) window {
	n := len(samples)
	w := window{values: make([]float64, n)}
	for i, v := range samples {
		weight := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n-1))
		w.weights += weight
		w.values[i] = weight * float64(v) / math.MaxInt16
	}
	return w
}

// power is that of a frequency in cycles a sample.
func (w window) power(frequency float64) float64 {
	coefficient := 2 * math.Cos(2*math.Pi*frequency)
	var s1, s2 float64
	for _, v := range w.values {
		s1, s2 = v+coefficient*s1-s2, s1
	}
	magnitude := s1*s1 + s2*s2 - coefficient*s1*s2
	return 4 * max(magnitude, 0) / (w.weights * w.weights)
}

// Peak is the loudest frequency from 100 Hz to just below half the rate, and
// its power as of Goertzel. It is exact to a tenth of a bin (rate/len).
func Peak(samples []int16, rate int) (hz, power float64) {
	if len(samples) < 3 {
		return 0, 0
	}
	w, bin := newWindow(samples), float64(rate)/float64(len(samples))
	look := func(from, to, step float64) {
		for f := from; f < to; f += step {
			if p := w.power(f / float64(rate)); p > power {
				hz, power = f, p
			}
		}
	}
	look(100, float64(rate)/2-bin, bin)
	look(hz-bin, hz+bin, bin/10)
	return hz, power
}

// Share is the part, from 0 to 1, of all energy that lies at hz. A clean tone
// has more than 0.95; 1 is reached but for the noise of the encoding.
func Share(samples []int16, rate int, hz float64) float64 {
	total := Power(samples)
	if total == 0 {
		return 0
	}
	return min(Goertzel(samples, rate, hz)/total, 1)
}

// Power is the mean square of the samples, relative to a full-scale sine.
func Power(samples []int16) float64 {
	if len(samples) == 0 {
		return 0
	}
	var sum float64
	for _, v := range samples {
		x := float64(v) / math.MaxInt16
		sum += x * x
	}
	return 2 * sum / float64(len(samples))
}

// Hears says whether a tone of hz is clearly in samples of 8 kHz: 20 dB above
// the average of the rest, and not below -50 dB of full scale.
func Hears(samples []int16, hz float64) bool {
	p := Goertzel(samples, 8000, hz)
	rest := max(Power(samples)-p, 0) / float64(max(len(samples), 1))
	return p > 1e-5 && p > 100*rest
}
