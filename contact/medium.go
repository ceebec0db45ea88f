package contact

import "context"

// Medium carries one contact: a phone call or a text conversation. Its
// methods are called by one goroutine, the session's, and may be called again
// after any error.
type Medium interface {
	// Hold keeps the citizen company: music for a caller.
	Hold(ctx context.Context) error
	// Connect joins the citizen to the agent; it cuts prompts and music.
	Connect(ctx context.Context, agent AgentID) error
	// Close ends the medium. Safe to call twice; the first cause stays.
	Close(ctx context.Context, why Cause) error
	// Events is closed after Gone.
	Events() <-chan Event
}

// EventKind says what the citizen did.
type EventKind uint8

// The kinds of events.
const (
	// Pressed: the citizen pressed a key; Event.Digit holds it.
	Pressed EventKind = iota + 1
	// Gone: the medium has ended; Event.Cause says why. Always the last.
	Gone
	// Said: the citizen wrote; Event.Message holds it.
	Said
	// Typing: the citizen writes, or has stopped (Event.On). It may be lost.
	Typing
)

// Event is news from the citizen's side.
type Event struct {
	Kind    EventKind
	Digit   rune
	Cause   Cause
	Message Message
	On      bool
}
