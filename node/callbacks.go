package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotline/callbacks"
	callbacksql "hotline/callbacks/sqlstore"
	"hotline/gateway"
	"hotline/gateway/sip"
	"hotline/records"
	"hotline/routing"
)

// openPromises is where call-backs are promised; it comes before the sessions.
func (n *Node) openPromises(ctx context.Context) error {
	store, err := callbacksql.New(ctx, n.db, n.cfg.Redis.Hall)
	if err != nil {
		return err
	}
	n.promises = store
	n.callbacks = callbacks.NewBook(callbacks.BookOptions{
		Config: n.cfg.Callbacks, Store: store, Log: n.log, Registerer: n.metrics, Now: n.now,
	})
	return nil
}

// openCallbacks keeps the promises, once there is a trunk.
func (n *Node) openCallbacks(context.Context) error {
	if !n.cfg.Callbacks.Enabled() {
		return nil
	}
	r := callbacks.NewRunner(callbacks.RunnerOptions{
		Rule: callbackRule{n.lines}, Store: n.promises, By: string(n.name), Log: n.log, Registerer: n.metrics, Now: n.now,
		Book: n.callbacks, Serve: n.callBack, OnGivenUp: n.givenUp,
	})
	until, done := make(chan struct{}), make(chan struct{})
	n.noCallbacks = sync.OnceFunc(func() { close(until) })
	go func() { defer close(done); r.Run(context.WithoutCancel(n.life), until) }()
	n.down.add("call-backs", func(ctx context.Context) error {
		n.noCallbacks()
		n.cut() // those in a talk; the calls follow anyway
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}

// callBack serves one promise: a contact whose citizen is dialled on the trunk.
func (n *Node) callBack(_ context.Context, c *callbacks.Call) {
	cfg, citizen := n.cfg.Callbacks, c.Promise().Citizen
	n.hall.CallBack(n.life, gateway.NewOutgoing(gateway.OutgoingOptions{
		CallOptions: gateway.CallOptions{
			Seats: n.seats, Wheel: n.wheel, Prompts: n.prompts, Recorder: n.tape(),
			Metrics: n.heard, ID: n.mint.ID(), Log: n.log,
		},
		Ring: cfg.Ring, To: gateway.Arrival{Trunk: cfg.Trunk, Called: cfg.From, Caller: citizen},
		Dial: func(ctx context.Context) (gateway.Leg, error) {
			leg, err := n.trunk.Call(ctx, sip.Citizen{Trunk: cfg.Trunk, From: cfg.From, To: citizen})
			if err != nil {
				return nil, err
			}
			return leg, nil
		},
	}), c)
}

// givenUp notes at the contact that the promise came from that nobody will call
// back any more.
func (n *Node) givenUp(p callbacks.Promise) {
	n.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(n.life), 5*time.Second)
		defer cancel()
		r, err := n.records.Find(ctx, p.Contact)
		if err == nil {
			err = n.records.Save(ctx, r, records.Event{Contact: p.Contact, At: n.now().UTC(), Kind: records.GivenUp, Detail: string(p.Why)})
		}
		if err != nil {
			n.log.Error("given-up call-back not noted", "contact_id", string(p.Contact), "error", err)
		}
	})
}

// callbackRule is the policy's.
type callbackRule struct{ lines *routing.Book }

// Again implements callbacks.Rule.
func (r callbackRule) Again(attempts int, now time.Time) time.Time {
	rule := r.lines.Callbacks()
	if attempts >= rule.Attempts {
		return time.Time{}
	}
	return now.Add(rule.Gap(attempts))
}

// Quiet implements callbacks.Rule.
func (r callbackRule) Quiet(at time.Time) bool { return !r.lines.CallableAt(at).Equal(at) }

// checkCallbacks wants a trunk that calls out.
func (c Config) checkCallbacks() error {
	name := c.Callbacks.Trunk
	if name == "" || slices.ContainsFunc(c.SIP.Trunks, func(t sip.Trunk) bool { return t.Name == name && t.Outbound != "" }) {
		return nil
	}
	return fmt.Errorf("callbacks.trunk: %q is no trunk of sip.trunks with outbound", name)
}
