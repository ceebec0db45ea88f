package sip

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/gateway"
)

// Inbound is a call from a trunk. It implements gateway.Inbound.
type Inbound struct {
	*call

	arrival gateway.Arrival
}

var _ gateway.Inbound = (*Inbound)(nil)

// onInvite begins a call, or refuses it before anything is kept.
func (g *Gateway) onInvite(req *sip.Request, tx *sip.ServerTx, t *trunk) {
	if g.draining.Load() {
		g.turnAway(req, tx, busy())
		return
	}
	if g.onCall == nil { // a telephone that only calls
		g.turnAway(req, tx, statusOf(contact.RefusedClosed))
		return
	}
	tag, _ := req.To().Params.Get("tag")
	c := g.newCall(inbound, t, uasDialog(req, tag))
	c.invite, c.tx, c.state = req, tx, Invited
	c.learn(req)
	r := c.readOffer()
	if r == nil {
		c.granted, r = g.grant(req)
	}
	in := &Inbound{call: c, arrival: c.arrivalOf(req)}
	if r == nil {
		r = g.enlist(c)
	}
	if r != nil {
		g.turnAway(req, tx, r)
		return
	}
	// At once: it stops the peer's repetitions, and sipgo's own 100.
	g.reply(req, tx, g.response(req, 100, "Trying"))
	go c.run()
	g.present(in)
}

func (c *call) readOffer() *refusal {
	body, err := sessionBody(c.invite)
	if err != nil || body == nil {
		return nil // checkBody has refused what is no session description
	}
	d, a, r := c.judge(body)
	if r == nil {
		c.offer, c.theirs = &d, a
	}
	return r
}

func (c *call) arrivalOf(req *sip.Request) gateway.Arrival {
	called := c.trunk.plan.called(subscriber(&req.Recipient))
	if called == "" { // registered trunks put the pilot number, or nothing, there
		called = c.trunk.plan.called(subscriber(&req.To().Address))
	}
	return gateway.Arrival{Trunk: c.trunk.name, Called: called, Caller: c.trunk.plan.identify(req)}
}

// leave is an end that the peer wanted; the transaction answers it.
func (c *call) leave(e Event, cancel *sip.Request) {
	if !c.step(e) || c.state != Ended {
		return
	}
	if cancel != nil {
		c.released = released(cancel)
	}
	c.noticed()
	c.end(contact.CitizenEnded)
}

// onCancelled is a CANCEL that found its INVITE late: sipgo sent no 487.
func (c *call) onCancelled(cancel *sip.Request) {
	if c.state == Invited || c.state == Ringing {
		c.gateway.refuse(c.invite, c.tx, refused(487, "Request Terminated"))
	}
	c.leave(evCancel, cancel)
}

// Arrival implements gateway.Inbound.
func (i *Inbound) Arrival() gateway.Arrival { return i.arrival }

// Ring implements gateway.Inbound.
func (i *Inbound) Ring(ctx context.Context) error {
	return i.do(ctx, func() error {
		if !i.step(evRing) {
			return i.misplaced(evRing)
		}
		res := i.gateway.response(i.invite, 180, "Ringing", allowHeader())
		res.AppendHeader(i.gateway.self.contact(i.dialog.transport))
		return i.tx.Respond(res)
	})
}

// Refuse implements gateway.Inbound.
func (i *Inbound) Refuse(ctx context.Context, why contact.Cause) error {
	return i.do(ctx, func() error {
		if _, ok := next(i.state, evRefuse); !ok {
			return i.misplaced(evRefuse)
		}
		i.order(evRefuse, why)
		return nil
	})
}

// Answer implements gateway.Inbound.
func (i *Inbound) Answer(ctx context.Context) error {
	if err := i.do(ctx, i.answer); err != nil {
		return fmt.Errorf("sip: answer: %w", err)
	}
	select {
	case <-i.confirmed:
		return nil
	case <-i.gone:
		return fmt.Errorf("sip: answer: %w", errGone)
	case <-ctx.Done():
		return fmt.Errorf("sip: answer: wait for ACK: %w", ctx.Err())
	}
}

func (c *call) misplaced(e Event) error {
	return fmt.Errorf("sip: a call that is %s takes no %q", c.state, e)
}

// answer sends the 200 with our end of the audio.
func (c *call) answer() error {
	if _, ok := next(c.state, evAnswer); !ok {
		return c.misplaced(evAnswer)
	}
	body, err := c.firstBody()
	if err != nil {
		c.order(evRefuse, contact.RefusedOverload)
		return err
	}
	res := c.success(c.invite, body, c.granted)
	c.gateway.metrics.response("INVITE", 200)
	if err := c.tx.Respond(res); err != nil {
		c.undo()
		return err
	}
	c.step(evAnswer)
	c.accept = c.newAcceptance(c.tx, res, c.offer == nil)
	c.clock.set(c.granted)
	return nil
}

// undo ends a call whose 200 did not leave: cancelled in that moment, or the
// transport is gone. sipgo has kept the 200 as the last answer, which a lost
// ACK would bring out again, after its own 487; so that goes in once more.
func (c *call) undo() {
	_ = c.tx.Respond(c.gateway.response(c.invite, 487, "Request Terminated"))
	c.leave(evCancel, nil)
}

func (c *call) firstBody() ([]byte, error) {
	if err := c.openMedia(); err != nil {
		return nil, err
	}
	if c.offer == nil {
		return c.describe(c.offering), nil
	}
	if err := c.settleMedia(*c.offer, c.theirs); err != nil {
		return nil, err
	}
	return c.describe(func(l local) []byte { return l.answer(*c.offer, c.agreed) }), nil
}
