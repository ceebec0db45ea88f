package callbacks

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
)

// ErrClaimLost says that somebody else has the promise by now, or that it is
// over: whoever is told it must not dial.
var ErrClaimLost = errors.New("callbacks: the claim is lost")

// ErrNotFound says that there is no such promise, or that it is over.
var ErrNotFound = errors.New("callbacks: no open promise")

// Why says how a promise came about.
type Why string

// The reasons.
const (
	Asked     Why = "asked"     // the citizen pressed the key, or chose it on a page
	Abandoned Why = "abandoned" // the citizen hung up after a wait
	NodeLost  Why = "node_lost" // the node of the call has died
	MaxWait   Why = "max_wait"  // the line does not let anybody wait longer
)

// Whys lists all reasons.
func Whys() []Why { return []Why{Asked, Abandoned, NodeLost, MaxWait} }

// Promise is one citizen who is to be called back. Times are UTC.
type Promise struct {
	ID         string     // ULID
	Contact    contact.ID // that it came from; each has one promise at most
	Citizen    contact.Address
	CitizenRef string // keyed pseudonym; one open promise each
	Line       string
	Source     string    // the merged hotline that the citizen dialled
	Since      time.Time // the true place: when the citizen began to wait
	Why        Why
	State      State
	Attempts   int       // dialled so far
	NextAt     time.Time // not before
	MadeAt     time.Time
	Token      int64  // of the claim; each claim has a higher one
	By         string // who has claimed it
}

// Held names a promise under the claim of its holder.
type Held struct {
	ID    string
	Token int64
}

// Held is the promise's name under its present claim.
func (p Promise) Held() Held { return Held{p.ID, p.Token} }

// Claim asks for promises that are due.
type Claim struct {
	By    string // name of the node's life
	Now   time.Time
	Until time.Time // when others may take them
	Limit int
}

// Store keeps promises of one hall. Methods block for the database. All that
// ends a claim checks its token, and returns ErrClaimLost.
type Store interface {
	// Keep writes the promise, unless the contact has one already, or the
	// citizen has an open one: then it returns that.
	Keep(ctx context.Context, p Promise) (Promise, error)
	// Claim takes promises that are due and that nobody has, the longest
	// waiting first. A promise that comes back as Dialling is one whose holder
	// has died while it rang: it is to be Missed.
	Claim(ctx context.Context, c Claim) ([]Promise, error)
	// Renew lengthens claims and returns those that are lost.
	Renew(ctx context.Context, all []Held, until time.Time) (lost []Held, err error)
	// Dial counts an attempt: to be called, and to succeed, before each dialling.
	Dial(ctx context.Context, h Held) error
	// Reached ends the promise: the citizen has answered.
	Reached(ctx context.Context, h Held, at time.Time) error
	// Missed gives the promise back until next; a zero next gives it up.
	Missed(ctx context.Context, h Held, at, next time.Time) error
	// Release gives back a claim under which nobody was dialled.
	Release(ctx context.Context, h Held) error
	// Cancel ends an open promise, whoever has it; ErrNotFound.
	Cancel(ctx context.Context, id string, at time.Time) (Promise, error)
	// OpenOf finds the open promise of a citizen; ErrNotFound.
	OpenOf(ctx context.Context, ref string) (Promise, error)
	// OpenFrom finds the open promise that came from a contact; ErrNotFound.
	OpenFrom(ctx context.Context, id contact.ID) (Promise, error)
	// Open lists open promises in the order of their places; limit 1-500.
	Open(ctx context.Context, limit int) ([]Promise, error)
}
