package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
)

const (
	offerWaiting = 50_000
	offerRate    = 30  // arrivals a second, and as many talks that end
	offerCeiling = 20  // ms
	offerFree    = 400 // of the agents, who have nothing to do
)

// quiet is a bucket where agents wait for contacts, not the other way.
const quiet = routing.Bucket("quiet")

// benchOffer measures the time from the moment when contact and seat both exist
// until the node has read the offer: half of the contacts find a free seat, and
// each talk that ends frees a seat for one who waits.
func benchOffer(ctx context.Context, l *lab) (err error) {
	waiting, d := offerWaiting, 20*time.Second
	if l.quick {
		waiting, d = waiting/10, 4*time.Second
	}
	h, err := openQueue(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	talks, err := h.fill(ctx, waiting, queueAgents-offerFree)
	if err != nil {
		return err
	}
	for n := range offerFree {
		if err := h.idle(ctx, n); err != nil {
			return err
		}
	}
	delays, err := h.day(ctx, talks, d)
	if err != nil {
		return err
	}
	slices.Sort(delays)
	if len(delays) < int(d.Seconds())*offerRate {
		return fmt.Errorf("only %d offers in %s", len(delays), d)
	}
	p50, p99 := delays[len(delays)/2], delays[len(delays)*99/100]
	l.note("  %d offers: p50 %.2f ms, longest %.2f ms", len(delays), p50, delays[len(delays)-1])
	l.report(figure{"offer-p99", p99, "ms, 50000 waiting, 2000 agents", ceiling, offerCeiling, false})
	return nil
}

func (h *queueHall) idle(ctx context.Context, n int) error {
	return h.store.SetAgent(ctx, routing.Agent{
		ID: contact.AgentID(fmt.Sprintf("quiet-%03d", n)), Node: queueNode, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{quiet: 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	})
}

// begun is when a contact or a seat began to wait for the other, by its name.
type begun map[string]time.Time

// day lets contacts come and talks end at a steady rate, and returns how long
// each offer took, in ms. One goroutine does all of it but the calls themselves.
func (h *queueHall) day(ctx context.Context, talks []talk, d time.Duration) ([]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	failed := make(chan error, 1)
	var calls sync.WaitGroup
	defer calls.Wait()
	call := func(do func(context.Context) error) {
		calls.Go(func() {
			if err := do(context.WithoutCancel(ctx)); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	tick := time.NewTicker(time.Second / offerRate)
	defer tick.Stop()
	since, delays := begun{}, []float64(nil)
	for n := 0; ; {
		select {
		case <-tick.C:
			n++
			h.happen(n, &talks, since, call)
		case cmd := <-h.orders:
			if cmd.Kind != routing.Offer {
				continue
			}
			delays = since.met(cmd, delays)
			t := talk{cmd.Contact, cmd.Token, cmd.Agent}
			talks = append(talks, t)
			call(func(ctx context.Context) error { return h.store.Accept(ctx, t.contact, t.token) })
		case err := <-failed:
			return nil, err
		case <-ctx.Done():
			return delays, nil
		}
	}
}

// happen lets one contact come and one talk end.
func (h *queueHall) happen(n int, talks *[]talk, since begun, call func(func(context.Context) error)) {
	e := h.newcomer()
	if n%2 == 0 {
		e.Buckets = []routing.Bucket{quiet}
		since[string(e.Contact)] = time.Now()
	}
	call(func(ctx context.Context) error { return h.store.Enqueue(ctx, e) })
	ends := (*talks)[0]
	*talks = (*talks)[1:]
	since[string(ends.agent)] = time.Now()
	call(func(ctx context.Context) error {
		return h.store.Finish(ctx, ends.contact, ends.token, contact.CitizenEnded)
	})
}

// met notes the delay of an offer, counted from the later of its sides.
func (since begun) met(cmd routing.Command, delays []float64) []float64 {
	now := time.Now()
	at, ok := since[string(cmd.Contact)]
	if freed, freedToo := since[string(cmd.Agent)]; freedToo && freed.After(at) {
		at, ok = freed, true
	}
	delete(since, string(cmd.Contact))
	delete(since, string(cmd.Agent))
	if !ok {
		return delays
	}
	return append(delays, float64(now.Sub(at).Microseconds())/1000)
}
