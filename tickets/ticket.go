package tickets

import (
	"encoding/json"
	"fmt"
	"time"

	"hotline/contact"
)

// Schema names the version of the ticket's JSON (docs/ticket.md).
const Schema = "citizen-ticket/1"

// Ticket is citizen-ticket/1: what the citizen asked, who answers for it until
// when, and what happened so far. It is a value; fields of its JSON that this
// version does not know, at any depth, survive decoding and encoding. Personal
// data stands in Requester (and in what people typed): Scoped withholds it.
type Ticket struct {
	Schema    string          `json:"schema"`
	Number    string          `json:"ticket_no"` // YYYYMMDD-NNNNNNN-C
	Seq       int             `json:"seq"`       // number of the last history entry
	Round     int             `json:"round"`     // from 1; rises on reopen and redo
	Sessions  []contact.ID    `json:"session_ids"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Accepted  contact.AgentID `json:"accepted_by"`
	Channel   contact.Channel `json:"channel"`
	Line      string          `json:"line"`
	Source    string          `json:"source_hotline,omitempty"`
	Language  string          `json:"language,omitempty"` // BCP 47

	Requester Requesting `json:"requester"`

	Category   Category   `json:"category"`
	Nature     Nature     `json:"nature,omitempty"`
	ItemCode   string     `json:"item_code"`
	ItemPath   [3]string  `json:"item_path"`
	Title      string     `json:"title"`
	Content    string     `json:"content"`
	OccurredAt *time.Time `json:"occurred_at,omitempty"`
	Respondent Respondent `json:"respondent,omitzero"`
	Urgency    Urgency    `json:"urgency"`
	Complex    bool       `json:"complex"`
	Place      Place      `json:"place"`

	Disposition   Disposition   `json:"disposition"`
	Answer        Answer        `json:"answer,omitzero"`
	LeadUnit      string        `json:"lead_unit,omitempty"`      // set when dispatched
	LeadUnitName  string        `json:"lead_unit_name,omitempty"` // as the directory had it
	Dispatch      *Dispatch     `json:"dispatch,omitempty"`       // set when dispatched
	DeadlineClass DeadlineClass `json:"deadline_class,omitempty"` // set when dispatched
	DueAt         *time.Time    `json:"due_at,omitempty"`
	AckDueAt      *time.Time    `json:"ack_due_at,omitempty"`
	ContactDueAt  *time.Time    `json:"contact_due_at,omitempty"`

	State         State          `json:"state"`
	StateSince    time.Time      `json:"state_since"`
	History       []HistoryEntry `json:"history"`            // seq 1, 2, … without gaps
	Delivery      *Delivery      `json:"delivery,omitempty"` // the exchange with the unit, apart from State
	FollowupState FollowupState  `json:"followup_state"`
	PIIScope      PIIScope       `json:"pii_scope,omitempty"` // set in what leaves the house

	unknown map[string]any
}

// Requesting is the requester as the ticket knows them (诉求人).
type Requesting struct {
	Ref          string `json:"ref"`  // keyed pseudonym, stable for one number
	Kind         string `json:"kind"` // natural or legal
	Name         string `json:"name,omitempty"`
	Phone        string `json:"phone,omitempty"` // E.164
	AltContact   string `json:"alt_contact,omitempty"`
	OrgName      string `json:"org_name,omitempty"`
	Confidential bool   `json:"confidential"`
	Anonymous    bool   `json:"anonymous"`
	ReplyWanted  bool   `json:"reply_wanted"`
}

// Dispatch explains why the ticket went where it went (派单依据).
type Dispatch struct {
	Rule             string `json:"rule"`
	DirectoryVersion string `json:"directory_version"`
	OverrideReason   string `json:"override_reason,omitempty"`
}

// HistoryEntry is one step of the ticket (流转记录), append-only.
type HistoryEntry struct {
	Seq    int       `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Unit   string    `json:"unit,omitempty"`
	Action Action    `json:"action"`
	From   State     `json:"from"`
	To     State     `json:"to"`
	Reason string    `json:"reason,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// Delivery is how far the hand-off to the unit has come (交换状态).
type Delivery struct {
	Target   string        `json:"target"` // unit code
	ID       string        `json:"id"`     // ticket_no/seq, the same on every attempt
	State    DeliveryState `json:"state"`
	Attempts int           `json:"attempts"`
	AckedAt  *time.Time    `json:"acked_at,omitempty"`
	AckRef   string        `json:"ack_ref,omitempty"`
	Failure  Failure       `json:"failure,omitempty"` // of the last attempt
}

// FollowupState is how far asking the citizen has come (回访状态).
type FollowupState string

// NotDue is the only follow-up state this version sets.
const NotDue FollowupState = "not_due"

// plain is Ticket without its methods.
type plain Ticket

// UnmarshalJSON reads a ticket and keeps what it does not know.
func (t *Ticket) UnmarshalJSON(b []byte) error {
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	if p.Schema != Schema {
		return fmt.Errorf("ticket: schema %.40q is not %s", p.Schema, Schema)
	}
	whole, err := tree(b)
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	known, err := treeOf(p)
	if err != nil {
		return fmt.Errorf("ticket: %w", err)
	}
	p.unknown, _ = without(whole, known).(map[string]any)
	*t = Ticket(p)
	return nil
}

// MarshalJSON writes the ticket, and beside it what a decoded one brought along.
func (t Ticket) MarshalJSON() ([]byte, error) {
	if len(t.unknown) == 0 {
		return json.Marshal(plain(t))
	}
	known, err := treeOf(plain(t))
	if err != nil {
		return nil, err
	}
	return json.Marshal(with(known, t.unknown))
}
