package media

import (
	"math"
	"time"
)

// Quality is how well one direction of audio arrived during a span of time.
type Quality struct {
	Loss   float64       // share of the packets that did not arrive, 0-1
	Jitter time.Duration // of arrival at its end (RFC 3550 §6.4.1)
	Delay  time.Duration // one way, estimated: half the round trip and a jitter buffer; zero when not measured
	MOS    float64       // 1-4.5 by the E-model (ITU-T G.107) for G.711; zero when nothing arrived
}

// frameAhead is what the receiver holds back besides its jitter: one frame.
const frameAhead = FrameDuration

// Since is the quality of what arrived between two counts of one leg.
func (s Stats) Since(before Stats) Quality {
	arrived, lost := s.In-before.In, int64(s.Lost)-int64(before.Lost)
	q := Quality{Jitter: s.Jitter}
	if arrived == 0 {
		return q
	}
	if lost > 0 {
		q.Loss = float64(lost) / (float64(arrived) + float64(lost))
	}
	if s.RoundTrip > 0 {
		q.Delay = s.RoundTrip/2 + 2*s.Jitter + frameAhead
	}
	q.MOS = mos(rating(q))
	return q
}

// rating is the R factor: loss by G.711 with concealment (Ie 0, Bpl 25.1), delay
// by its knee at 177 ms (ITU-T G.113, G.107 simplified).
func rating(q Quality) float64 {
	d := float64(max(q.Delay, 2*q.Jitter+frameAhead)) / float64(time.Millisecond)
	percent := 100 * q.Loss
	return 93.2 - 0.024*d - 0.11*math.Max(0, d-177.3) - 95*percent/(percent+25.1)
}

// mos turns an R factor into a mean opinion score (G.107 annex B).
func mos(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return 1 + 0.035*r + 7e-6*r*(r-60)*(100-r)
}
