package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hotline/contact"
	"hotline/media"
	"hotline/media/prompt"
)

// The tone that says "it rings" in China (GB/T 3971): 450 Hz, 1 s in 5.
const (
	ringHz    = 450
	ringOn    = time.Second
	ringOff   = 4 * time.Second
	ringLevel = 0.1
)

// OutgoingOptions are those of the call, but for its leg, which Dial makes.
type OutgoingOptions struct {
	CallOptions // without Leg

	// Dial sends the call; it is cancelled when ctx ends before the answer.
	Dial func(ctx context.Context) (Leg, error)
	Ring time.Duration // how long it may ring
	To   Arrival       // the number that the citizen sees, and the citizen
}

// Outgoing is a call to a citizen: it is dialled while an agent listens, and
// from the answer on it is a Call as any. The session's goroutine calls its
// methods; Dial may run beside.
type Outgoing struct {
	o      OutgoingOptions
	events chan contact.Event

	mu    sync.Mutex
	call  *Call // nil before the answer
	ended bool  // before the answer
}

var _ contact.Medium = (*Outgoing)(nil)

// NewOutgoing makes a call that nobody has dialled yet.
func NewOutgoing(o OutgoingOptions) *Outgoing {
	return &Outgoing{o: o, events: make(chan contact.Event, eventsBuffered)}
}

// ID is the contact's.
func (c *Outgoing) ID() contact.ID { return c.o.ID }

// Arrival says who is called from which number.
func (c *Outgoing) Arrival() Arrival { return c.o.To }

// Answer is for calls that arrive.
func (c *Outgoing) Answer(context.Context) error {
	return errors.New("gateway: answer: the call is ours")
}

// Refuse ends the call.
func (c *Outgoing) Refuse(ctx context.Context, why contact.Cause) error { return c.Close(ctx, why) }

// Events implements contact.Medium.
func (c *Outgoing) Events() <-chan contact.Event { return c.events }

// Dial rings the citizen, and lets the agent hear that it rings. It returns nil
// at the answer: the citizen hears silence until the next order. Otherwise it
// returns ErrNotReached, the context's error, or that of the agent's audio.
func (c *Outgoing) Dial(ctx context.Context, agent contact.AgentID) error {
	seat, err := c.o.Seats.SeatMedia(agent)
	if err != nil {
		return fmt.Errorf("gateway: dial: %w", err)
	}
	silence := c.ringback(seat)
	defer silence()
	patience, cancel := context.WithTimeout(ctx, c.o.Ring)
	defer cancel()
	leg, err := c.o.Dial(patience)
	if err != nil {
		return fmt.Errorf("gateway: dial: %w", err)
	}
	if err := answered(patience, leg); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return c.adopt(ctx, leg)
}

// answered waits for the citizen. A leg that is given up is led to its end.
func answered(ctx context.Context, leg Leg) error {
	for {
		select {
		case e, open := <-leg.Events():
			switch {
			case !open || e.Kind == LegGone:
				return ErrNotReached
			case e.Kind == LegAnswered:
				return nil
			}
		case <-ctx.Done():
			go giveUp(context.WithoutCancel(ctx), leg)
			return ErrNotReached
		}
	}
}

func giveUp(ctx context.Context, leg Leg) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = leg.Hangup(ctx, contact.Unreached) // its events tell the end
	for range leg.Events() {               // until it is over
	}
}

// ringback lets the agent hear that it rings, until the returned function.
func (c *Outgoing) ringback(seat media.Stream) func() {
	tone := prompt.Tone(ringHz, ringOn, ringLevel).AppendALaw(nil)
	tone = prompt.Silence(ringOff).AppendALaw(tone)
	source := seat.Out().NewSource()
	seat.Out().Select(source)
	playing := c.o.Wheel.Play(source, prompt.NewAudio(tone), true)
	return func() {
		playing.Stop()
		seat.Out().Release(source)
	}
}

// adopt makes a Call of the answered leg.
func (c *Outgoing) adopt(ctx context.Context, leg Leg) error {
	o := c.o.CallOptions
	o.Leg = reached{leg, c.o.To}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		go giveUp(context.WithoutCancel(ctx), leg)
		return ErrNotReached
	}
	c.call = NewCall(o)
	go c.forward(c.call)
	return c.call.Answer(ctx)
}

func (c *Outgoing) forward(call *Call) {
	defer close(c.events)
	for e := range call.Events() {
		if e.Kind == contact.Gone || len(c.events) < cap(c.events)-1 { // the last place is kept for the end
			c.events <- e
		}
	}
}

// Close implements contact.Medium.
func (c *Outgoing) Close(ctx context.Context, why contact.Cause) error {
	c.mu.Lock()
	call := c.call
	if call == nil && !c.ended {
		c.ended = true
		c.events <- contact.Event{Kind: contact.Gone, Cause: why}
		close(c.events)
	}
	c.mu.Unlock()
	if call == nil {
		return nil
	}
	return call.Close(ctx, why)
}

// there is the call once the citizen has answered.
func (c *Outgoing) there() (*Call, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.call == nil {
		return nil, errNotAnswered
	}
	return c.call, nil
}

// Play plays a prompt as Call does.
func (c *Outgoing) Play(ctx context.Context, name string) error {
	call, err := c.there()
	if err != nil {
		return fmt.Errorf("gateway: play: %w", err)
	}
	return call.Play(ctx, name)
}

// Hold implements contact.Medium.
func (c *Outgoing) Hold(ctx context.Context) error {
	call, err := c.there()
	if err != nil {
		return fmt.Errorf("gateway: hold: %w", err)
	}
	return call.Hold(ctx)
}

// Connect implements contact.Medium.
func (c *Outgoing) Connect(ctx context.Context, agent contact.AgentID) error {
	call, err := c.there()
	if err != nil {
		return fmt.Errorf("gateway: connect: %w", err)
	}
	return call.Connect(ctx, agent)
}

// Mute lets the citizen hear silence instead of the agent.
func (c *Outgoing) Mute(ctx context.Context, on bool) error {
	call, err := c.there()
	if err != nil {
		return fmt.Errorf("gateway: mute: %w", err)
	}
	return call.Mute(ctx, on)
}

// Stats counts what both sides sent; nothing before the answer.
func (c *Outgoing) Stats() Stats {
	call, err := c.there()
	if err != nil {
		return Stats{}
	}
	return call.Stats()
}

// Recording names the file of the call's audio; empty before the answer.
func (c *Outgoing) Recording() string {
	call, err := c.there()
	if err != nil {
		return ""
	}
	return call.Recording()
}

// reached is a leg of ours that was answered, as a Call takes it.
type reached struct {
	Leg

	to Arrival
}

func (r reached) Arrival() Arrival { return r.to }

func (reached) Ring(context.Context) error { return nil }

func (reached) Answer(context.Context) error { return nil }

func (r reached) Refuse(ctx context.Context, why contact.Cause) error { return r.Hangup(ctx, why) }
