package web

import (
	"context"
	"errors"
	"time"

	"hotline/channels"
	"hotline/contact"
)

// What a Store finds besides channels.ErrClosed and channels.ErrReused.
var (
	// ErrMoved says that another node has adopted the conversation.
	ErrMoved = errors.New("web: another node has the conversation")
	// ErrFull refuses one more message of a conversation that has very many.
	ErrFull = errors.New("web: the conversation has too many messages")
	// ErrUnknown says that there is no such conversation, or not any more.
	ErrUnknown = errors.New("web: no such conversation")
	// ErrNoTicket says that a socket's ticket was never given, is used or too old.
	ErrNoTicket = errors.New("web: no such ticket")
)

// Post is a citizen's message on its way into the store.
type Post struct {
	Ref       string // the visitor's pseudonym
	Visitor   string
	Account   string
	Topic     string
	CMID      string
	Text      string
	Message   string     // ULID for the message
	Candidate contact.ID // for the conversation, if this opens one
	Node      string     // its anchor then
	At        time.Time
}

// Posted is what became of a Post. A repeated CMID has the event of the first.
type Posted struct {
	Event  Event
	Opened bool
	Anchor Anchor
}

// Saying is a message of the house's side on its way into the store.
type Saying struct {
	Anchor   Anchor
	Outgoing channels.Outgoing
	Message  string
	At       time.Time
}

// Opened is an open conversation and the node that has it.
type Opened struct {
	ID   contact.ID
	Node string
}

// Log keeps conversations. Each method is one atomic step. Errors of this
// package and of channels are as documented; all else means that the outcome
// is unknown.
type Log interface {
	// Append keeps a citizen's message once, opening a conversation when the
	// visitor has none open; channels.ErrReused, ErrFull.
	Append(ctx context.Context, p Post) (Posted, error)
	// Say keeps a message to the citizen once; channels.ErrClosed,
	// channels.ErrReused, ErrMoved.
	Say(ctx context.Context, s Saying) (Event, error)
	// Wait makes the citizen one that waits, Join one that an agent serves;
	// channels.ErrClosed, ErrMoved.
	Wait(ctx context.Context, a Anchor) error
	Join(ctx context.Context, a Anchor, agent contact.AgentID, at time.Time) error
	// End closes for good; the first cause stays. ErrMoved.
	End(ctx context.Context, a Anchor, why contact.Cause, at time.Time) error
	// Leave is End by the citizen; ErrUnknown when it is not the visitor's.
	Leave(ctx context.Context, ref string, id contact.ID, at time.Time) error
	// See keeps that a session has the events up to seq; ErrMoved.
	See(ctx context.Context, a Anchor, seq int64) error
	// Mark keeps that the citizen has read up to seq, never backwards; it
	// returns what is kept. ErrUnknown when it is not the visitor's.
	Mark(ctx context.Context, ref string, id contact.ID, seq int64) (int64, error)
	// Show keeps the place while the citizen waits; channels.ErrClosed, ErrMoved.
	Show(ctx context.Context, a Anchor, p channels.Place) error
	// Adopt gives the conversation to the node; channels.ErrClosed, ErrUnknown.
	// ErrMoved when from.Node is not empty and no longer has it.
	Adopt(ctx context.Context, from Opened, node string) (State, error)
	// Rename keeps the node's new name; ErrMoved.
	Rename(ctx context.Context, a Anchor, node string) error
	// Read returns at most limit events after seq, in order.
	Read(ctx context.Context, id contact.ID, after int64, limit int) ([]Event, error)
	// Current is the visitor's open conversation, or the last one; Phase None.
	Current(ctx context.Context, ref string) (State, error)
	// Find is one conversation of the visitor; ErrUnknown.
	Find(ctx context.Context, ref string, id contact.ID) (State, error)
	// Open lists the open conversations whose ID is greater, in order.
	Open(ctx context.Context, after contact.ID, limit int) ([]Opened, error)
}

// News tells that something was kept. What it tells may be lost.
type News interface {
	// Subscribe returns once the subscription stands; the channel is closed
	// after ctx has ended.
	Subscribe(ctx context.Context) (<-chan Poke, error)
	// Heads returns a number for each visitor that grows with each event.
	Heads(ctx context.Context, refs []string) ([]int64, error)
	// Signal tells all sockets of the visitor.
	Signal(ctx context.Context, ref string, signal []byte) error
}

// Poke is news of one visitor: a signal for its sockets, the end of one of
// them, or, with neither, that its log has grown.
type Poke struct {
	Ref      string
	Signal   []byte
	Replaced string // id of a socket
}

// Ticket is the right to open one socket.
type Ticket struct {
	Visitor string `json:"visitor"`
	Account string `json:"account"`
}

// Doors counts who comes in.
type Doors interface {
	PutTicket(ctx context.Context, hash string, t Ticket, life time.Duration) error
	// TakeTicket returns a ticket once; ErrNoTicket.
	TakeTicket(ctx context.Context, hash string) (Ticket, error)
	// Enter counts a socket; of more than limit the oldest are replaced.
	Enter(ctx context.Context, ref, socket string, limit int) error
	// Inside says whether the socket has not been replaced.
	Inside(ctx context.Context, ref, socket string) (bool, error)
	Exit(ctx context.Context, ref, socket string) error
}

// Store is all of it.
type Store interface {
	Log
	News
	Doors
}
