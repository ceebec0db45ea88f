package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/sip"
)

// Home is a phone that can be called.
type Home struct {
	At      netip.AddrPort // where it listens, UDP and TCP; port 0 for a free one
	Callers []string       // who may call: IP or CIDR, signalling and audio
	Ring    time.Duration  // before it is answered
	Busy    bool           // refuses every call
	Options Options        // what is done after the answer; Target, From and Transport have no meaning
	// OnCall is told of each call; it must not block.
	OnCall func(*Call)
	Log    *slog.Logger
}

// Listen opens a phone that answers. It can place calls too.
func Listen(ctx context.Context, h Home) (*Phone, error) {
	if err := h.Options.validate(); err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	h.Options = h.Options.withDefaults()
	if h.OnCall == nil {
		h.OnCall = func(*Call) {}
	}
	p := &Phone{log: h.Log}
	c := sip.Config{
		UDP: h.At.String(), TCP: h.At.String(),
		Trunks: []sip.Trunk{{Name: "callers", Addresses: h.Callers, Media: h.Callers}},
	}
	life := context.WithoutCancel(ctx)
	if err := p.open(ctx, h.At.Addr(), c, func(l gateway.Inbound) { p.called(life, h, l) }); err != nil {
		return nil, errors.Join(fmt.Errorf("phone: %w", err), p.Close(life))
	}
	return p, nil
}

// Addr is where the phone is reached by UDP.
func (p *Phone) Addr() netip.AddrPort { return p.gateway.Addrs().UDP }

// called rings, then answers; the call ends with Close at the latest.
func (p *Phone) called(ctx context.Context, h Home, l gateway.Inbound) {
	t := taken{l, make(chan gateway.LegEvent, 64)}
	c := p.begin(t, h.Options, time.Now())
	h.OnCall(c)
	go t.pickUp(ctx, h)
	go c.live(ctx)
}

// taken is a leg that called us, with our answer among its news.
type taken struct {
	gateway.Inbound

	events chan gateway.LegEvent
}

// Events is closed after LegGone.
func (t taken) Events() <-chan gateway.LegEvent { return t.events }

// Status is 200 once answered, which is our own word; 0 before.
func (t taken) Status() int {
	if t.Media() == nil {
		return 0
	}
	return 200
}

// pickUp rings, answers or refuses, and passes the leg's news on. Whatever goes
// wrong is told by its last.
func (t taken) pickUp(ctx context.Context, h Home) {
	defer close(t.events)
	if h.Busy {
		_ = t.Refuse(ctx, contact.RefusedClosed)
	} else if t.ring(ctx, h.Ring) == nil && t.Answer(ctx) == nil {
		t.events <- gateway.LegEvent{Kind: gateway.LegAnswered}
	}
	for e := range t.Inbound.Events() {
		t.events <- e
	}
}

func (t taken) ring(ctx context.Context, long time.Duration) error {
	if long <= 0 {
		return nil
	}
	if err := t.Ring(ctx); err != nil {
		return err
	}
	<-time.After(long)
	return nil
}
