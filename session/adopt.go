package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hotline/channels"
	"hotline/contact"
	"hotline/records"
)

const (
	adoptPause = 200 * time.Millisecond // between two attempts, at first
	seekEvery  = 2 * time.Second        // for an agent's desk
	pageSize   = 100                    // messages read at once
)

// takeOver goes on where the dead node stopped: in the queue, or with the same
// agent. One that is closed already is only taken out.
func (c *conversation) takeOver(ctx context.Context) error {
	c.token, c.agent, c.seat = c.adopt.Token, c.adopt.Agent, c.adopt.Seat
	switch err := c.open(ctx); {
	case errors.Is(err, channels.ErrClosed):
		c.wasClosed(ctx)
		return nil
	case err != nil: // the node stops
		c.handOver()
		return nil //nolint:nilerr // another node goes on with it
	}
	c.remember(ctx)
	c.known = true
	if err := c.readThread(ctx); err != nil {
		c.log.Warn("thread not read", "error", err) // desks read it by themselves
	}
	c.goOn(ctx)
	return nil
}

// open insists for a while: the store may be away, the citizen is not. What
// the platform does not know at all is taken for closed.
func (c *conversation) open(ctx context.Context) error {
	until := time.Now().Add(c.hall.o.Text.Seek)
	for wait := adoptPause; ; wait = min(2*wait, 5*time.Second) {
		medium, err := c.hall.o.Conversations.Adopt(ctx, c.contact.ID)
		if err == nil {
			c.medium = medium
			return nil
		}
		if errors.Is(err, channels.ErrClosed) {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("%w: given up: %w", channels.ErrClosed, err)
		}
		c.log.Warn("conversation not adopted, trying again", "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// remember takes up the contact and its record.
func (c *conversation) remember(ctx context.Context) {
	a := c.medium.Arrival()
	c.reached = c.hall.byAccount(a.Channel, a.Account, a.Topic)
	if line, known := c.reached(); known {
		c.line = line
	}
	c.contact = contact.Contact{
		ID: c.contact.ID, Channel: a.Channel, Line: c.line.Name, Citizen: a.Citizen, Accepted: c.now(),
	}
	c.thread.Account, c.thread.Topic = a.Account, a.Topic
	c.recall(ctx)
}

// recall continues the record that the dead node has filed.
func (c *conversation) recall(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sayWithin)
	defer cancel()
	old, err := c.hall.o.Records.Find(ctx, c.contact.ID)
	if err != nil {
		if !errors.Is(err, records.ErrNotFound) {
			c.log.Warn("record not found again", "error", err)
		}
		c.record.Channel, c.record.Line, c.record.Citizen = c.contact.Channel, c.contact.Line, c.contact.Citizen
		c.record.CitizenRef, c.record.Accepted = c.contact.Citizen.Ref(c.hall.o.RefKey), c.contact.Accepted
		return
	}
	node := c.record.Node
	c.record = old
	c.record.Node = node
	c.contact.Accepted = old.Accepted
}

// readThread learns what was said, and whose turn it is.
func (c *conversation) readThread(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c.record.Messages = 0
	c.thread.Turn = contact.ByAgent
	for {
		page, err := c.medium.Messages(ctx, c.thread.LastSeq, pageSize)
		if err != nil {
			return fmt.Errorf("session: read thread: %w", err)
		}
		for _, m := range page {
			c.learn(m)
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (c *conversation) learn(m contact.Message) {
	c.newest(m.Seq)
	switch m.From {
	case contact.ByCitizen:
		c.heard = m.Seq
		c.record.Messages++
		c.thread.Turn, c.thread.Closes = contact.ByAgent, time.Time{}
	case contact.ByAgent:
		c.spoken = m.Seq
		c.record.Messages++
		c.thread.Turn, c.thread.Closes = contact.ByCitizen, m.At.Add(c.hall.o.Text.Close)
		c.nudged = false
		if c.record.Replied.IsZero() {
			c.record.Replied = m.At
		}
	case contact.ByHouse:
		c.nudged = c.thread.Turn == contact.ByCitizen
	}
}

// goOn follows the queue's word: it waits, or its agent has it.
func (c *conversation) goOn(ctx context.Context) {
	if c.agent == "" {
		c.move(AdoptedWaiting)
		c.note(records.Adopted, "")
		c.awaitReply()
		c.wait(ctx)
		return
	}
	c.move(AdoptedServing)
	c.note(records.Adopted, "")
	c.awaitReply()
	if c.thread.Turn == contact.ByCitizen {
		c.idle.Reset(max(c.thread.Closes.Sub(c.now())-c.untilClosed(), time.Second))
	}
	c.seek = time.Now().Add(c.hall.o.Text.Seek)
	c.restore(ctx)
}

// untilClosed is how long before the end the next step of the idle clock comes.
func (c *conversation) untilClosed() time.Duration {
	if c.nudged {
		return 0
	}
	return c.hall.o.Text.Close - c.hall.o.Text.Nudge
}

// restore gives the conversation back to its agent's desk, wherever that is by
// now. A desk that does not come is given up after a while.
func (c *conversation) restore(ctx context.Context) {
	call := Call{Contact: c.contact, Token: c.token, Seat: c.seat, Anchor: *c.hall.node.Load(), Serving: true}
	c.dressed(&call)
	agent := c.agent
	c.beside(func() error {
		ctx, cancel := context.WithTimeout(ctx, offerAck)
		defer cancel()
		return c.hall.o.Seats.Offer(ctx, agent, call)
	}, func(err error) error {
		switch {
		case !c.talks() || c.seek.IsZero():
		case err == nil:
			c.seek = time.Time{}
		case time.Now().After(c.seek):
			c.seek = time.Time{}
			c.takeBack(ctx)
		default:
			c.timer.Reset(seekEvery)
		}
		return nil
	})
}

// dressed adds how the thread stands to an offer.
func (c *conversation) dressed(call *Call) {
	thread := c.thread
	call.Thread = &thread
}

// wasClosed ends a conversation that was over before its node died.
func (c *conversation) wasClosed(ctx context.Context) {
	c.recall(ctx)
	c.cause = c.record.Cause
	if c.record.TalkEnded.IsZero() {
		c.cause = contact.CitizenEnded
	}
	if c.agent != "" {
		c.tell(News{Kind: Finished})
	}
	c.leave()
}
