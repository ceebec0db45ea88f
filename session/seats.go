package session

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
	"hotline/media"
	"hotline/routing"
)

// ErrNoDesk says that the agent has no desk that could ring.
var ErrNoDesk = errors.New("session: the agent has no desk")

// Call is one contact as its agent's desk shows it.
type Call struct {
	Contact contact.Contact
	Token   routing.Token
	Record  string         // the file of the call's audio; empty for none
	Until   time.Time      // end of ringing, this node's clock
	Seat    routing.NodeID // where the agent's desk is; empty: here
	Anchor  routing.NodeID // where the contact is, and the audio of a call
	// Serving says that the agent has the conversation already: nothing rings,
	// the desk takes it up as it stands.
	Serving bool
	Thread  *Thread // of a conversation; nil for a call
	// Callback: nobody is on the line yet; the citizen is dialled once the agent
	// accepts.
	Callback bool
}

// Seats is where agents are reached; desk implements it. Offer may block for
// the 2 s in which a desk must acknowledge; Tell never blocks.
type Seats interface {
	// Offer rings the agent's desk. It returns once the desk shows the ring,
	// with ErrNoDesk, or with the context's error.
	Offer(ctx context.Context, agent contact.AgentID, c Call) error
	// Tell brings news of a contact that the seat was offered or serves.
	Tell(agent contact.AgentID, n News)
}

// NewsKind says what became of the contact.
type NewsKind string

// The news a seat gets.
const (
	RingStopped NewsKind = "ring_stopped" // News.Why: who or what ended the ring
	Connected   NewsKind = "connected"    // both parties hear each other
	Held        NewsKind = "held"
	Resumed     NewsKind = "resumed"
	Muted       NewsKind = "muted"
	Unmuted     NewsKind = "unmuted"
	Ended       NewsKind = "ended"    // talk is over, News.Cause; wrap-up begins, until News.Until
	WrappingUp  NewsKind = "wrapping" // wrap-up extended, until News.Until
	Finished    NewsKind = "finished" // wrap-up is over: the seat is free
	Apart       NewsKind = "apart"    // the agent's audio is gone: the citizen hears that we reconnect
	Rejoined    NewsKind = "rejoined" // it is back
	TakenBack   NewsKind = "taken"    // it was gone too long: the citizen waits for another agent, the seat is free and away
	Measured    NewsKind = "measured" // News.Quality, each 2 s of talk

	// Of conversations only; all but Typing bring News.Thread.
	Said          NewsKind = "said"            // News.Message, of either side or the house; News.CMID when an agent's
	Typing        NewsKind = "typing"          // the citizen writes, or has stopped: News.On
	SetAside      NewsKind = "parked"          // it waits for the citizen
	TakenUp       NewsKind = "unparked"        // and goes on
	FirstReplyDue NewsKind = "first_reply_due" // the citizen has waited too long for the first reply
)

// RingEnd says why a ring stopped.
type RingEnd string

// Why a ring stopped.
const (
	RingUnanswered  RingEnd = "unanswered"   // rang to the end: the seat is set away
	RingRejected    RingEnd = "rejected"     // the agent said no: the seat is set away
	RingUnreachable RingEnd = "unreachable"  // no acknowledgement in 2 s: the seat is set away
	RingRevoked     RingEnd = "revoked"      // the queue took the offer back
	RingCitizenGone RingEnd = "citizen_gone" // the citizen hung up
)

// News is one message to a seat.
type News struct {
	Kind     NewsKind
	Seat     routing.NodeID // where the agent's desk is; empty: here
	Contact  contact.ID
	Token    routing.Token
	Why      RingEnd
	Cause    contact.Cause
	Until    time.Time // end of wrap-up, this node's clock
	Extended int       // how often wrap-up was extended
	Quality  Quality
	Message  contact.Message
	CMID     string
	On       bool
	Thread   *Thread // how the conversation stands now; nil for a call
}

// Quality is how the talk's audio arrived at the node during the last 5 s.
type Quality struct{ FromCitizen, FromAgent media.Quality }
