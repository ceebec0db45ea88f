package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"hotline/contact"
)

// maxPassword is the longest password, in bytes.
const maxPassword = 256

// attempt is one sign-in while it is judged.
type attempt struct {
	account  contact.AgentID
	password string
	remote   netip.Addr
	number   int // of the account's wrong ones, this one counted
}

// SignIn opens a session. It answers ErrCredentials, ErrDisabled, ErrLocked, or
// that something is away; a wrong account costs the same work as a wrong
// password. Few passwords are computed at a time: it may wait for its turn.
func (s *Staff) SignIn(ctx context.Context, account contact.AgentID, password string, remote netip.Addr) (Session, error) {
	if err := s.kitchen.enter(ctx); err != nil {
		return Session{}, fmt.Errorf("people: sign in: %w", err)
	}
	defer s.kitchen.leave()
	a := attempt{account: account, password: password, remote: remote}
	if err := s.allowed(ctx, &a); err != nil {
		return Session{}, err
	}
	found, err := s.named(ctx, account)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return Session{}, err
	}
	if !s.right(found, password) {
		return Session{}, s.fail(ctx, a)
	}
	return s.admit(ctx, a, found.Account)
}

// allowed counts the attempt before it is made, so that guesses made at once
// are no more than guesses made in turn. Addresses are only looked at: a whole
// hall may sign in from one at the same moment.
func (s *Staff) allowed(ctx context.Context, a *attempt) error {
	wait, err := s.attempts.Locked(ctx, addressKey(a.remote), s.config.AddressFailures)
	if err != nil {
		return fmt.Errorf("people: count attempts: %w", err)
	}
	if wait > 0 {
		return s.locked(wait)
	}
	taken, err := s.attempts.Take(ctx, accountKey(a.account), s.config.AccountFailures, s.config.LockWindow)
	if err != nil {
		return fmt.Errorf("people: count attempts: %w", err)
	}
	if taken.Wait > 0 {
		return s.locked(taken.Wait)
	}
	a.number = taken.Number
	return nil
}

func (s *Staff) locked(wait time.Duration) error {
	return ErrLocked{Until: s.now().Add(wait).UTC()}
}

// named asks the database only for what can be an account's name.
func (s *Staff) named(ctx context.Context, typed contact.AgentID) (stored, error) {
	if !validID(typed) {
		return stored{}, ErrUnknown
	}
	return s.find(ctx, typed)
}

// right compares; what is no account, or has no readable password, is compared
// with nobody's, and refused.
func (s *Staff) right(found stored, password string) bool {
	known, err := parsePHC(found.password)
	if err != nil {
		known = s.nobody
	}
	if len(password) > maxPassword {
		password, err = "", ErrCredentials
	}
	return known.matches(password) && err == nil
}

// fail returns ErrCredentials, once the failure and a lock are in the journal.
func (s *Staff) fail(ctx context.Context, a attempt) error {
	from, err := s.attempts.Take(ctx, addressKey(a.remote), s.config.AddressFailures, s.config.LockWindow)
	if err != nil {
		return fmt.Errorf("people: count attempts: %w", err)
	}
	e := Event{Kind: SignInFailed, Account: presentable(a.account), Remote: a.remote}
	if err := s.tell(ctx, e); err != nil {
		return err
	}
	if a.number == s.config.AccountFailures || from.Number == s.config.AddressFailures {
		e.Kind = LockedOut
		if err := s.tell(ctx, e); err != nil {
			return err
		}
	}
	return ErrCredentials
}

// presentable keeps out of the journal what people type in the wrong field.
func presentable(typed contact.AgentID) contact.AgentID {
	if validID(typed) {
		return typed
	}
	return ""
}

func (s *Staff) admit(ctx context.Context, a attempt, who Account) (Session, error) {
	if err := s.attempts.Clear(ctx, accountKey(a.account), addressKey(a.remote)); err != nil {
		return Session{}, fmt.Errorf("people: count attempts: %w", err)
	}
	if who.Disabled {
		if err := s.tell(ctx, Event{Kind: SignInFailed, Account: who.ID, Role: who.Role, Remote: a.remote}); err != nil {
			return Session{}, err
		}
		return Session{}, ErrDisabled
	}
	session := Session{Token: newToken(), Account: who, Expires: s.now().Add(s.config.SessionLife).UTC()}
	key := keyOf(session.Token.Reveal())
	if err := s.sessions.Put(ctx, key, who.ID, s.config.SessionLife); err != nil {
		return Session{}, fmt.Errorf("people: keep session: %w", err)
	}
	if err := s.tell(ctx, Event{Kind: SignedIn, By: who.ID, Role: who.Role, Account: who.ID, Remote: a.remote}); err != nil {
		_, undo := s.sessions.Delete(ctx, key) // nobody has the token: it only lies there
		return Session{}, errors.Join(err, undo)
	}
	return session, nil
}

// Authenticate tells who holds the token now, with the role of now. ErrNoSession
// when the session is over or revoked, or its account closed.
func (s *Staff) Authenticate(ctx context.Context, token string) (Account, error) {
	id, err := s.sessions.Get(ctx, keyOf(token))
	if errors.Is(err, ErrNoSession) {
		return Account{}, ErrNoSession
	}
	if err != nil {
		return Account{}, fmt.Errorf("people: look up session: %w", err)
	}
	found, err := s.find(ctx, id)
	if errors.Is(err, ErrUnknown) || err == nil && found.Disabled {
		return Account{}, ErrNoSession
	}
	return found.Account, err
}

// SignOut ends the session; ErrNoSession when it was over.
func (s *Staff) SignOut(ctx context.Context, token string, remote netip.Addr) error {
	id, err := s.sessions.Delete(ctx, keyOf(token))
	if errors.Is(err, ErrNoSession) {
		return ErrNoSession
	}
	if err != nil {
		return fmt.Errorf("people: end session: %w", err)
	}
	return s.tell(ctx, Event{Kind: SignedOut, By: id, Account: id, Remote: remote})
}

// RevokeAccount ends every session of the account: the next look at any of them
// finds none. by is who does it. Repeating it is no error.
func (s *Staff) RevokeAccount(ctx context.Context, by Account, id contact.AgentID) error {
	if err := s.deleteAll(ctx, id); err != nil {
		return err
	}
	return s.tell(ctx, Event{Kind: SessionsRevoked, By: by.ID, Role: by.Role, Account: id})
}

func (s *Staff) deleteAll(ctx context.Context, id contact.AgentID) error {
	if err := s.sessions.DeleteAll(ctx, id); err != nil {
		return fmt.Errorf("people: revoke sessions: %w", err)
	}
	return nil
}

// accountKey and addressKey hash: what was typed reaches no key as it is.
func accountKey(id contact.AgentID) string { return hashed("account", string(id)) }

// addressKey counts an IPv6 network of 64 bits as one address: it has one owner.
func addressKey(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if !a.Is6() {
		return hashed("address", a.String())
	}
	network, err := a.Prefix(64)
	if err != nil {
		return hashed("address", a.String())
	}
	return hashed("address", network.String())
}

func hashed(kind, value string) string {
	sum := sha256.Sum256([]byte(kind + ":" + value))
	return hex.EncodeToString(sum[:16])
}
