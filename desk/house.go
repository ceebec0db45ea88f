package desk

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Hall is what the desk asks of the sessions: commands on a contact that the
// agent was offered or serves. Errors: routing.ErrStale, session.ErrNotYours,
// session.ErrState. Calls may block until the session has acted.
type Hall interface {
	Accept(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error
	Decline(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error
	Hold(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Resume(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Mute(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error
	Hangup(ctx context.Context, id contact.ID, agent contact.AgentID) error
	// SeatLost says that the agent's desk has been gone for 30 s in a talk.
	SeatLost(ctx context.Context, id contact.ID, agent contact.AgentID) error
	ExtendWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error
	FinishWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error

	// Say, Typing, Park, Unpark and Messages are of conversations, and so is
	// Hangup: it ends them. Say may fail with channels.ErrClosed and ErrReused.
	Say(ctx context.Context, id contact.ID, agent contact.AgentID, cmid, text string) (contact.Message, error)
	Typing(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error
	Park(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Unpark(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error)
}

// Queue is told what each seat takes; routing.Queue is one.
type Queue interface {
	SetAgent(ctx context.Context, a routing.Agent) error
	Counts(ctx context.Context) (routing.Counts, error)
	Floor
}

// Phones finds the audio of a seat.
type Phones interface {
	Phone(agent contact.AgentID) Phone
}

// Phone is one seat's audio, which outlives the browser's connections.
type Phone interface {
	// Answer takes the browser's offer of generation gen, which rises. It may block.
	Answer(ctx context.Context, gen uint64, offer string) (answer string, err error)
	// Prove plays 1,000 Hz for 1 s and counts the packets that came meanwhile.
	Prove(ctx context.Context) (packetsIn uint64, err error)
	// Events tells how the connection fares; closed with the seat.
	Events() <-chan PhoneEvent
	// Close ends the connection: the agent has signed out.
	Close(ctx context.Context) error
}

// PhoneEvent says how the connection of a generation fares.
type PhoneEvent struct {
	Gen   uint64
	State PhoneState
}

// PhoneState is the state of a browser's connection.
type PhoneState string

// The states of a connection.
const (
	PhoneConnecting   PhoneState = "connecting"
	PhoneConnected    PhoneState = "connected"
	PhoneDisconnected PhoneState = "disconnected"
	PhoneFailed       PhoneState = "failed"
)

// Line is a service line as a desk shows it.
type Line struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
}

// stamp is a time as the protocol writes it; the zero time is null.
type stamp time.Time

// stampLayout is RFC 3339 in UTC with milliseconds.
const stampLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes UTC with milliseconds, or null.
func (s stamp) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.UTC().Format(stampLayout) + `"`), nil
}

// IsZero lets omitzero leave a step out that was not reached.
func (s stamp) IsZero() bool { return time.Time(s).IsZero() }
