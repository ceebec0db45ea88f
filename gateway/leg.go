package gateway

import (
	"context"

	"hotline/contact"
	"hotline/media"
)

// LegID names one end of a call: a SIP Call-ID with tags, or an agent's seat.
type LegID string

// Leg is one end of a call. Methods may be called from any goroutine.
type Leg interface {
	ID() LegID
	// Media is nil until the leg is answered.
	Media() media.Stream
	// Hangup ends the leg in whatever state it is: CANCEL, a refusal or BYE.
	// It returns once the peer has been told; safe to call twice.
	Hangup(ctx context.Context, why contact.Cause) error
	// Events is closed after LegGone.
	Events() <-chan LegEvent
}

// Inbound is a leg that arrived on a trunk and waits for orders.
type Inbound interface {
	Leg
	// Arrival says who calls whom.
	Arrival() Arrival
	// Ring sends 180.
	Ring(ctx context.Context) error
	// Answer sends 200 and returns once the ACK is there, or an error: the
	// citizen cancelled, the ACK never came.
	Answer(ctx context.Context) error
	// Refuse sends the final status that belongs to the cause: 404 unknown,
	// 480 closed, 503 with Retry-After full and overload, 603 nuisance.
	Refuse(ctx context.Context, why contact.Cause) error
}

// Arrival is what an INVITE tells.
type Arrival struct {
	Trunk  string          // configured name
	Called string          // the number dialled, digits only, without area code
	Caller contact.Address // E.164 where possible; zero when withheld
}

// LegEventKind says what happened on a leg.
type LegEventKind uint8

// The kinds of events of a leg.
const (
	LegAnswered LegEventKind = iota + 1 // outbound: the peer answered
	LegDigit                            // LegEvent.Digit was pressed
	LegGone                             // ended; LegEvent.Cause says why; always the last
)

// LegEvent is news from one leg.
type LegEvent struct {
	Kind  LegEventKind
	Digit rune
	Cause contact.Cause
}

// Seats finds the audio of a signed-in agent; gateway/webrtc implements it.
// The stream belongs to the seat and outlives the browser's peer connections.
type Seats interface {
	SeatMedia(agent contact.AgentID) (media.Stream, error)
}
