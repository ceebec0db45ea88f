package audit

import (
	"fmt"
	"slices"
)

// Action is what was done. The list is closed.
type Action string

// The actions.
const (
	SignedIn        Action = "signed_in"
	SignInFailed    Action = "sign_in_failed"
	SignedOut       Action = "signed_out"
	LockedOut       Action = "locked_out"
	SessionsRevoked Action = "sessions_revoked"
	AccountCreated  Action = "account_created"
	AccountDisabled Action = "account_disabled"
	AccountEnabled  Action = "account_enabled"

	AddressRevealed   Action = "address_revealed"
	HistoryViewed     Action = "history_viewed"
	ContactViewed     Action = "contact_viewed"
	TicketViewed      Action = "ticket_viewed"
	RecordingPlayed   Action = "recording_played"
	DecisionsViewed   Action = "decisions_viewed"
	ContactAssigned   Action = "contact_assigned"
	CallbackCancelled Action = "callback_cancelled"
	RecordsExported   Action = "records_exported"
	AuditViewed       Action = "audit_viewed"
	TicketRegistered  Action = "ticket_registered"
	TicketChanged     Action = "ticket_changed"
	DeliveryRepeated  Action = "delivery_repeated"

	CallListened  Action = "call_listened"
	CallWhispered Action = "call_whispered"
	CallBarged    Action = "call_barged"
	CallTakenOver Action = "call_taken_over"
	StateForced   Action = "state_forced"

	ConfigurationPublished Action = "configuration_published"
	DataErased             Action = "data_erased"
)

// Actions lists all actions.
func Actions() []Action {
	return []Action{
		SignedIn, SignInFailed, SignedOut, LockedOut, SessionsRevoked,
		AccountCreated, AccountDisabled, AccountEnabled,
		AddressRevealed, HistoryViewed, ContactViewed, TicketViewed, RecordingPlayed,
		DecisionsViewed, ContactAssigned, CallbackCancelled, RecordsExported, AuditViewed, TicketRegistered, TicketChanged, DeliveryRepeated,
		CallListened, CallWhispered, CallBarged, CallTakenOver, StateForced,
		ConfigurationPublished, DataErased,
	}
}

func (a Action) check() error {
	if slices.Contains(Actions(), a) {
		return nil
	}
	return fmt.Errorf("action %q is not known", string(a))
}
