package tickets

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
)

// ErrKeyReused refuses a key under which another form was registered.
var ErrKeyReused = errors.New("tickets: the idempotency key was used for another form")

// Entry is one registration as the store writes it.
type Entry struct {
	Key    string // idempotency key
	Digest string // of what was asked under Key
	Day    string // whose sequence numbers the ticket, YYYYMMDD
	// Make builds ticket and parcel once the sequence of the day is known. It
	// runs inside the transaction, perhaps several times, and touches nothing.
	// The parcel is nil when nothing goes to a unit.
	Make func(sequence int) (Ticket, *Parcel, error)
}

// Store keeps tickets. Every method blocks for the database.
type Store interface {
	// Register writes ticket, history and parcel in one transaction. A repeat
	// of the key returns the first ticket, or ErrKeyReused when the digest differs.
	Register(ctx context.Context, e Entry) (t Ticket, repeated bool, err error)
	// Repeated finds what a key has registered before: ErrNotFound, ErrKeyReused.
	Repeated(ctx context.Context, key, digest string) (Ticket, error)
	Find(ctx context.Context, number string) (Ticket, error)                        // ErrNotFound
	OfContact(ctx context.Context, id contact.ID) ([]Ticket, error)                 // oldest first
	OfCitizen(ctx context.Context, ref string, limit int) ([]Ticket, error)         // newest first
	DeadLetters(ctx context.Context, limit int) ([]Dead, error)                     // oldest first
	Requeue(ctx context.Context, id string, now time.Time) (unit string, err error) // ErrNotFound
}

// Drafts keeps the saved forms of open contacts for 7 days after the last save.
type Drafts interface {
	Load(ctx context.Context, id contact.ID) (Draft, error) // ErrNotFound
	// Save stores d over revision d.Revision (0: none yet) as the next one. A
	// newer one is a *Conflict, except the same form saved over the same
	// revision by a repeat, which returns what is stored.
	Save(ctx context.Context, d Draft) (Draft, error)
}

// Parcel is one event on its way to a unit: a row of the outbox.
type Parcel struct {
	Unit     string
	Position int64 // order within the unit, from 1; the store sets it
	ID       string
	Number   string
	Contact  contact.ID
	Body     []byte // the event; the same bytes on every attempt
	Queued   time.Time
	Attempts int   // including the one under way
	Token    int64 // of the claim
}

// Dead is a parcel that was given up.
type Dead struct {
	ID       string     `json:"id"`
	Number   string     `json:"ticket_no"`
	Unit     string     `json:"unit"`
	Contact  contact.ID `json:"contact"`
	Attempts int        `json:"attempts"`
	Failure  Failure    `json:"failure"`
	Queued   time.Time  `json:"queued_at"`
	Died     time.Time  `json:"died_at"`
}

// Head is the first undelivered parcel of a unit.
type Head struct {
	Unit     string
	Due      time.Time // not to be tried before
	Attempts int
}

// ErrClaimLost says that another claim has the parcel by now; whatever this
// one did may happen again.
var ErrClaimLost = errors.New("tickets: another claim has the parcel")

// Outbox holds the parcels of all units in order.
type Outbox interface {
	// Heads lists the first undelivered parcel of every unit that has one.
	// One that is claimed is due when its claim runs out.
	Heads(ctx context.Context) ([]Head, error)
	// Claim takes the head of the unit until the claim runs out; false when it
	// is not due, claimed by another, or not there.
	Claim(ctx context.Context, c Claim) (Parcel, bool, error)
	// Delivered, Failed and Bury end a claim: ErrClaimLost when it is no longer
	// the current one.
	Delivered(ctx context.Context, p Parcel, ack string, at time.Time) error
	Failed(ctx context.Context, p Parcel, why Failure, next time.Time) error
	Bury(ctx context.Context, p Parcel, why Failure, at time.Time) error
}

// Claim asks for the head of a unit.
type Claim struct {
	Unit  string
	By    string // node
	Now   time.Time
	Until time.Time
}
