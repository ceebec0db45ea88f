package tone

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"hotline/media"
)

func sine(n int, parts map[float64]float64) []int16 {
	s := make([]int16, n)
	for i := range s {
		var v float64
		for hz, amplitude := range parts {
			v += amplitude * math.Sin(2*math.Pi*hz*float64(i)/8000)
		}
		s[i] = int16(v * math.MaxInt16)
	}
	return s
}

func TestGoertzel(t *testing.T) {
	t.Parallel()
	s := sine(4000, map[float64]float64{1000: 0.5})
	if p := Goertzel(s, 8000, 1000); math.Abs(p-0.25) > 0.01 {
		t.Errorf("power %v, want 0.25", p)
	}
	if p := Goertzel(s, 8000, 1010); p > 0.25/1000 {
		t.Errorf("10 Hz beside: %v", p)
	}
	if p := Goertzel(nil, 8000, 1000); p != 0 {
		t.Errorf("of nothing: %v", p)
	}
}

func TestPeak(t *testing.T) {
	t.Parallel()
	for _, want := range []float64{123, 440, 1004, 3333.3} {
		if hz, _ := Peak(sine(4000, map[float64]float64{want: 0.3, 200: 0.02}), 8000); math.Abs(hz-want) > 0.3 {
			t.Errorf("got %v, want %v", hz, want)
		}
	}
	if hz, p := Peak(nil, 8000); hz != 0 || p != 0 {
		t.Errorf("of nothing: %v, %v", hz, p)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	if s := Share(sine(8000, map[float64]float64{1000: 0.5}), 8000, 1000); s < 0.98 {
		t.Errorf("one tone: %v", s)
	}
	if s := Share(sine(8000, map[float64]float64{1000: 0.3, 600: 0.3}), 8000, 600); s < 0.45 || s > 0.55 {
		t.Errorf("one of two: %v", s)
	}
	if s := Share(make([]int16, 100), 8000, 600); s != 0 {
		t.Errorf("silence: %v", s)
	}
}

func TestHears(t *testing.T) {
	t.Parallel()
	both := sine(4000, map[float64]float64{1000: 0.3, 600: 0.1})
	for hz, want := range map[float64]bool{1000: true, 600: true, 1400: false, 440: false} {
		if Hears(both, hz) != want {
			t.Errorf("%v Hz: want %v", hz, want)
		}
	}
	if Hears(make([]int16, 4000), 1000) {
		t.Error("a tone out of silence")
	}
}

func TestEar(t *testing.T) {
	t.Parallel()
	e := NewEar(320)
	p := &media.Packet{Payload: make([]byte, 160)}
	for range 10 {
		e.Write(p)
	}
	e.Write(&media.Packet{Kind: media.Digit, Payload: make([]byte, 4)})
	if len(e.Samples()) != 320 || e.Packets() != 11 || e.Digits() != 1 {
		t.Errorf("%d samples, %d packets, %d digits", len(e.Samples()), e.Packets(), e.Digits())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if s, err := e.Await(ctx, 160); !errors.Is(err, context.DeadlineExceeded) || len(s) != 0 {
		t.Errorf("%d samples, %v", len(s), err)
	}
}

func TestEarAwaits(t *testing.T) {
	t.Parallel()
	e := NewEar(8000)
	stop := make(chan struct{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			select {
			case <-stop:
				return
			default:
				e.Write(&media.Packet{Payload: make([]byte, 160)})
			}
		}
	}()
	s, err := e.Await(t.Context(), 1600)
	close(stop)
	<-gone
	if err != nil || len(s) != 1600 {
		t.Errorf("%d samples, %v", len(s), err)
	}
}
