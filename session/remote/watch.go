package remote

import (
	"context"
	"errors"
	"slices"
	"time"

	"hotline/cluster"
	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

const (
	watchEvery  = 2 * time.Second
	watchWithin = 2 * time.Second
	// goneAfter is how many checks must find a node gone before its talks are
	// given up: it may be cut off from Redis while citizen and agent hear each
	// other. A conversation may be taken over by another node meanwhile. Rings
	// end at the first, and wrap-ups of calls.
	goneAfter     = 15
	textGoneAfter = 5
)

// watch looks after what is shared with other nodes.
func (x *Exchange) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			x.check()
		case <-x.life.Done():
			return
		}
	}
}

func (x *Exchange) check() {
	now := time.Now()
	for node, entries := range x.anchors.byNode(now) {
		missing, gone := x.compare(node, subjectServed, entries)
		for _, e := range entries {
			x.judgeAnchor(e, slices.Contains(missing, e.share), gone)
		}
	}
	for node, entries := range x.seats.byNode(now) {
		missing, gone := x.compare(node, subjectHeld, entries)
		for _, e := range entries {
			if gone || slices.Contains(missing, e.share) {
				x.seatGone(e)
			}
		}
	}
}

// compare asks a node which of the entries it does not have; nothing is known
// when it does not answer.
func (x *Exchange) compare(node routing.NodeID, subject string, entries []entry) (missing []share, gone bool) {
	ask := make([]share, len(entries))
	for i, e := range entries {
		ask[i] = e.share
	}
	ctx, cancel := context.WithTimeout(x.life, watchWithin)
	defer cancel()
	body, err := x.o.Bus.Ask(ctx, cluster.Node(node), subject, x.pack(ask))
	if err != nil {
		return nil, errors.Is(err, cluster.ErrNoNode)
	}
	if err := x.unpack(body, &missing); err != nil {
		x.o.Log.Error("an answer that cannot be read", "subject", subject, "error", err)
	}
	return missing, false
}

// judgeAnchor parts a desk here from a contact whose node has forgotten it, or
// is gone.
func (x *Exchange) judgeAnchor(e entry, forgotten, gone bool) {
	missed := 0
	if gone {
		missed = e.missed + 1
	}
	x.anchors.change(e.share, func(e *entry) { e.missed = missed })
	switch {
	case forgotten, gone && e.phase == ringing, gone && e.phase == wrapping && !e.text,
		missed >= goneAfter, e.text && missed >= textGoneAfter:
		x.part(e)
	case e.text:
	case gone && !e.apart:
		x.apart(e, session.Apart)
	case !gone && e.apart:
		x.apart(e, session.Rejoined)
	}
}

// apart tells the desk that nothing is known of its citizen, or is again.
func (x *Exchange) apart(e entry, kind session.NewsKind) {
	x.anchors.change(e.share, func(e *entry) { e.apart = kind == session.Apart })
	x.o.Desks.Tell(e.Agent, session.News{Kind: kind, Contact: e.Contact, Token: e.Token})
}

// part frees a desk here of a contact that nobody anchors any more.
func (x *Exchange) part(e entry) {
	x.metrics.parted.WithLabelValues("desk").Inc()
	x.o.Log.Warn("a contact's node is gone or has forgotten it",
		"contact_id", string(e.Contact), "agent_id", string(e.Agent), "anchor", string(e.node))
	n := session.News{Kind: session.Finished, Contact: e.Contact, Token: e.Token, Cause: contact.NodeLost}
	if now, ok := x.anchors.find(e.Contact); ok && now.phase == ringing {
		n.Kind, n.Why = session.RingStopped, session.RingRevoked
	}
	x.inform(e.Agent, n)
}

// seatGone tells a session here that its agent's desk, elsewhere, knows nothing
// of the contact.
func (x *Exchange) seatGone(e entry) {
	ctx, cancel := context.WithTimeout(x.life, watchWithin)
	defer cancel()
	if !x.local().Holds(ctx, e.Contact, e.Agent, e.Token) {
		x.seats.drop(e.Contact, e.Token)
		return
	}
	x.metrics.parted.WithLabelValues("session").Inc()
	x.o.Log.Warn("a contact's desk is gone or has forgotten it",
		"contact_id", string(e.Contact), "agent_id", string(e.Agent), "seat", string(e.node))
	err := x.local().SeatLost(ctx, e.Contact, e.Agent)
	if err != nil && !errors.Is(err, session.ErrState) && !errors.Is(err, session.ErrNotYours) {
		x.o.Log.Warn("a lost seat was not told", "contact_id", string(e.Contact), "error", err)
	}
}

// tellHeld answers which of the contacts no desk here has.
func (x *Exchange) tellHeld(ctx context.Context, _ cluster.Node, body []byte) ([]byte, error) {
	return x.lacking(body, func(s share) bool { return x.o.Desks.Holds(ctx, s.Agent, s.Contact, s.Token) })
}

// tellServed answers which of the contacts no session here has with that agent.
func (x *Exchange) tellServed(ctx context.Context, _ cluster.Node, body []byte) ([]byte, error) {
	return x.lacking(body, func(s share) bool { return x.local().Holds(ctx, s.Contact, s.Agent, s.Token) })
}

func (x *Exchange) lacking(body []byte, has func(share) bool) ([]byte, error) {
	var asked []share
	if err := x.unpack(body, &asked); err != nil {
		return nil, err
	}
	return x.pack(slices.DeleteFunc(asked, has)), nil
}
