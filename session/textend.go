package session

import (
	"context"
	"errors"
	"time"

	"hotline/channels"
	"hotline/contact"
	"hotline/routing"
)

// wrap ends the exchange: the agent writes, the slot stays taken.
func (c *conversation) wrap(ctx context.Context, why Happening) {
	c.listenAgain()
	c.reply.Stop()
	c.seek = time.Time{}
	c.record.TalkEnded = c.now()
	c.visit.wrap(ctx, why)
}

// hangup ends the conversation for the citizen.
func (c *conversation) hangup(r request) error {
	if err := c.serves(r.agent); err != nil {
		return err
	}
	c.cause = contact.AgentEnded
	c.closeFor(c.cause)
	c.wrap(c.life, AgentLeft)
	return nil
}

// closeFor closes the medium. What cannot be kept now is repeated until it is:
// the citizen must not believe that somebody still reads.
func (c *conversation) closeFor(why contact.Cause) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.life), sayWithin)
	defer cancel()
	medium := c.medium
	err := closed(ctx, medium, why)
	if err == nil {
		return
	}
	c.log.Warn("conversation not closed, trying again", "error", err)
	c.orders.give(c.life, "close", func(ctx context.Context) error { return closed(ctx, medium, why) })
}

func closed(ctx context.Context, medium channels.Conversation, why contact.Cause) error {
	if err := medium.Close(ctx, why); !errors.Is(err, channels.ErrClosed) {
		return err
	}
	return nil
}

// seatLost takes the conversation from an agent whose desk is gone for good.
func (c *conversation) seatLost(r request) error {
	if r.agent != c.agent {
		return ErrNotYours
	}
	switch c.state {
	case Offered:
		c.decline(RingUnreachable, routing.Disconnected)
	case Serving, Parked:
		c.takeBack(c.life)
	case Wrapping:
		c.wrapped()
	default:
		return ErrState
	}
	return nil
}

// takeBack returns the citizen to the queue, at the old place, with the whole
// thread.
func (c *conversation) takeBack(ctx context.Context) {
	c.listenAgain()
	c.record.TalkEnded = c.now()
	c.requeue()
	c.thread.Turn = contact.ByAgent
	c.houseSays(ctx, c.hall.o.Text.Requeued)
	c.wait(ctx)
}

// handOver leaves the conversation to another node, as it stands: this one
// stops, or has lost it. A wrap-up ends here.
func (c *conversation) handOver() {
	switch c.state {
	case Wrapping:
		c.wrapped()
		return
	case Offered:
		c.ringOver(RingRevoked)
	default:
	}
	c.left = true
	c.move(HandedOver)
}
