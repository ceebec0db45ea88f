package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"hotline/desk/headless"
)

const (
	// doors is how many agents sign in at a time: the node computes few
	// passwords at once, and each takes memory.
	doors = 4
	// remembered is how much of a talk an agent keeps: more than the proof of
	// its audio asks for.
	remembered = 3 * time.Second
	// signingIn bounds one agent's way to ready.
	signingIn = 2 * time.Minute
	// again is when an agent whom the node found too fast tries again.
	again = 2 * time.Second
)

// staff is all agents. Its talks are filled as they end.
type staff struct {
	agents  []*headless.Agent
	reading sync.WaitGroup

	mu    sync.Mutex
	talks []headless.Report
}

// hire signs the agents in and returns once all are ready. rings is told of
// each ring with the masked number.
func hire(ctx context.Context, o Options, rings func(masked string)) (*staff, error) {
	s := &staff{}
	var mu sync.Mutex
	var all sync.WaitGroup
	var errs []error
	door := make(chan struct{}, doors)
	for n, account := range o.Accounts[:o.Agents] {
		all.Go(func() {
			door <- struct{}{}
			defer func() { <-door }()
			a, err := enter(ctx, o, n, account, rings)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("agent %s: %w", account.Name, err))
				return
			}
			s.agents = append(s.agents, a)
		})
	}
	all.Wait()
	if len(errs) > 0 {
		return nil, errors.Join(errs[0], s.dismiss(ctx)) // the rest say the same
	}
	for _, a := range s.agents {
		s.reading.Go(func() { s.read(a) })
	}
	return s, nil
}

// enter signs one agent in. A node lets one address sign in so often only: who
// comes too fast tries again.
func enter(ctx context.Context, o Options, n int, who Account, rings func(string)) (*headless.Agent, error) {
	for {
		a, err := try(ctx, o, n, who, rings)
		refusal, refused := errors.AsType[*headless.Error](err)
		if !refused || refusal.Code != "rate_limited" || !until(ctx, time.Now().Add(again)) {
			return a, err
		}
	}
}

func try(ctx context.Context, o Options, n int, who Account, rings func(string)) (*headless.Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, signingIn)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return headless.Dial(ctx, headless.Options{
		From: desk(o.URL, n), URL: o.URL, Account: who.Name, Password: who.Password, Log: o.Log, Phone: "take",
		AnswerAfter: o.AcceptAfter, WrapUp: o.WrapUp, Play: speech(), Keep: remembered,
		Rings: func(r headless.Report) { rings(r.Caller) },
	})
}

// desk is the n-th desk's own address, as every PC of a hall has one: on this
// machine all of 127.0.0.0/8 is ours. Elsewhere there is only the machine's.
func desk(node string, n int) netip.Addr {
	u, err := url.Parse(node)
	if err != nil {
		return netip.Addr{}
	}
	at, err := netip.ParseAddr(u.Hostname())
	if err != nil || !at.Is4() || !at.IsLoopback() {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)})
}

func (s *staff) read(a *headless.Agent) {
	for r := range a.Reports() {
		s.mu.Lock()
		s.talks = append(s.talks, r)
		s.mu.Unlock()
	}
}

// dismiss signs all out and returns once every report is read.
func (s *staff) dismiss(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	door := make(chan struct{}, doors)
	for _, a := range s.agents {
		all.Go(func() {
			door <- struct{}{}
			defer func() { <-door }()
			lost := a.Err()
			err := a.Close(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, lost, err)
		})
	}
	all.Wait()
	s.reading.Wait()
	return errors.Join(errs...)
}
