package tickets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/contact"
)

// Clock tells the time and waits; SystemClock is the real one.
type Clock interface {
	Now() time.Time
	// After sends once d has passed; stop frees the timer before.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// After is a timer.
func (SystemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// DispatcherOptions makes a Dispatcher.
type DispatcherOptions struct {
	Outbox Outbox
	Sinks  Sinks
	Node   string // claims are made in its name
	// OnDelivery is told of each outcome (delivered, failed, dead_letter); may
	// be nil, must not block.
	OnDelivery  func(number string, id contact.ID, state DeliveryState)
	Clock       Clock         // SystemClock when nil
	Backoff     Backoff       // 1 s to 5 min
	Concurrency int           // units at once; 64 when zero
	Timeout     time.Duration // of one attempt, 30 s when zero
	MaxAge      time.Duration // then a parcel is given up; 72 h when zero
	Poll        time.Duration // to find what other nodes left; 5 s when zero
	Log         *slog.Logger
	Registerer  Registerer
}

// Dispatcher brings parcels to their units: at least once, the same bytes each
// time, in order within a unit and one at a time, and no unit waits for
// another. Several nodes may run one on the same outbox.
type Dispatcher struct {
	o    DispatcherOptions
	flow *flow
	wake chan struct{}
	done chan string // units whose courier came back
}

// NewDispatcher makes a dispatcher; the error names the option that is missing.
func NewDispatcher(o DispatcherOptions) (*Dispatcher, error) {
	switch {
	case o.Outbox == nil:
		return nil, errors.New("tickets: Outbox is missing")
	case o.Sinks == nil:
		return nil, errors.New("tickets: Sinks is missing")
	}
	o = o.withDefaults()
	return &Dispatcher{
		o: o, flow: newFlow(o.Registerer), wake: make(chan struct{}, 1), done: make(chan string, o.Concurrency),
	}, nil
}

func (o DispatcherOptions) withDefaults() DispatcherOptions {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	if o.OnDelivery == nil {
		o.OnDelivery = func(string, contact.ID, DeliveryState) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Concurrency = orDefault(o.Concurrency, 64)
	o.Timeout = orDefault(o.Timeout, 30*time.Second)
	o.MaxAge = orDefault(o.MaxAge, 72*time.Hour)
	o.Poll = orDefault(o.Poll, 5*time.Second)
	o.Backoff = o.Backoff.withDefaults()
	return o
}

func orDefault[T int | time.Duration](v, standard T) T {
	if v <= 0 {
		return standard
	}
	return v
}

// Wake makes the dispatcher look at the outbox now. It never blocks.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends; attempts under way are cut off then, and made
// again by whoever runs next. It returns ctx's error. Run it once.
func (d *Dispatcher) Run(ctx context.Context) error {
	var couriers sync.WaitGroup
	defer couriers.Wait()
	out := map[string]bool{} // units with a courier: this loop alone touches it; true for a unit in trouble
	for ctx.Err() == nil {
		pause := d.send(ctx, out, &couriers)
		d.rest(ctx, out, pause)
	}
	return ctx.Err()
}

// send starts a courier for each unit that is due, and tells how long nothing
// more will be.
func (d *Dispatcher) send(ctx context.Context, out map[string]bool, couriers *sync.WaitGroup) time.Duration {
	heads, err := d.o.Outbox.Heads(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.o.Log.Error("the outbox cannot be read", "error", err)
		}
		return d.o.Poll
	}
	d.flow.waiting.Set(float64(len(heads)))
	pause, now := d.o.Poll, d.o.Clock.Now()
	for _, h := range heads {
		switch wait := h.Due.Sub(now); {
		case isOut(out, h.Unit):
		case wait > 0:
			pause = min(pause, wait)
		case d.room(out, h):
			out[h.Unit] = h.Attempts > 0
			couriers.Go(func() { d.courier(ctx, h.Unit) })
		}
	}
	d.flow.inFlight.Set(float64(len(out)))
	return pause
}

func isOut(out map[string]bool, unit string) bool {
	_, ok := out[unit]
	return ok
}

// room keeps three quarters of the couriers for units that are well, so that
// many that hang cannot delay the others.
func (d *Dispatcher) room(out map[string]bool, h Head) bool {
	if len(out) >= d.o.Concurrency {
		return false
	}
	troubled := 0
	for _, trouble := range out {
		if trouble {
			troubled++
		}
	}
	return h.Attempts == 0 || troubled < max(d.o.Concurrency/4, 1)
}

func (d *Dispatcher) rest(ctx context.Context, out map[string]bool, pause time.Duration) {
	timer, stop := d.o.Clock.After(pause)
	defer stop()
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-timer:
	case unit := <-d.done:
		delete(out, unit)
	}
}

// courier delivers the parcels of one unit, head first, until one fails.
func (d *Dispatcher) courier(ctx context.Context, unit string) {
	defer func() { d.done <- unit }()
	log := d.o.Log.With("unit", unit)
	for ctx.Err() == nil {
		now := d.o.Clock.Now()
		p, ok, err := d.o.Outbox.Claim(ctx, Claim{Unit: unit, By: d.o.Node, Now: now, Until: now.Add(2 * d.o.Timeout)})
		if err != nil {
			d.brake(ctx, log, fmt.Errorf("claim a parcel: %w", err))
			return
		}
		if !ok || !d.carry(ctx, log, p) {
			return
		}
	}
}

// brake keeps the courier out for a while, so that a broken store is not
// asked in a tight loop.
func (d *Dispatcher) brake(ctx context.Context, log *slog.Logger, err error) {
	if ctx.Err() != nil {
		return
	}
	log.Error("the outbox does not work", "error", err)
	timer, stop := d.o.Clock.After(d.o.Poll)
	defer stop()
	select {
	case <-ctx.Done():
	case <-timer:
	}
}

// carry makes one attempt and writes down what became of it; true when the
// next parcel may follow.
func (d *Dispatcher) carry(ctx context.Context, log *slog.Logger, p Parcel) bool {
	log = log.With("contact_id", string(p.Contact), "event_id", p.ID, "attempt", p.Attempts)
	ack, err := d.attempt(ctx, p)
	if ctx.Err() != nil && err != nil {
		d.release(ctx, p)
		return false
	}
	state, err := d.settle(ctx, log, p, ack, err)
	if err != nil {
		d.brake(ctx, log, fmt.Errorf("write an attempt down: %w", err))
		return false
	}
	d.flow.attempts.WithLabelValues(string(state)).Inc()
	d.o.OnDelivery(p.Number, p.Contact, state)
	return state != Failed
}

// release gives back the claim of an attempt that was cut off; without it the
// claim would run out by itself.
func (d *Dispatcher) release(ctx context.Context, p Parcel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = d.o.Outbox.Failed(ctx, p, Interrupted, d.o.Clock.Now())
}

func (d *Dispatcher) attempt(ctx context.Context, p Parcel) (string, error) {
	sink, ok := d.o.Sinks.Sink(p.Unit)
	if !ok {
		return "", &Refusal{Why: NoEndpoint, Permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	return sink.Deliver(ctx, p)
}

// settle decides by the outcome, and keeps the decision.
func (d *Dispatcher) settle(ctx context.Context, log *slog.Logger, p Parcel, ack string, failed error) (DeliveryState, error) {
	now := d.o.Clock.Now()
	if failed == nil {
		d.flow.age.Observe(now.Sub(p.Queued).Seconds())
		log.Info("ticket delivered")
		return Delivered, d.o.Outbox.Delivered(ctx, p, ack, now)
	}
	r := refusal(failed)
	if !r.Permanent && now.Sub(p.Queued) >= d.o.MaxAge {
		r.Permanent, r.Why = true, TooOld
	}
	if r.Permanent {
		log.Error("ticket given up: it waits among the dead letters", "failure", string(r.Why), "status", r.Status)
		return DeadLetter, d.o.Outbox.Bury(ctx, p, r.Why, now)
	}
	pause := d.o.Backoff.after(p.Attempts, r.RetryAfter, chance())
	log.Warn("ticket not delivered", "failure", string(r.Why), "status", r.Status, "retry_in", pause)
	return Failed, d.o.Outbox.Failed(ctx, p, r.Why, now.Add(pause))
}
