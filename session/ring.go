package session

import (
	"context"
	"errors"
	"time"

	"hotline/records"
	"hotline/routing"
)

// confirmWithin bounds the confirmation of a ring: three tries of a replica,
// then the question to those who watch.
const confirmWithin = 2 * time.Second

// commanded acts on an order of the queue, and only on a token not seen yet.
func (v *visit) commanded(ctx context.Context, c routing.Command) {
	switch {
	case c.Kind == routing.Revoke && c.Token == v.token && v.state == Offered:
		v.ringOver(RingRevoked)
	case c.Kind == routing.Offer && c.Token > v.token && v.state == Queued:
		v.ring(ctx, c)
	case c.Kind == routing.Offer && v.forgotten(c):
		v.reassert(make(chan struct{}))
	case c.Kind == routing.Widen:
		v.noteFacts(records.Widened, map[string]string{records.FactAdded: joined(c.Added)})
	}
}

// forgotten says that the queue makes an offer anew under a token that was acted
// on: the store that has taken over after a fail-over never heard of that. An
// order that is only seen twice has the same lease.
func (v *visit) forgotten(c routing.Command) bool {
	waits := v.state == Queued || v.state == Offered
	return waits && c.Token <= v.token && c.Expires.After(v.lease)
}

// ring offers the contact to the agent's desk. The agent may accept before the
// desk's acknowledgement is back.
func (v *visit) ring(ctx context.Context, c routing.Command) {
	v.token, v.agent, v.seat, v.lease = c.Token, c.Agent, c.Seat, c.Expires
	v.move(Matched)
	v.record.Offers++
	v.noteFacts(records.Offered, whyOffered(c.Why))
	ring := v.line.RingOf(v.contact.Channel.Class())
	v.timer.Reset(ring)
	call := Call{
		Contact: v.contact, Token: c.Token, Record: v.record.Recording, Until: time.Now().Add(ring),
		Seat: c.Seat, Anchor: *v.hall.node.Load(),
	}
	if v.dress != nil {
		v.dress(&call)
	}
	token := c.Token
	v.beside(func() error {
		if err := v.confirm(ctx, token); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, offerAck)
		defer cancel()
		return v.hall.o.Seats.Offer(ctx, c.Agent, call)
	}, func(err error) error {
		switch {
		case err == nil || v.state != Offered || v.token != token:
		case errors.Is(err, routing.ErrStale), errors.Is(err, routing.ErrUnknown):
			v.reassert(make(chan struct{})) // it was over before a desk rang, or the queue has lost it
		default:
			v.decline(RingUnreachable, routing.Unreachable)
		}
		return nil
	})
}

// confirm makes sure that the offer stands, and that it would outlive the
// store's primary, before a desk rings. Without a replica's word it rings only
// where those who watch the store still name this primary: a citizen is not
// kept from an agent because a replica is down.
func (v *visit) confirm(ctx context.Context, t routing.Token) error {
	ctx, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	err := v.hall.o.Queue.Ring(ctx, v.contact.ID, t)
	if !errors.Is(err, routing.ErrUnconfirmed) || !v.hall.o.Primary(ctx) {
		return err
	}
	v.hall.metrics.unconfirmed.Inc()
	v.log.Error("rings unconfirmed: no replica answers, the primary is still the primary")
	return nil
}

// timeUp is the end of the ring, or of the wrap-up.
func (v *visit) timeUp() {
	switch v.state {
	case Offered:
		v.decline(RingUnanswered, routing.Unanswered)
	case Wrapping:
		v.wrapped()
	default: // fired as the state changed
	}
}

// decline ends the ring on our side, then tells the queue, which sets the agent
// away and offers the contact to the next.
func (v *visit) decline(why RingEnd, reason routing.DeclineReason) {
	id, token := v.contact.ID, v.token
	v.ringOver(why)
	v.orders.give(v.life, "decline", func(ctx context.Context) error {
		return v.hall.o.Queue.Decline(ctx, id, token, reason)
	})
}

// ringOver lets the contact wait again at its old place.
func (v *visit) ringOver(why RingEnd) {
	v.stopRing(why)
	v.move(RingOver)
}

func (v *visit) stopRing(why RingEnd) {
	v.timer.Stop()
	v.hall.metrics.ringOver(why)
	v.note(records.OfferEnded, string(why))
	v.tell(News{Kind: RingStopped, Why: why})
}
