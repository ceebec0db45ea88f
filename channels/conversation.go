package channels

import (
	"context"
	"errors"

	"hotline/contact"
)

// ErrClosed says that the conversation is over: closed is final, what comes
// later begins a new one.
var ErrClosed = errors.New("channels: the conversation is over")

// ErrReused refuses an Outgoing whose CMID came before with another text.
var ErrReused = errors.New("channels: the message's id was used for another text")

// Arrival is how a conversation came.
type Arrival struct {
	Channel contact.Channel
	Account string // the platform's account or site that was written to
	Citizen contact.Address
	Topic   string // what the citizen chose to talk about, from the site's list; may be empty
}

// Outgoing is something to be said to the citizen.
type Outgoing struct {
	CMID  string          // ULID of who sends it; the same again is answered with the same message
	Agent contact.AgentID // empty: the house says it
	Text  string
}

// Place is what a waiting citizen is shown. Known is false when nothing honest
// can be said about the wait.
type Place struct {
	Place     int // how many are before
	Known     bool
	Low, High int // minutes, Low < High
}

// Conversation is one text conversation as a session orders it. Its events tell
// what the citizen writes (contact.Said) and when the citizen closes it
// (contact.Gone with CitizenEnded). A citizen whose page is closed is not gone.
type Conversation interface {
	contact.Medium
	// ID is the contact's, minted when the first message was accepted.
	ID() contact.ID
	Arrival() Arrival
	// Say blocks until the message is kept; ErrClosed, ErrReused.
	Say(ctx context.Context, o Outgoing) (contact.Message, error)
	// Show tells a waiting citizen how things stand; it may be lost.
	Show(ctx context.Context, p Place) error
	// Typing shows that the agent writes; it may be lost.
	Typing(ctx context.Context, on bool) error
	// Messages reads at most limit messages after that Seq, in order; limit 1-100.
	Messages(ctx context.Context, after int64, limit int) ([]contact.Message, error)
}

// House opens conversations that another node has left; each platform is one.
type House interface {
	// Adopt takes over the conversation of that contact for this node. Its
	// events begin with what the citizen wrote and no session has seen.
	Adopt(ctx context.Context, id contact.ID) (Conversation, error)
}
