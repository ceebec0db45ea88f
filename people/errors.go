package people

import (
	"errors"
	"time"
)

// What sign-in and sessions answer. Other errors say that something is away.
var (
	// ErrCredentials says that account and password do not belong together, and
	// not which of the two is wrong.
	ErrCredentials = errors.New("people: wrong account or password")
	// ErrDisabled says that the password is right and the account closed.
	ErrDisabled = errors.New("people: the account is disabled")
	// ErrNoSession says that no session has this token (any more).
	ErrNoSession = errors.New("people: no such session")
	// ErrUnknown says that there is no such account.
	ErrUnknown = errors.New("people: no such account")
)

// ErrLocked refuses a sign-in, whatever the password, after too many wrong
// ones for the account or from the address.
type ErrLocked struct{ Until time.Time }

// Error does not say which of the two it was.
func (e ErrLocked) Error() string { return "people: locked after too many wrong passwords" }
