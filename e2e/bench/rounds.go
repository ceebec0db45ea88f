package main

import (
	"context"
	"math"
	"os"
	"slices"
	"time"
)

// noiseLimit is how many cores the rest of the machine may use in a quiet round.
const noiseLimit = 0.15

// The machine is looked at for calmLook, again and again for calmPatience at most.
const (
	calmLook     = 500 * time.Millisecond
	calmPatience = 15 * time.Second
)

// sample is what one round of one contender gave: values by name, and how many
// cores the rest of the machine used meanwhile.
type sample struct {
	values map[string]float64
	noise  float64
}

// trial runs one round of one contender.
type trial func(ctx context.Context) (sample, error)

// usage is what a stretch of time cost.
type usage struct {
	cores float64 // of the target and its descendants
	noise float64 // cores of all that the lab did not start
}

// watch measures the processes of the target, with their descendants, for the
// time given.
func (l *lab) watch(ctx context.Context, d time.Duration, target ...int) (usage, error) {
	before, err := look(target)
	if err != nil {
		return usage{}, err
	}
	if err := wait(ctx, d); err != nil {
		return usage{}, err
	}
	after, err := look(target)
	if err != nil {
		return usage{}, err
	}
	return after.since(before), nil
}

// sight is one look at all clocks.
type sight struct {
	at             time.Time
	target, others time.Duration
}

func look(target []int) (sight, error) {
	all, err := tasks("/proc")
	if err != nil {
		return sight{}, err
	}
	return sight{
		at:     time.Now(),
		target: sum(all, family(all, target...)),
		others: others(all, family(all, os.Getpid())),
	}, nil
}

func (s sight) since(before sight) usage {
	took := s.at.Sub(before.at).Seconds()
	return usage{
		cores: (s.target - before.target).Seconds() / took,
		noise: max(0, (s.others-before.others).Seconds()/took),
	}
}

// versus is the medians of both contenders.
type versus struct{ ours, peer map[string]float64 }

// interleave lets both contenders take turns until as many rounds as wanted
// were quiet for both, or twice as many were run; then the quietest count.
func (l *lab) interleave(ctx context.Context, ours, peer trial) (versus, error) {
	var rounds []match
	for len(rounds) < 2*l.rounds && quietOnes(rounds) < l.rounds {
		if err := l.calm(ctx); err != nil {
			return versus{}, err
		}
		m, err := play(ctx, ours, peer, len(rounds)%2 == 1)
		if err != nil {
			return versus{}, err
		}
		rounds = append(rounds, m)
		l.stopAll()
	}
	l.tried += len(rounds)
	l.quiet += quietOnes(rounds)
	kept := quietest(rounds, l.rounds)
	if noisy := len(kept) - quietOnes(kept); noisy > 0 {
		l.note("the machine was busy: %d of the %d rounds that count are noisy", noisy, len(kept))
	}
	var v versus
	v.ours = medians(kept, func(m match) sample { return m.ours })
	v.peer = medians(kept, func(m match) sample { return m.peer })
	return v, nil
}

// calm waits a while for the rest of the machine to be quiet: a round is longer
// than a wait.
func (l *lab) calm(ctx context.Context) error {
	for until := time.Now().Add(l.calmWithin); time.Now().Before(until); {
		u, err := l.watch(ctx, calmLook)
		if err != nil || u.noise <= noiseLimit {
			return err
		}
	}
	return nil
}

// match is one round of both.
type match struct{ ours, peer sample }

func (m match) noise() float64 { return max(m.ours.noise, m.peer.noise) }

func play(ctx context.Context, ours, peer trial, peerFirst bool) (m match, err error) {
	if peerFirst {
		if m.peer, err = peer(ctx); err != nil {
			return m, err
		}
	}
	if m.ours, err = ours(ctx); err != nil {
		return m, err
	}
	if !peerFirst {
		m.peer, err = peer(ctx)
	}
	return m, err
}

func quietOnes(rounds []match) (n int) {
	for _, m := range rounds {
		if m.noise() <= noiseLimit {
			n++
		}
	}
	return n
}

// quietest are at most n rounds, those in which the rest of the machine did least.
func quietest(rounds []match, n int) []match {
	kept := slices.Clone(rounds)
	slices.SortStableFunc(kept, func(a, b match) int {
		switch {
		case a.noise() < b.noise():
			return -1
		case a.noise() > b.noise():
			return 1
		default:
			return 0
		}
	})
	return kept[:min(n, len(kept))]
}

// medians of each value, by name.
func medians(rounds []match, of func(match) sample) map[string]float64 {
	gathered := map[string][]float64{}
	for _, m := range rounds {
		for name, v := range of(m).values {
			gathered[name] = append(gathered[name], v)
		}
	}
	middle := make(map[string]float64, len(gathered))
	for name, values := range gathered {
		middle[name] = median(values)
	}
	return middle
}

// median is NaN of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
