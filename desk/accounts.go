package desk

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// ErrUnauthenticated says that there is no such sign-in (any more), or that
// account and password do not belong together.
var ErrUnauthenticated = errors.New("desk: not signed in")

// LockedError says that an account is locked after too many wrong passwords.
type LockedError struct{ Until time.Time }

func (e *LockedError) Error() string { return "desk: the account is locked" }

// Role says what an account may do.
type Role string

// The roles.
const (
	Agent         Role = "agent"
	Supervisor    Role = "supervisor"
	Administrator Role = "administrator"
)

// Account is a signed-in person.
type Account struct {
	ID     contact.AgentID
	Name   string
	Role   Role
	Skills map[routing.Bucket]int // tier in each: 0 is served first
}

// People keeps accounts and sign-ins.
type People interface {
	// SignIn returns the token of a new sign-in; ErrUnauthenticated or *LockedError.
	SignIn(ctx context.Context, account, password, remote string) (token string, a Account, err error)
	// Authenticate tells whose token it is; ErrUnauthenticated when it is over.
	Authenticate(ctx context.Context, token string) (Account, error)
	// SignOut ends a sign-in; an unknown one is no error.
	SignOut(ctx context.Context, token string) error
}

// Look is one entry of the audit: who looked at what, and why.
type Look struct {
	At     time.Time
	Actor  contact.AgentID
	Action string // such as contact.reveal
	Object string // such as a contact's ID; never personal data
	Reason string
	Remote string // address of the desk
}

// Audit keeps looks for ever. An error refuses the look.
type Audit interface {
	Append(ctx context.Context, l Look) error
}
