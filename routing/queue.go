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

// ErrBusy says that the agent has no slot for the contact, or is not ready.
var ErrBusy = errors.New("routing: the agent is not free")

// ErrUnconfirmed says that too few replicas have heard of it: ring only when a
// majority of those who watch still takes this store for the primary.
var ErrUnconfirmed = errors.New("routing: not confirmed by a replica")

// ErrUnknown says that the queue does not hold the contact.
var ErrUnknown = errors.New("routing: no such contact")

// Token numbers the reservations of one contact, from 1; a higher one voids
// all before it.
type Token uint64

// NodeID names one life of a node; a restarted node takes a new one.
type NodeID string

// Entry asks the queue to find an agent for a contact.
type Entry struct {
	Contact contact.ID
	Class   contact.Class
	Line    string        // the service line, for the board; empty for none
	Buckets []Bucket      // at least one; the contact waits in all of them from the start
	Steps   []Step        // where it waits too, later; the steps only widen
	Band    int           // strict rank, 0 first
	Credit  time.Duration // head start before others of the band
	// Waited is how long the contact has waited before the queue took it: its
	// place and its steps count from then.
	Waited time.Duration
	Anchor NodeID        // the node that acts on the contact
	Ring   time.Duration // how long an agent may let it ring; the lease is Ring + 3 s
}

// Step lets a contact wait in further buckets once it has waited for so long.
// A step is taken at once when the contact enters, or comes back, and nobody
// who could serve what it waits in so far is there (see Queue.Enqueue).
type Step struct {
	After time.Duration // since the contact began to wait; positive, each more than the one before
	Add   []Bucket      // at least one
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
	// Excludes names the classes that fill the seat: while it has a contact of
	// such a class it gets none of another. What it has already it keeps.
	Excludes map[contact.Class]bool
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
	// Widen: the contact waits in Command.Added too. For the record; the token
	// is the last one.
	Widen CommandKind = "widen"
	// Adopt: the node that had the conversation is dead, and this one has it now.
	Adopt CommandKind = "adopt"
	// Orphan: the node that had the call is dead. The citizen is to be called
	// back, unless the call turns out to live. Sent to one living node, at least once.
	Orphan CommandKind = "orphan"
)

// Command is an order of the queue to the node that anchors a contact. Act
// only on a token higher than the last seen for that contact.
type Command struct {
	Kind    CommandKind
	Contact contact.ID
	Agent   contact.AgentID
	Seat    NodeID // where the agent's desk is connected; of an Offer, and of an Adopt with an agent
	Token   Token
	Expires time.Time // of the lease, the queue's clock
	Added   []Bucket  // of a Widen
	Why     Reason    // of an Offer
}

// Reason tells why this contact and this agent met, and not another. It was
// taken down in the step that joined them.
type Reason struct {
	By     Meeting       `json:"by"`
	Via    Bucket        `json:"via"`    // the bucket where they met; empty when Assigned
	Waited time.Duration `json:"waited"` // of the contact
	Score  int64         `json:"score"`  // of the contact: band·1e13 + entry_ms − credit_ms
	Tier   int           `json:"tier"`   // of the seat in Via; 0 first
	Load   int           `json:"load"`   // contacts of the class that the seat had already
	Idle   time.Duration `json:"idle"`   // how long the seat had had nothing to do
	Others int           `json:"others"` // Entered: further seats free in Via; Freed: contacts left waiting in Via
	Next   string        `json:"next"`   // who would have been next in Via: an agent (Entered) or a contact (Freed); empty for none
}

// Meeting says which side was waiting.
type Meeting string

// How contact and seat meet.
const (
	Entered  Meeting = "entered"  // the contact came (or came back, or widened) and found a free seat
	Freed    Meeting = "freed"    // the seat became free and took the contact first in order
	Assigned Meeting = "assigned" // a supervisor's pick
)

// Queue keeps the contacts that wait and the agents that are free. Every
// method is one atomic step, safe to repeat, and may end in an offer, which
// reaches the anchor's node as a Command. Methods may block for the store's
// round trip and fail with its error; nothing is then known of the outcome,
// and the same call may be made again.
type Queue interface {
	// Enqueue lets a contact wait. A contact already known is left as it is,
	// but one that is Lost waits again at its old place. Where no seat that is
	// there (ready or away; for a SeatBucket: ready) serves a bucket it waits in,
	// its next step is taken at once, and so on; this is judged again whenever
	// the contact comes back, not when agents leave.
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
	// Reroute gives a contact that is known and not over the line, buckets,
	// steps, credit and ring time of e, at its old time of entry: the policy has
	// changed, or somebody moved it. A step that is due is taken. e.Waited is not
	// looked at. ErrStale when another living node has the contact, ErrUnknown
	// when the queue does not know it.
	Reroute(ctx context.Context, e Entry) error
	// Assign is a supervisor's pick: the waiting contact is reserved for the
	// agent, whatever its buckets. ErrStale when the contact does not wait,
	// ErrBusy when the agent is not ready or has no slot for it.
	Assign(ctx context.Context, id contact.ID, agent contact.AgentID) error
	// Ring says that the anchor is about to ring the desk under that token. It
	// returns nil once as many replicas as the store is told to have confirmed
	// it; ErrStale when the offer is over, ErrUnconfirmed when they did not.
	Ring(ctx context.Context, id contact.ID, t Token) error
	// Outlook tells how a waiting contact stands; ErrUnknown when it does not wait.
	Outlook(ctx context.Context, id contact.ID) (Outlook, error)
	// Counts sums the hall up.
	Counts(ctx context.Context) (Counts, error)
	// Board lists lines and seats at one moment.
	Board(ctx context.Context) (Board, error)
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
	// Strays compares what the node anchors, as it knows it, with the queue:
	// unknown are those of ids that the queue does not hold for it (or has
	// ended), forgotten are those that the queue holds for it and ids lacks.
	// At most 10,000 ids.
	Strays(ctx context.Context, n NodeID, ids []contact.ID) (unknown, forgotten []contact.ID, err error)
	// Walk examines the next part of the store, at most 200 members, and goes
	// round and round; it tells each breach of the queue's invariants in one
	// line without personal data, and mends those that would strand somebody.
	// Every node calls it each second; the walk is shared.
	Walk(ctx context.Context) (breaches []string, err error)
}
