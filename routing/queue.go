package routing

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
)

// ErrStale refuses a command whose token is not the contact's current one:
// somebody else has the contact by now.
var ErrStale = errors.New("routing: the token is no longer current")

// ErrFenced refuses a command of a node that has lost its lease; the node
// must register again under a new name.
var ErrFenced = errors.New("routing: this node has lost its lease")

// ErrUnknown says that the queue does not hold the contact.
var ErrUnknown = errors.New("routing: no such contact")

// Token numbers the reservations of one contact, from 1; a higher one voids
// all before it.
type Token uint64

// NodeID names one life of a node; a restarted node takes a new one.
type NodeID string

// Bucket is one named group of agents that a contact can wait for, such as "general".
type Bucket string

// Entry asks the queue to find an agent for a contact.
type Entry struct {
	Contact contact.ID
	Class   contact.Class
	Buckets []Bucket // at least one; the contact waits in all of them
	Band    int      // strict rank, 0 first
	Credit  time.Duration
	Anchor  NodeID        // the node that acts on the contact
	Ring    time.Duration // how long an agent may let it ring; the lease is Ring + 3 s
}

// Assertion is a contact as its anchor knows it.
type Assertion struct {
	Entry                 // Anchor is the node's present name
	State State           // Wait, Talking or Wrapping
	Agent contact.AgentID // who talks or writes; empty for Wait
	Token Token           // the highest that the anchor has acted on
}

// Status says whether an agent takes contacts.
type Status string

// The statuses. A busy agent is Ready with all slots used: the queue counts.
const (
	Ready   Status = "ready"
	Away    Status = "away"
	Offline Status = "offline"
)

// Agent tells the queue about one seat. Setting the same again is harmless.
type Agent struct {
	ID      contact.AgentID
	Node    NodeID // where the desk is connected
	Status  Status
	Buckets map[Bucket]int        // tier in each: 0 is served first
	Slots   map[contact.Class]int // how many contacts of each class at once
}

// DeclineReason says why an offer came to nothing. Each but Rejected sets the
// agent Away in the same step, so that the next offer goes elsewhere.
type DeclineReason string

// The reasons.
const (
	Rejected     DeclineReason = "rejected"     // the agent said no: away too, by the system reason
	Unanswered   DeclineReason = "unanswered"   // it rang to the end
	Unreachable  DeclineReason = "unreachable"  // the desk did not acknowledge
	Disconnected DeclineReason = "disconnected" // the desk is gone
)

// CommandKind says what the anchor's node must do.
type CommandKind string

// The kinds of commands.
const (
	// Offer: ring Command.Agent for Command.Contact under Command.Token.
	Offer CommandKind = "offer"
	// Revoke: the reservation of that token is over (lease expired); stop the
	// ring. The contact waits again at its old place.
	Revoke CommandKind = "revoke"
)

// Command is an order of the queue to the node that anchors a contact. Act
// only on a token higher than the last seen for that contact.
type Command struct {
	Kind    CommandKind
	Contact contact.ID
	Agent   contact.AgentID
	Token   Token
	Expires time.Time // of the lease, the queue's clock
}

// Queue keeps the contacts that wait and the agents that are free. Every
// method is one atomic step, safe to repeat, and may end in an offer, which
// reaches the anchor's node as a Command. Methods may block for the store's
// round trip and fail with its error; nothing is then known of the outcome,
// and the same call may be made again.
type Queue interface {
	// Enqueue lets a contact wait. A contact already known is left as it is,
	// but one that is Lost waits again at its old place.
	Enqueue(ctx context.Context, e Entry) error
	// Reassert says how a contact stands at an anchor that has lost its lease
	// and has registered under a new name. What the queue knew otherwise gives
	// way: a Lost contact lives again, at its old score; an offer or another
	// agent's claim under a lower token is taken back; and an offer to an agent
	// who is in this talk goes to the next. A contact that has Ended stays so.
	// ErrStale when somebody else has the contact (a living anchor, a higher
	// token) or the agent (another talk).
	Reassert(ctx context.Context, a Assertion) error
	// Withdraw takes a contact out, whatever its state: the citizen is gone.
	// An agent who held it is free. Unknown contacts are no error.
	Withdraw(ctx context.Context, id contact.ID, why contact.Cause) error
	// SetAgent says what an agent takes. A contact that was offered to an
	// agent who goes Offline waits again at its old place. Offline from a node
	// that the agent has left for another is old news and changes nothing.
	SetAgent(ctx context.Context, a Agent) error
	// Accept turns the offer of that token into service, or ErrStale.
	Accept(ctx context.Context, id contact.ID, t Token) error
	// Decline ends the offer of that token: the contact waits again at its
	// old place and the agent is set Away. ErrStale when it is over already.
	// Disconnected may end a talk too: the agent's desk did not come back.
	Decline(ctx context.Context, id contact.ID, t Token, why DeclineReason) error
	// Wrap says that the talk is over and the agent still writes: the slot stays taken.
	Wrap(ctx context.Context, id contact.ID, t Token) error
	// Finish ends the contact and frees the slot, which may bring the agent
	// the next offer at once.
	Finish(ctx context.Context, id contact.ID, t Token, why contact.Cause) error
	// Place tells how many wait before the contact in its best bucket, from 0;
	// ErrUnknown when it does not wait.
	Place(ctx context.Context, id contact.ID) (int, error)
	// Counts sums the hall up.
	Counts(ctx context.Context) (Counts, error)
}

// Counts is the hall at one moment.
type Counts struct {
	Waiting map[Bucket]int `json:"waiting"`
	Free    map[Bucket]int `json:"free"` // free voice seats
	Offered int            `json:"offered"`
}

// Member is a node's own side of the queue: its lease and its orders.
type Member interface {
	// Beat registers the node or renews its lease of 5 s; ErrFenced when it
	// was lost. When nobody has renewed for half a lease it was the store that
	// was away: no node is declared dead for one lease from then.
	Beat(ctx context.Context, n NodeID) error
	// Tick ends expired reservations and sweeps dead nodes, at most 100 of
	// each a call. Every node calls it each 100 ms; the work is shared.
	Tick(ctx context.Context) error
	// Commands yields the node's orders until ctx ends, then closes the channel.
	Commands(ctx context.Context, n NodeID) <-chan Command
	// Leave gives the lease back, once the node anchors nothing.
	Leave(ctx context.Context, n NodeID) error
}
