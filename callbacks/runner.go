package callbacks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	lookEvery  = time.Second
	claimFor   = 15 * time.Second // a dead node's promises go to another after that
	mostHeld   = 200              // in the queue at one time, a node
	storeLimit = 5 * time.Second
)

// RunnerOptions makes a Runner; all fields are needed but Now (time.Now) and
// OnGivenUp.
type RunnerOptions struct {
	Rule       Rule
	Store      Store
	By         string // names this life of the node
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time
	Book       *Book
	// Serve lets the promise wait as a contact and serves it; it returns when
	// the contact is over, soon after ctx has ended.
	Serve func(ctx context.Context, c *Call)
	// OnGivenUp is told of a promise after its last attempt; it must not block.
	OnGivenUp func(Promise)
}

// Runner keeps promises: each second it claims what is due, lets it be served,
// and writes down what became of it. Every node runs one.
type Runner struct {
	o       RunnerOptions
	flow    *flow
	serving sync.WaitGroup

	mu   sync.Mutex
	held map[string]*Call // by promise, until reached or over
}

// NewRunner registers the metrics of attempts.
func NewRunner(o RunnerOptions) *Runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnGivenUp == nil {
		o.OnGivenUp = func(Promise) {}
	}
	return &Runner{o: o, flow: newFlow(o.Registerer), held: map[string]*Call{}}
}

// Run keeps promises until until is closed; then what is not being dialled is
// given back, and Run returns once all that was served is over. When ctx ends
// those in a talk are cut too.
func (r *Runner) Run(ctx context.Context, until <-chan struct{}) {
	defer r.serving.Wait()
	defer r.recallAll()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		r.look(ctx)
		select {
		case <-tick.C:
		case <-until:
			return
		case <-ctx.Done():
			return
		}
	}
}

// look renews what is held and claims what is due.
func (r *Runner) look(life context.Context) {
	ctx, cancel := context.WithTimeout(life, storeLimit)
	defer cancel()
	now := r.o.Now().UTC()
	if err := r.renew(ctx, now); err != nil {
		r.complain(ctx, "call-backs not renewed", err)
		return
	}
	if r.o.Rule.Quiet(now) {
		r.recallAll()
		return
	}
	if err := r.claim(ctx, life, now); err != nil {
		r.complain(ctx, "call-backs not claimed", err)
	}
}

func (r *Runner) complain(ctx context.Context, what string, err error) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		r.o.Log.Error(what, "error", err) //nolint:sloglint // one of two constant messages
	}
}

func (r *Runner) renew(ctx context.Context, now time.Time) error {
	all := r.names()
	if len(all) == 0 {
		return nil
	}
	lost, err := r.o.Store.Renew(ctx, all, now.Add(claimFor))
	for _, h := range lost {
		if c := r.find(h.ID); c != nil {
			c.recall()
		}
	}
	return err
}

func (r *Runner) claim(ctx, life context.Context, now time.Time) error {
	room := mostHeld - len(r.names())
	if room <= 0 {
		return nil
	}
	due, err := r.o.Store.Claim(ctx, Claim{By: r.o.By, Now: now, Until: now.Add(claimFor), Limit: room})
	for _, p := range due {
		r.begin(life, p)
	}
	return err
}

// begin serves one promise, beside.
func (r *Runner) begin(ctx context.Context, p Promise) {
	c := newCall(r, p)
	if p.State == Dialling { // its node died while it rang
		c.dialled = true
		r.serving.Go(func() { r.settle(ctx, c) })
		return
	}
	r.mu.Lock()
	r.held[p.ID] = c
	r.flow.held.Set(float64(len(r.held)))
	r.mu.Unlock()
	r.serving.Go(func() {
		r.o.Serve(ctx, c)
		r.forget(c)
		r.settle(ctx, c)
	})
}

// settle writes down what became of a promise that was not reached.
func (r *Runner) settle(ctx context.Context, c *Call) {
	dialled, reached := c.outcome()
	var err error
	switch {
	case reached: // written at the answer
	case dialled:
		err = r.missed(ctx, c.promise)
	default:
		err = insist(ctx, func(ctx context.Context) error { return r.o.Store.Release(ctx, c.promise.Held()) })
	}
	if err != nil && !isLost(err) {
		r.o.Log.Error("call-back not settled", "callback_id", c.promise.ID, "error", err)
	}
}

// missed sets the next attempt, or gives up.
func (r *Runner) missed(ctx context.Context, p Promise) error {
	attempts := p.Attempts
	if p.State != Dialling {
		attempts++
	}
	now := r.o.Now().UTC()
	next := r.o.Rule.Again(attempts, now)
	err := insist(ctx, func(ctx context.Context) error { return r.o.Store.Missed(ctx, p.Held(), now, next) })
	if err != nil {
		return err
	}
	r.flow.attempts.WithLabelValues(attemptMissed).Inc()
	log := r.o.Log.With("callback_id", p.ID, "contact_id", string(p.Contact), "attempt", attempts)
	if !next.IsZero() {
		log.Info("citizen not reached, call-back later", "next", next)
		return nil
	}
	log.Warn("call-back given up")
	r.o.Book.metrics.ended.WithLabelValues(string(GivenUp)).Inc()
	r.o.OnGivenUp(p)
	return nil
}

// reached writes at once that the promise is kept: from then on the citizen is
// a contact like any other.
func (r *Runner) reached(c *Call) {
	r.forget(c)
	r.serving.Go(func() {
		err := insist(context.Background(), func(ctx context.Context) error {
			return r.o.Store.Reached(ctx, c.promise.Held(), r.o.Now().UTC())
		})
		if err != nil {
			r.o.Log.Error("kept call-back not written down", "callback_id", c.promise.ID, "error", err)
			return
		}
		r.flow.attempts.WithLabelValues(attemptReached).Inc()
		r.o.Book.metrics.ended.WithLabelValues(string(Done)).Inc()
		r.o.Log.Info("call-back kept", "callback_id", c.promise.ID, "contact_id", string(c.promise.Contact))
	})
}

func (r *Runner) recallAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.held {
		c.recall()
	}
}

func (r *Runner) names() []Held {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Held, 0, len(r.held))
	for _, c := range r.held {
		all = append(all, c.promise.Held())
	}
	return all
}

func (r *Runner) find(id string) *Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[id]
}

// forget takes a call out, unless a later claim of the promise stands there.
func (r *Runner) forget(c *Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[c.promise.ID] == c {
		delete(r.held, c.promise.ID)
	}
	r.flow.held.Set(float64(len(r.held)))
}

func isLost(err error) bool { return errors.Is(err, ErrClaimLost) }
