package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/channels"
	"hotline/contact"
)

const (
	typingEvery   = 3 * time.Second
	typingExpires = 6 * time.Second
	readAtOnce    = 100
	storeWithin   = 2 * time.Second // one step of the store
	goneWithin    = 30 * time.Second
)

// Conversation is one text conversation as its session orders it; it implements
// channels.Conversation. One goroutine of its own reads the log and hands out
// events; it ends with the conversation, with another node's adoption (Gone
// with NodeLost), or with the house, which closes Events without Gone.
type Conversation struct {
	web    *Web
	anchor Anchor
	state  State // as it was when this node took it
	ref    string
	watch  *watch
	events chan contact.Event
	done   chan struct{} // closed when Close has ended it, or it has moved

	once  sync.Once
	moved bool // read after done

	mu     sync.Mutex
	typing time.Time // last shown
	shown  bool
}

var _ channels.Conversation = (*Conversation)(nil)

// ID implements channels.Conversation.
func (c *Conversation) ID() contact.ID { return c.anchor.ID }

// Arrival implements channels.Conversation.
func (c *Conversation) Arrival() channels.Arrival {
	return channels.Arrival{
		Channel: contact.Web, Account: c.state.Account,
		Citizen: contact.NewAddress(c.state.Visitor), Topic: c.state.Topic,
	}
}

// Events implements contact.Medium.
func (c *Conversation) Events() <-chan contact.Event { return c.events }

// Hold implements contact.Medium: the citizen sees that it waits.
func (c *Conversation) Hold(ctx context.Context) error {
	return c.say("hold", c.web.store.Wait(ctx, c.anchor))
}

// Connect implements contact.Medium: the citizen sees who serves.
func (c *Conversation) Connect(ctx context.Context, agent contact.AgentID) error {
	return c.say("connect", c.web.store.Join(ctx, c.anchor, agent, c.web.now()))
}

// Close implements contact.Medium.
func (c *Conversation) Close(ctx context.Context, why contact.Cause) error {
	err := c.say("close", c.web.store.End(ctx, c.anchor, why, c.web.now()))
	if err == nil {
		c.end(false)
	}
	return err
}

// Say implements channels.Conversation.
func (c *Conversation) Say(ctx context.Context, o channels.Outgoing) (contact.Message, error) {
	text, err := checkSend(o.CMID, o.Text)
	if err != nil {
		return contact.Message{}, fmt.Errorf("web: say: %w", err)
	}
	o.Text = text
	e, err := c.web.store.Say(ctx, Saying{Anchor: c.anchor, Outgoing: o, Message: ulid.Make().String(), At: c.web.now()})
	if err != nil {
		return contact.Message{}, c.say("say", err)
	}
	c.web.metrics.messages.WithLabelValues(string(e.Message.From)).Inc()
	return e.Message, nil
}

// Show implements channels.Conversation.
func (c *Conversation) Show(ctx context.Context, p channels.Place) error {
	return c.say("show", c.web.store.Show(ctx, c.anchor, p))
}

// Typing implements channels.Conversation: shown at most each 3 s, and for 6 s.
func (c *Conversation) Typing(ctx context.Context, on bool) error {
	if !c.letsTyping(on) {
		return nil
	}
	return c.say("typing", c.web.store.Signal(ctx, c.ref, typingSignal(on)))
}

func (c *Conversation) letsTyping(on bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.web.now()
	if on && now.Sub(c.typing) < typingEvery || !on && !c.shown {
		return false
	}
	if on {
		c.typing = now
	}
	c.shown = on
	return true
}

// Messages implements channels.Conversation.
func (c *Conversation) Messages(ctx context.Context, after int64, limit int) ([]contact.Message, error) {
	list, err := c.web.read(ctx, c.anchor.ID, after, limit)
	return list, c.say("messages", err)
}

// say names what was done; who hears that another node has the conversation
// gives it up.
func (c *Conversation) say(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrMoved) {
		c.end(true)
	}
	return fmt.Errorf("web: %s: %w", doing, err)
}

// end lets the reader finish.
func (c *Conversation) end(moved bool) {
	c.once.Do(func() { c.moved = moved; close(c.done); c.watch.stir() })
}

// feed is the reader's life.
func (c *Conversation) feed(ctx context.Context) {
	defer close(c.events)
	defer c.web.release(c)
	at := c.state.Seen
	retry := time.NewTicker(rereadEvery) // of what was read and could not be kept as seen
	defer retry.Stop()
	for {
		gone, err := c.pass(ctx, &at)
		if gone || ctx.Err() != nil {
			return
		}
		again := retry.C
		if err == nil {
			again = nil
		}
		select {
		case <-c.watch.wake:
		case <-again:
		case <-ctx.Done():
			return
		}
	}
}

// pass hands out what the log holds beyond at. gone: there will be no more.
func (c *Conversation) pass(ctx context.Context, at *int64) (gone bool, err error) {
	for {
		if c.isMoved() {
			c.tell(ctx, contact.Event{Kind: contact.Gone, Cause: contact.NodeLost})
			return true, nil
		}
		events, err := c.read(ctx, *at)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			if c.give(ctx, e) {
				return true, nil
			}
			*at = e.Seq
		}
		if len(events) < readAtOnce && !c.isMoved() {
			return false, nil
		}
	}
}

func (c *Conversation) read(ctx context.Context, after int64) ([]Event, error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	return c.web.store.Read(ctx, c.anchor.ID, after, readAtOnce)
}

// give hands one event to the session, true for the last.
func (c *Conversation) give(ctx context.Context, e Event) (gone bool) {
	switch {
	case e.Kind == Closed:
		c.tell(ctx, contact.Event{Kind: contact.Gone, Cause: e.Cause})
		return true
	case e.Kind == Wrote && e.Message.From == contact.ByCitizen:
		select {
		case c.events <- contact.Event{Kind: contact.Said, Message: e.Message}:
			c.see(ctx, e.Seq)
		case <-c.done: // nobody asks any more; the log has it
		case <-ctx.Done():
		}
	}
	return false
}

// see keeps that the session has the message. If that fails the next node's
// session hears it again, by the same ID: better than not at all.
func (c *Conversation) see(ctx context.Context, seq int64) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if err := c.say("see", c.web.store.See(ctx, c.anchor, seq)); err != nil && ctx.Err() == nil {
		c.web.log.Debug("message not kept as seen", "contact_id", string(c.anchor.ID), "error", err)
	}
}

// tell hands out the last event, to a session that still listens.
func (c *Conversation) tell(ctx context.Context, e contact.Event) {
	limit := time.NewTimer(goneWithin)
	defer limit.Stop()
	select {
	case c.events <- e:
	case <-limit.C:
	case <-ctx.Done():
	}
}

func (c *Conversation) isMoved() bool {
	select {
	case <-c.done:
		return c.moved
	default:
		return false
	}
}
