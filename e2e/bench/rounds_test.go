package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		values []float64
		want   float64
	}{
		"one":         {[]float64{7}, 7},
		"odd":         {[]float64{9, 1, 5}, 5},
		"even":        {[]float64{4, 1, 2, 100}, 3},
		"one outlier": {[]float64{1, 1, 1e9}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(tt.values)
			if got := median(tt.values); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !slices.Equal(before, tt.values) {
				t.Error("the values were moved")
			}
		})
	}
	if !math.IsNaN(median(nil)) {
		t.Error("a median of nothing")
	}
}

// script plays rounds of which the noise is given; the value is the round's number.
func script(noise ...float64) (trial, *int) {
	n := new(int)
	return func(context.Context) (sample, error) {
		s := sample{values: map[string]float64{"round": float64(*n)}}
		if *n < len(noise) {
			s.noise = noise[*n]
		}
		*n++
		return s, nil
	}, n
}

func TestInterleave(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ours, peer []float64 // noise
		rounds     int       // run in the end
		quiet      int
		median     float64
	}{
		"all quiet":            {nil, nil, 3, 3, 1},
		"one noisy":            {[]float64{1}, nil, 4, 3, 2},
		"noisy for the peer":   {nil, []float64{0, 1, 0.1}, 4, 3, 2},
		"never quiet":          {[]float64{9, 8, 1, 7, 2, 3}, nil, 6, 0, 4},
		"too few quiet rounds": {[]float64{1, 0, 2, 3, 4, 0}, nil, 6, 2, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(options{rounds: 3, quick: true}, io.Discard)
			l.notes = io.Discard
			defer l.close()
			ours, ran := script(tt.ours...)
			theirs, _ := script(tt.peer...)
			v, err := l.interleave(t.Context(), ours, theirs)
			if err != nil || *ran != tt.rounds || l.quiet != tt.quiet || l.tried != tt.rounds {
				t.Errorf("%d rounds, %d quiet of %d, err = %v", *ran, l.quiet, l.tried, err)
			}
			if v.ours["round"] != tt.median || v.peer["round"] != tt.median {
				t.Errorf("medians %v and %v, want %v", v.ours, v.peer, tt.median)
			}
		})
	}
}

func TestInterleaveTakesTurns(t *testing.T) {
	t.Parallel()
	order := ""
	turn := func(who string) trial {
		return func(context.Context) (sample, error) {
			order += who
			return sample{}, nil
		}
	}
	l := newLab(options{rounds: 3, quick: true}, io.Discard)
	defer l.close()
	if _, err := l.interleave(t.Context(), turn("o"), turn("p")); err != nil || order != "oppoop" {
		t.Errorf("order %q, err = %v", order, err)
	}
}

func TestInterleaveStopsAtAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	fails := func(context.Context) (sample, error) { return sample{}, broken }
	works, _ := script()
	l := newLab(options{rounds: 3, quick: true}, io.Discard)
	defer l.close()
	if _, err := l.interleave(t.Context(), fails, works); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
	if _, err := l.interleave(t.Context(), works, fails); !errors.Is(err, broken) {
		t.Errorf("err = %v", err)
	}
}

func TestNoiseIsNoted(t *testing.T) {
	t.Parallel()
	var notes bytes.Buffer
	l := newLab(options{rounds: 1, quick: true}, io.Discard)
	l.notes = &notes
	defer l.close()
	ours, _ := script(1, 1)
	theirs, _ := script()
	if _, err := l.interleave(t.Context(), ours, theirs); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(notes.Bytes(), []byte("1 of the 1")) {
		t.Errorf("notes: %q", notes.String())
	}
}

func TestSightSince(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	before := sight{at: begin, target: time.Second, others: 5 * time.Second}
	after := sight{at: begin.Add(10 * time.Second), target: 3 * time.Second, others: 6 * time.Second}
	if got := after.since(before); got != (usage{cores: 0.2, noise: 0.1}) {
		t.Errorf("%+v", got)
	}
	after.others = 0 // a process that nobody waited for took its account along
	if got := after.since(before); got.noise != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWatchSeesThisProcess(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	defer l.close()
	ctx, cancel := context.WithCancel(t.Context())
	spinning := make(chan struct{})
	go func() {
		defer close(spinning)
		for ctx.Err() == nil { // the CPU is to be used
		}
	}()
	u, err := l.watch(t.Context(), 300*time.Millisecond, os.Getpid())
	cancel()
	<-spinning
	if err != nil || u.cores <= 0 {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestCalm(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	defer l.close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.calm(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	l.calmWithin = time.Nanosecond // a busy machine is no reason to give up
	if err := l.calm(t.Context()); err != nil {
		t.Errorf("err = %v", err)
	}
}
