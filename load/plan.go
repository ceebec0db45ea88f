package load

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// leaving says when a citizen means to hang up.
type leaving string

const (
	stays      leaving = ""         // talks to the end, if patience lasts
	inGreeting leaving = "greeting" // soon after the answer
	inQueue    leaving = "queue"    // before patience is over
	atRing     leaving = "ring"     // as soon as a desk rings
)

// visit is what one citizen will do.
type visit struct {
	at       time.Duration // after the beginning
	number   string        // shown to the trunk
	leaves   leaving
	after    time.Duration // from the answer, for inGreeting and inQueue
	talk     time.Duration
	patience time.Duration
}

// hasty is the longest that a citizen who leaves in the greeting hears of it.
const hasty = time.Second

// plan draws all visits; the same options give the same ones.
func plan(o Options) []visit {
	draw := rand.New(rand.NewPCG(o.Seed, 12345)) //nolint:gosec // a schedule is no secret
	var all []visit
	for at := next(draw, o.Rate); at < o.For && (o.Calls == 0 || len(all) < o.Calls); at += next(draw, o.Rate) {
		v := visit{at: at, number: numberOf(len(all)), talk: o.Talk, patience: o.Patience}
		if !o.Fixed {
			v.talk = time.Duration(draw.ExpFloat64() * float64(o.Talk))
		}
		if draw.Float64() < o.Abandon {
			v.leaveEarly(draw)
		}
		all = append(all, v)
	}
	return all
}

// next is the time to the next arrival.
func next(draw *rand.Rand, rate float64) time.Duration {
	return time.Duration(draw.ExpFloat64() / rate * float64(time.Second))
}

// leaveEarly lets a third each leave in the greeting, the queue and the ring.
func (v *visit) leaveEarly(draw *rand.Rand) {
	v.leaves = []leaving{inGreeting, inQueue, atRing}[draw.IntN(3)]
	switch v.leaves {
	case inGreeting:
		v.after = time.Duration(draw.Float64() * float64(min(hasty, v.patience)))
	case inQueue:
		v.after = time.Duration((0.2 + 0.8*draw.Float64()) * float64(v.patience))
	case stays, atRing:
	}
}

// numberOf makes the i-th citizen's: the digits that a masked number shows are
// theirs alone, for the first 700,000.
func numberOf(i int) string { return fmt.Sprintf("1%02d0000%04d", 30+i/10_000%70, i%10_000) }

// masked is how the node shows the number.
func masked(number string) string { return "+86" + number[:3] + "****" + number[7:] }
