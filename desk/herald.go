package desk

import (
	"context"
	"sync"
	"time"

	"hotline/routing"
)

// How the queue is told again when it did not answer.
const (
	heraldFirst   = 100 * time.Millisecond
	heraldLongest = 5 * time.Second
	heraldTimeout = 2 * time.Second
)

// herald tells the queue what one seat takes, one call at a time, the newest
// only, until the queue has it.
type herald struct {
	desk *Desk
	seat *seat

	mu     sync.Mutex
	status routing.Status
	serial uint64 // of what is wanted; told when equal to told
	told   uint64
	wake   chan struct{}

	waiting []chan struct{} // closed once the queue has the newest
}

func newHerald(d *Desk, s *seat) *herald {
	return &herald{desk: d, seat: s, wake: make(chan struct{}, 1)}
}

// want says what the queue should know. It does not block.
func (h *herald) want(status routing.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if status == h.status {
		return
	}
	h.status = status
	h.stir()
}

// again tells the same once more: the queue may have changed it by itself. The
// channel is closed once the queue has it.
func (h *herald) again() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	heard := make(chan struct{})
	h.waiting = append(h.waiting, heard)
	h.stir()
	return heard
}

func (h *herald) stir() {
	h.serial++
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *herald) run(ctx context.Context) {
	for {
		select {
		case <-h.wake:
			h.insist(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// insist tries until the newest wish is told.
func (h *herald) insist(ctx context.Context) {
	wait := heraldFirst
	for {
		status, serial, due := h.next()
		if !due {
			return
		}
		if err := h.tell(ctx, status); err == nil {
			h.settle(status, serial)
			wait = heraldFirst
			continue
		} else if ctx.Err() == nil {
			h.desk.metrics.heraldFailures.Inc()
			h.seat.log.Warn("the queue does not know the seat's state yet", "status", string(status), "error", err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, heraldLongest)
	}
}

func (h *herald) next() (status routing.Status, serial uint64, due bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status, h.serial, h.told != h.serial
}

func (h *herald) tell(ctx context.Context, status routing.Status) error {
	ctx, cancel := context.WithTimeout(ctx, heraldTimeout)
	defer cancel()
	return h.desk.o.Queue.SetAgent(ctx, h.desk.agent(h.seat.account, status))
}

func (h *herald) settle(status routing.Status, serial uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = serial
	if serial == h.serial {
		for _, heard := range h.waiting {
			close(heard)
		}
		h.waiting = nil
		h.seat.box.post(func() { h.seat.routed(status) })
	}
}
