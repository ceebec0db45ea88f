package ticketstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline/tickets"
)

// Clock is a tickets.Clock that stands still until told to pass time. Unlike
// testing/synctest it works beside real sockets and databases.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  []*timer
	holds   int           // time stands still while above 0
	stale   bool          // a hold has ended, and nobody has set a timer since
	changed chan struct{} // closed and renewed when a timer is set or a hold ends
}

type timer struct {
	at time.Time
	c  chan time.Time
}

// NewClock starts at now.
func NewClock(now time.Time) *Clock { return &Clock{now: now, changed: make(chan struct{})} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After sets a timer.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	c.timers, c.stale = append(c.timers, t), false
	c.tell()
	return t.c, func() { c.stop(t) }
}

func (c *Clock) stop(t *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers = slices.DeleteFunc(c.timers, func(o *timer) bool { return o == t })
}

// tell wakes Pass; the caller holds the lock.
func (c *Clock) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// hold makes time stand still (1) or go on (-1).
func (c *Clock) hold(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds += n
	c.stale = c.stale || n < 0
	c.tell()
}

// Outbox is o, with time standing still from each claim to its end.
func (c *Clock) Outbox(o tickets.Outbox) tickets.Outbox { return held{o, c} }

type held struct {
	tickets.Outbox
	clock *Clock
}

func (h held) Claim(ctx context.Context, c tickets.Claim) (tickets.Parcel, bool, error) {
	h.clock.hold(1)
	p, ok, err := h.Outbox.Claim(ctx, c)
	if !ok {
		h.clock.hold(-1)
	}
	return p, ok, err
}

func (h held) Delivered(ctx context.Context, p tickets.Parcel, ack string, at time.Time) error {
	defer h.clock.hold(-1)
	return h.Outbox.Delivered(ctx, p, ack, at)
}

func (h held) Failed(ctx context.Context, p tickets.Parcel, why tickets.Failure, next time.Time) error {
	defer h.clock.hold(-1)
	return h.Outbox.Failed(ctx, p, why, next)
}

func (h held) Bury(ctx context.Context, p tickets.Parcel, why tickets.Failure, at time.Time) error {
	defer h.clock.hold(-1)
	return h.Outbox.Bury(ctx, p, why, at)
}

// Pass lets d go by, from timer to timer: after each it waits until whoever it
// woke has set the next. It returns early only with ctx's error.
func (c *Clock) Pass(ctx context.Context, d time.Duration) error {
	end := c.Now().Add(d)
	for {
		if err := c.awaitTimer(ctx); err != nil {
			return err
		}
		if !c.fire(end, false) {
			return nil
		}
	}
}

// Advance lets d go by at once: all timers due by then fire, and nobody is
// waited for.
func (c *Clock) Advance(d time.Duration) {
	for end := c.Now().Add(d); c.fire(end, true); {
	}
}

// awaitTimer returns once a timer is set and nothing holds the clock; after a
// hold a fresh one, since its outcome may call for an earlier timer.
func (c *Clock) awaitTimer(ctx context.Context) error {
	for {
		c.mu.Lock()
		set, changed := len(c.timers) > 0 && c.holds == 0 && !c.stale, c.changed
		c.mu.Unlock()
		if set {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// fire goes to the next timer, or to end; false when end is reached. Without a
// timer it goes to end only if alone: else somebody is about to set one.
func (c *Clock) fire(end time.Time, alone bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := 0
	for j, t := range c.timers {
		if t.at.Before(c.timers[i].at) {
			i = j
		}
	}
	if len(c.timers) == 0 {
		if alone {
			c.now = latest(c.now, end)
		}
		return !alone
	}
	if t := c.timers[i]; !t.at.After(end) {
		c.now = latest(c.now, t.at)
		t.c <- c.now
		c.timers = slices.Delete(c.timers, i, i+1)
		return true
	}
	c.now = latest(c.now, end)
	return false
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
