package tone

import (
	"context"
	"sync"

	"hotline/media"
)

// Ear is a media.Sink that keeps the newest samples it hears. Any goroutine
// may ask it.
type Ear struct {
	mu      sync.Mutex
	samples []int16
	packets int
	digits  int
	limit   int
	changed chan struct{}
}

// NewEar keeps the newest limit samples (8,000 a second).
func NewEar(limit int) *Ear {
	return &Ear{limit: limit, changed: make(chan struct{})}
}

// Write implements media.Sink.
func (e *Ear) Write(p *media.Packet) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.packets++
	if p.Kind == media.Digit {
		e.digits++
	} else {
		e.samples = p.Law.AppendLinear(e.samples, p.Payload)
	}
	if n := len(e.samples); n > 2*e.limit {
		e.samples = append(e.samples[:0], e.samples[n-e.limit:]...)
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

// Samples is a copy of what was kept.
func (e *Ear) Samples() []int16 {
	samples, _ := e.newest(e.limit)
	return samples
}

// Packets counts all that were heard.
func (e *Ear) Packets() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.packets
}

// Digits counts the packets of telephone-events among them.
func (e *Ear) Digits() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.digits
}

// Forget empties the ear.
func (e *Ear) Forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples, e.packets, e.digits = nil, 0, 0
}

// Await returns the next n samples heard from now on, n being at most the
// ear's limit, or the context's error.
func (e *Ear) Await(ctx context.Context, n int) ([]int16, error) {
	e.Forget()
	for {
		samples, changed := e.newest(n)
		if len(samples) == n {
			return samples, nil
		}
		select {
		case <-ctx.Done():
			return samples, ctx.Err()
		case <-changed:
		}
	}
}

func (e *Ear) newest(n int) ([]int16, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := max(len(e.samples)-n, 0)
	return append([]int16(nil), e.samples[from:]...), e.changed
}
