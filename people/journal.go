package people

import (
	"context"
	"net/netip"

	"hotline/contact"
)

// Journal is told what happened, and keeps it for ever. An error undoes what it
// is about: no sign-in without its entry.
type Journal interface {
	Record(ctx context.Context, e Event) error
}

// Kind of an event.
type Kind string

// The kinds.
const (
	SignedIn        Kind = "signed_in"
	SignInFailed    Kind = "sign_in_failed"
	SignedOut       Kind = "signed_out"
	LockedOut       Kind = "locked_out"
	SessionsRevoked Kind = "sessions_revoked"
	AccountCreated  Kind = "account_created"
	AccountDisabled Kind = "account_disabled"
	AccountEnabled  Kind = "account_enabled"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{
		SignedIn, SignInFailed, SignedOut, LockedOut, SessionsRevoked,
		AccountCreated, AccountDisabled, AccountEnabled,
	}
}

// Event is one thing that happened to an account.
type Event struct {
	Kind    Kind
	By      contact.AgentID // who did it; "" is the house itself, or somebody not signed in
	Role    Role            // of By, when known
	Account contact.AgentID // "" where what was typed is no account's name
	Remote  netip.Addr      // zero when it came from inside
}
