package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"hotline/contact"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/recorder"
)

// eventsBuffered is how many keys wait for the session; the last place is kept
// for the end.
const eventsBuffered = 32

// ErrGone says that the citizen's leg has ended.
var ErrGone = errors.New("gateway: the citizen is gone")

var errNotAnswered = errors.New("not answered yet")

// CallOptions are what a Call needs; without a Recorder it is not recorded,
// without Metrics not counted.
type CallOptions struct {
	Leg      Inbound
	Seats    Seats
	Wheel    *prompt.Wheel
	Prompts  *prompt.Library
	Recorder *recorder.Recorder
	Metrics  *Metrics
	ID       contact.ID
	Log      *slog.Logger
}

// Call is a citizen's call as the session sees it: it implements
// contact.Medium over an Inbound leg. From Answer on the citizen's stream never
// stops: where nothing else is to be heard, there is silence. From Answer to
// its end the citizen's leg is recorded.
//
// The session's goroutine calls its methods. A citizen's leg that sends no
// audio for a minute ends itself with cause media lost.
type Call struct {
	leg     Inbound
	seats   Seats
	wheel   *prompt.Wheel
	prompts *prompt.Library
	tape    *recorder.Recorder // nil: not recorded
	metrics *Metrics           // nil: not counted
	id      contact.ID
	log     *slog.Logger
	events  chan contact.Event
	gone    chan struct{} // closed when the leg has ended

	mu        sync.Mutex // guards what the citizen hears
	ended     bool
	playing   *prompt.Playing
	bridge    *bridge
	seat      media.Stream        // connected last; nil before the first
	recording *recorder.Recording // nil before the answer, and when it could not begin
}

var _ contact.Medium = (*Call)(nil)

// NewCall takes a leg over, with its events.
func NewCall(o CallOptions) *Call {
	c := &Call{
		leg: o.Leg, seats: o.Seats, wheel: o.Wheel, prompts: o.Prompts, tape: o.Recorder, metrics: o.Metrics, id: o.ID,
		log:    o.Log.With("contact_id", string(o.ID), "call_id", string(o.Leg.ID())),
		events: make(chan contact.Event, eventsBuffered),
		gone:   make(chan struct{}),
	}
	go c.listen()
	return c
}

// ID is the contact's.
func (c *Call) ID() contact.ID { return c.id }

// Arrival says who calls whom.
func (c *Call) Arrival() Arrival { return c.leg.Arrival() }

// Ring lets the citizen hear that it rings.
func (c *Call) Ring(ctx context.Context) error { return c.leg.Ring(ctx) }

// Answer takes the call and returns once both ends agree, or with an error:
// the citizen is gone, or will be.
func (c *Call) Answer(ctx context.Context) error {
	if err := c.leg.Answer(ctx); err != nil {
		return err
	}
	c.record()
	return c.fill()
}

// Refuse ends the call unanswered, with the status that belongs to the cause.
func (c *Call) Refuse(ctx context.Context, why contact.Cause) error { return c.leg.Refuse(ctx, why) }

// Events implements contact.Medium.
func (c *Call) Events() <-chan contact.Event { return c.events }

// Stats counts what both sides sent since their legs began.
func (c *Call) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	var s Stats
	if m := c.leg.Media(); m != nil {
		s.Citizen = m.Stats()
	}
	if c.seat != nil {
		s.Agent = c.seat.Stats()
	}
	return s
}

// Close implements contact.Medium. It returns once the citizen's end has been
// told, or with the context's error.
func (c *Call) Close(ctx context.Context, why contact.Cause) error {
	c.mu.Lock()
	c.end()
	c.mu.Unlock()
	return c.leg.Hangup(ctx, why)
}

// Play plays a prompt of the library to the citizen and returns at its end,
// with the context's error, or with ErrGone. Music and bridge are cut.
func (c *Call) Play(ctx context.Context, name string) error {
	audio, ok := c.prompts.Get(name)
	if !ok {
		return fmt.Errorf("gateway: play: no prompt %q", name)
	}
	playing, err := c.play(audio, false)
	if err != nil {
		return fmt.Errorf("gateway: play: %w", err)
	}
	select {
	case <-playing.Done():
		return c.fill()
	case <-c.gone:
		return ErrGone
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.fill())
	}
}

// Hold implements contact.Medium: music until the next order.
func (c *Call) Hold(context.Context) error {
	music, ok := c.prompts.Get(prompt.Music)
	if !ok {
		return errors.New("gateway: hold: no music")
	}
	if _, err := c.play(music, true); err != nil {
		return fmt.Errorf("gateway: hold: %w", err)
	}
	return nil
}

// fill lets the citizen hear silence until the next order.
func (c *Call) fill() error {
	_, err := c.play(quiet(), true)
	return err
}

func quiet() prompt.Audio { return prompt.Silence(media.FrameDuration) }

// Connect implements contact.Medium. When the agent's seat has no audio, the
// citizen goes on hearing what there was.
func (c *Call) Connect(_ context.Context, agent contact.AgentID) error {
	seat, err := c.seats.SeatMedia(agent)
	if err != nil {
		return fmt.Errorf("gateway: connect: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	citizen, err := c.media()
	if err != nil {
		return fmt.Errorf("gateway: connect: %w", err)
	}
	c.part()
	c.bridge, c.seat = join(citizen, seat, c.metrics), seat
	c.cut()
	return nil
}

// Mute lets the citizen hear silence instead of the agent, and the agent again.
// It changes nothing while no agent is connected.
func (c *Call) Mute(_ context.Context, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	citizen, err := c.media()
	if err != nil {
		return fmt.Errorf("gateway: mute: %w", err)
	}
	if c.bridge == nil {
		return nil
	}
	if on {
		c.start(citizen, quiet(), true)
		return nil
	}
	citizen.Out().Select(c.bridge.toCitizen)
	c.cut()
	return nil
}

// play changes what the citizen hears; an agent is disconnected.
func (c *Call) play(a prompt.Audio, loop bool) (*prompt.Playing, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	citizen, err := c.media()
	if err != nil {
		return nil, err
	}
	playing := c.start(citizen, a, loop)
	c.part()
	return playing, nil
}

// start selects a source of its own, so that what was played before cannot
// slip in a frame. The mutex is held.
func (c *Call) start(citizen media.Stream, a prompt.Audio, loop bool) *prompt.Playing {
	source := citizen.Out().NewSource()
	citizen.Out().Select(source)
	c.cut()
	c.playing = c.wheel.Play(source, a, loop)
	return c.playing
}

// cut stops what is played. The mutex is held.
func (c *Call) cut() {
	if c.playing != nil {
		c.playing.Stop()
		c.playing = nil
	}
}

// part takes the agent off. The mutex is held.
func (c *Call) part() {
	if c.bridge != nil {
		c.bridge.part()
		c.bridge = nil
	}
}

// end silences everything for good. The mutex is held.
func (c *Call) end() {
	c.ended = true
	c.cut()
	c.part()
	c.stopRecording()
}

// media is the citizen's audio. The mutex is held.
func (c *Call) media() (media.Stream, error) {
	if c.ended {
		return nil, ErrGone
	}
	if m := c.leg.Media(); m != nil {
		return m, nil
	}
	return nil, errNotAnswered
}

// listen passes the leg's news on, to its end.
func (c *Call) listen() {
	gone := contact.Event{Kind: contact.Gone}
	for e := range c.leg.Events() {
		switch e.Kind {
		case LegDigit:
			c.press(e.Digit)
		case LegGone:
			gone.Cause = e.Cause
		case LegAnswered:
		}
	}
	c.mu.Lock()
	c.end()
	c.mu.Unlock()
	close(c.gone)
	c.events <- gone
	close(c.events)
}

func (c *Call) press(key rune) {
	if len(c.events) >= cap(c.events)-1 {
		c.log.Debug("key lost: nobody reads")
		return
	}
	c.events <- contact.Event{Kind: contact.Pressed, Digit: key}
}
