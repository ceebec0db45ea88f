package session

import (
	"context"

	"hotline/contact"
	"hotline/gateway"
)

// Voice is a phone call as a session orders it; *gateway.Call is one.
type Voice interface {
	contact.Medium
	// ID is the contact's, minted when the call arrived.
	ID() contact.ID
	// Arrival tells who called which number.
	Arrival() gateway.Arrival
	// Answer returns once the caller's side has confirmed.
	Answer(ctx context.Context) error
	// Refuse ends a call that was not answered.
	Refuse(ctx context.Context, why contact.Cause) error
	// Play blocks until the prompt has ended, ctx ends, or the citizen is gone.
	Play(ctx context.Context, prompt string) error
	// Mute lets the citizen hear silence instead of the agent.
	Mute(ctx context.Context, on bool) error
	// Stats counts what both sides sent since their legs began; those of the
	// agent are of the seat connected last, on hold too.
	Stats() gateway.Stats
	// Recording names the file that holds the call's audio; empty for none.
	Recording() string
}

// What the session lets a citizen hear by itself; the names are media/prompt's.
const (
	promptGoodbye     = "goodbye" // the agent has left
	promptOffer       = "callback-offer"
	promptTaken       = "callback-taken"
	promptOfferFailed = "callback-failed"
	promptReconnect   = "reconnect" // the agent's audio is gone, or another agent follows
)
