package session

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/records"
)

// awaitCitizen starts the clock of the citizen's silence: the last word was
// the agent's.
func (c *conversation) awaitCitizen() {
	t := c.hall.o.Text
	c.thread.Turn, c.thread.Closes = contact.ByCitizen, c.now().Add(t.Close)
	c.nudged = false
	c.idle.Reset(t.Nudge)
}

// listenAgain stops it.
func (c *conversation) listenAgain() {
	c.idle.Stop()
	c.nudged, c.thread.Closes = false, time.Time{}
}

// idleUp asks a silent citizen once, then ends the conversation.
func (c *conversation) idleUp(ctx context.Context) {
	switch {
	case !c.talks() || c.thread.Turn != contact.ByCitizen: // fired as that changed
	case !c.nudged:
		c.nudge(ctx)
	default:
		c.fallSilent(ctx)
	}
}

// nudge parks the conversation: it waits for the citizen and asks for no
// attention, but keeps its slot.
func (c *conversation) nudge(ctx context.Context) {
	c.nudged = true
	c.note(records.Nudged, "")
	c.idle.Reset(max(c.thread.Closes.Sub(c.now()), 0))
	c.houseSays(ctx, c.hall.o.Text.Nudging)
	c.setAside()
}

// fallSilent ends a conversation that the citizen has left without a word.
func (c *conversation) fallSilent(ctx context.Context) {
	c.note(records.Silent, "")
	c.houseSays(ctx, c.hall.o.Text.Silent)
	c.cause = contact.CitizenEnded
	c.closeFor(c.cause)
	c.wrap(ctx, CitizenSilent)
}

func (c *conversation) setAside() {
	if c.state != Serving {
		return
	}
	c.move(ParkedBy)
	c.note(records.Parked, "")
	c.inform(News{Kind: SetAside})
}

func (c *conversation) unpark() {
	if c.state != Parked {
		return
	}
	c.move(Unparked)
	c.note(records.Unparked, "")
	c.inform(News{Kind: TakenUp})
}

// park is the agent's word that the citizen is to speak next.
func (c *conversation) park(r request) error {
	switch err := c.serves(r.agent); {
	case err != nil:
		return err
	case c.thread.Turn != contact.ByCitizen:
		return ErrState
	}
	c.setAside()
	return nil
}

// resume is the agent's word that it goes on.
func (c *conversation) resume(r request) error {
	if err := c.serves(r.agent); err != nil {
		return err
	}
	c.unpark()
	return nil
}
