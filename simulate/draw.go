package simulate

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// sampler draws times of one distribution.
type sampler func() time.Duration

// endless is the patience of who never gives up.
const endless = time.Duration(math.MaxInt64)

// sampler of the times; src belongs to it alone, so that another policy meets
// the same citizens (common random numbers).
func (t Times) sampler(src rand.Source) sampler {
	mean := t.Mean.Seconds()
	switch {
	case t.Mean == 0:
		return func() time.Duration { return endless }
	case t.CV == 0:
		return func() time.Duration { return t.Mean }
	case t.CV == 1:
		d := distuv.Exponential{Rate: 1 / mean, Src: src}
		return func() time.Duration { return seconds(d.Rand()) }
	default:
		sigma2 := math.Log(1 + t.CV*t.CV)
		d := distuv.LogNormal{Mu: math.Log(mean) - sigma2/2, Sigma: math.Sqrt(sigma2), Src: src}
		return func() time.Duration { return seconds(d.Rand()) }
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// source is one stream of random numbers: of one replication, one kind of
// arrivals, one use. Streams whose names differ in one bit have nothing in
// common.
func (s Scenario) source(replication, arrivals, use int) rand.Source {
	name := fmt.Sprintf("%d %d %d %d", s.Seed, replication, arrivals, use)
	return rand.NewChaCha8(sha256.Sum256([]byte(name)))
}
