package tickets

import (
	"context"
	"errors"
	"time"

	"hotline/contact"
)

// Draft is the saved form of one contact.
type Draft struct {
	Contact  contact.ID      `json:"contact"`
	Revision int             `json:"revision"` // 1 after the first save
	SavedAt  time.Time       `json:"saved_at"`
	Agent    contact.AgentID `json:"agent"`
	Fields   Fields          `json:"fields"`
}

// Proposal is what directory and place suggest for a form.
type Proposal struct {
	Unit          UnitName      `json:"unit"`
	Alternatives  []UnitName    `json:"alternatives"`
	DeadlineClass DeadlineClass `json:"deadline_class"`
	DueAt         time.Time     `json:"due_at"`
	AckDueAt      time.Time     `json:"ack_due_at"`
	Rule          string        `json:"rule"` // such as place:subdistrict
	Why           string        `json:"why"`  // one Chinese sentence
}

// UnitName names a responsible unit.
type UnitName struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// ErrNotFound says that there is no such ticket or draft.
var ErrNotFound = errors.New("tickets: not found")

// Conflict refuses a draft saved over an older revision.
type Conflict struct{ Current Draft }

func (c *Conflict) Error() string { return "tickets: a newer draft is saved" }

// FieldError names one wrong field of the form.
type FieldError struct {
	Field   string `json:"field"` // path such as place.address
	Code    string `json:"code"`  // required, too_long, unknown, invalid
	Message string `json:"message"`
}

// FieldErrors is all that is wrong with a form.
type FieldErrors []FieldError

func (e FieldErrors) Error() string {
	if len(e) == 0 {
		return "tickets: the form is wrong"
	}
	return "tickets: field " + e[0].Field + ": " + e[0].Message
}

// Registration asks for a ticket.
type Registration struct {
	Key     string // idempotency key: a repeat returns the first ticket
	Contact contact.Contact
	Agent   contact.AgentID
	Fields  Fields
}

// Desk is what an agent's desk asks of the tickets; Service implements it.
type Desk interface {
	Draft(ctx context.Context, id contact.ID) (Draft, error)                           // ErrNotFound
	SaveDraft(ctx context.Context, d Draft) (Draft, error)                             // *Conflict
	Propose(ctx context.Context, f Fields) (Proposal, error)                           // FieldErrors on unknown codes
	Register(ctx context.Context, r Registration) (t Ticket, repeated bool, err error) // FieldErrors
	Ticket(ctx context.Context, number string) (Ticket, error)                         // ErrNotFound
	OfContact(ctx context.Context, id contact.ID) ([]Ticket, error)
	OfCitizen(ctx context.Context, ref string, limit int) ([]Ticket, error)
	Directory() *Directory
}
