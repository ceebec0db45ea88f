package records

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/media"
)

// Record is what is kept of one contact. Times are UTC, zero when the step was
// not reached.
type Record struct {
	Contact    contact.ID
	Origin     contact.ID // the contact that this call-back follows; empty for all others
	Channel    contact.Channel
	Line       string
	Source     string // the merged hotline dialled
	Trunk      string
	Citizen    contact.Address
	CitizenRef string // keyed pseudonym; finds earlier contacts
	Node       string
	Accepted   time.Time
	Queued     time.Time
	Connected  time.Time // first time both parties heard each other
	Replied    time.Time // an agent's first message; messages only
	TalkEnded  time.Time
	Ended      time.Time // after wrap-up
	Held       time.Duration
	Offers     int // desks that rang
	Messages   int // of the citizen and of agents; messages only
	Agent      contact.AgentID
	Cause      contact.Cause // valid once TalkEnded or Ended is set
	// Recording names the file of the call's audio below the recordings' folder;
	// empty when there is none.
	Recording string
	// FromCitizen and FromAgent are the quality of the talk's audio as it
	// arrived from either side; zero when there was no talk.
	FromCitizen, FromAgent media.Quality
}

// Event is one step of a contact's life, append-only.
type Event struct {
	Contact contact.ID
	At      time.Time
	Kind    EventKind
	Agent   contact.AgentID
	Detail  string // from closed lists: a cause, a reason; never text or numbers of citizens
	// Facts are what was considered; the keys are the Fact constants, nil for none.
	// They do not tell events apart: of two with the same contact, millisecond,
	// kind, agent and detail the first is kept.
	Facts map[string]string
}

// Entry is one contact's part of a SaveAll. No contact has two.
type Entry struct {
	Record Record
	Events []Event
}

// Orphan is a contact whose node died in the middle: a recording without an end
// tells of it.
type Orphan struct {
	Contact   contact.ID
	Recording string    // of the contact's record
	Ended     time.Time // the last sign of life
}

// EventKind names a step.
type EventKind string

// The steps.
const (
	Accepted        EventKind = "accepted"
	Greeted         EventKind = "greeted"
	Queued          EventKind = "queued"
	Widened         EventKind = "widened"  // waits in further buckets too
	Rerouted        EventKind = "rerouted" // the policy has changed, or somebody moved it
	Offered         EventKind = "offered"
	OfferEnded      EventKind = "offer_ended"
	Connected       EventKind = "connected"
	Held            EventKind = "held"
	Resumed         EventKind = "resumed"
	AgentSilent     EventKind = "agent_silent" // the agent's audio is gone
	AgentHeard      EventKind = "agent_heard"  // and is back
	AgentLost       EventKind = "agent_lost"   // it did not come back
	Requeued        EventKind = "requeued"     // the citizen waits again, at the old place
	TalkEnded       EventKind = "talk_ended"
	WrapExtended    EventKind = "wrap_extended"
	Replied         EventKind = "replied"          // an agent's first message
	ReplyDue        EventKind = "reply_due"        // there should have been one by now
	Parked          EventKind = "parked"           // waits for the citizen
	Unparked        EventKind = "unparked"         // somebody wrote, or the agent goes on
	Nudged          EventKind = "nudged"           // the house asked whether the citizen is still there
	Silent          EventKind = "citizen_silent"   // no answer came: closed
	CallbackOffered EventKind = "callback_offered" // the citizen heard that a key keeps the place
	Promised        EventKind = "promised"         // a call-back; Detail: why
	Dialled         EventKind = "dialled"          // the citizen of a call-back
	NotReached      EventKind = "not_reached"      // nobody answered, or busy
	GivenUp         EventKind = "given_up"         // the last attempt to call back has failed
	Returned        EventKind = "returned"         // rings again: has the place of the promise
	Adopted         EventKind = "adopted"          // its node was dead, another goes on
	Ended           EventKind = "ended"
)

// Store keeps records. Save writes the whole record (insert or replace by
// contact) together with the new events in one transaction; repeating it with
// the same events is harmless. Methods block for the database.
type Store interface {
	Save(ctx context.Context, r Record, events ...Event) error
	// SaveAll is Save of many contacts, all in one transaction.
	SaveAll(ctx context.Context, all []Entry) error
	Find(ctx context.Context, id contact.ID) (Record, error) // ErrNotFound
	// OfCitizen lists the newest records of one citizen; limit 1-100.
	OfCitizen(ctx context.Context, ref string, limit int) ([]Record, error)
	// Recent lists the newest records; limit 1-500.
	Recent(ctx context.Context, limit int) ([]Record, error)
	Events(ctx context.Context, id contact.ID) ([]Event, error)
}
