package gatewaytest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
)

// Step is how far a leg has come.
type Step string

// The steps.
const (
	Arrived  Step = "arrived"
	Ringing  Step = "ringing"
	Answered Step = "answered"
	Refused  Step = "refused"
	Ended    Step = "ended"
)

var errEnded = errors.New("gatewaytest: the leg has ended")

// Leg is a citizen's leg without a network. It implements gateway.Inbound.
type Leg struct {
	id      gateway.LegID
	arrival gateway.Arrival
	stream  *Stream
	events  chan gateway.LegEvent
	steps   chan Step

	mu    sync.Mutex
	step  Step
	cause contact.Cause
	fault error
}

var _ gateway.Inbound = (*Leg)(nil)

// NewLeg is a citizen who has just dialled.
func NewLeg(a gateway.Arrival) *Leg {
	return &Leg{
		id: gateway.LegID(rand.Text()), arrival: a, stream: NewStream(),
		events: make(chan gateway.LegEvent, 64), steps: make(chan Step, 64), step: Arrived,
	}
}

// ID implements gateway.Leg.
func (l *Leg) ID() gateway.LegID { return l.id }

// Arrival implements gateway.Inbound.
func (l *Leg) Arrival() gateway.Arrival { return l.arrival }

// Events implements gateway.Leg.
func (l *Leg) Events() <-chan gateway.LegEvent { return l.events }

// Media implements gateway.Leg.
func (l *Leg) Media() media.Stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step != Answered {
		return nil
	}
	return l.stream
}

// Ring implements gateway.Inbound.
func (l *Leg) Ring(context.Context) error { return l.move(Ringing) }

// Answer implements gateway.Inbound. It fails with the fault of FailAnswer.
func (l *Leg) Answer(context.Context) error {
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	if fault != nil {
		l.finish(Ended, contact.Internal)
		return fault
	}
	return l.move(Answered)
}

// Refuse implements gateway.Inbound.
func (l *Leg) Refuse(_ context.Context, why contact.Cause) error {
	if !l.finish(Refused, why) {
		return errEnded
	}
	return nil
}

// Hangup implements gateway.Leg.
func (l *Leg) Hangup(_ context.Context, why contact.Cause) error {
	l.finish(Ended, why)
	return nil
}

// FailAnswer lets Answer fail, as when the ACK never comes.
func (l *Leg) FailAnswer(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = err
}

// Press is the citizen pressing a key.
func (l *Leg) Press(key rune) { l.events <- gateway.LegEvent{Kind: gateway.LegDigit, Digit: key} }

// PickUp is a citizen who was called, answering.
func (l *Leg) PickUp() {
	if l.move(Answered) == nil {
		l.events <- gateway.LegEvent{Kind: gateway.LegAnswered}
	}
}

// GiveUp is the citizen hanging up, at any step.
func (l *Leg) GiveUp() { l.finish(Ended, contact.CitizenEnded) }

// Lose is the leg dying of a cause of its own, such as media lost.
func (l *Leg) Lose(why contact.Cause) { l.finish(Ended, why) }

// Stream is the citizen: what is heard, and what is said.
func (l *Leg) Stream() *Stream { return l.stream }

// Steps reports each step once.
func (l *Leg) Steps() <-chan Step { return l.steps }

// Cause is why the leg ended.
func (l *Leg) Cause() contact.Cause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

func (l *Leg) move(to Step) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step == Ended || l.step == Refused {
		return errEnded
	}
	l.step = to
	l.steps <- to
	return nil
}

func (l *Leg) finish(to Step, why contact.Cause) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.step == Ended || l.step == Refused {
		return false
	}
	l.step, l.cause = to, why
	l.steps <- to
	l.events <- gateway.LegEvent{Kind: gateway.LegGone, Cause: why}
	close(l.events)
	return true
}
