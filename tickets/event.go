package tickets

import (
	"encoding/json"
	"fmt"
	"time"
)

// EventDispatched is the type of the event that hands a ticket to its unit.
const EventDispatched = "cn.hotline.ticket.dispatched.v1"

// EventContentType is the media type of an event on the wire.
const EventContentType = "application/cloudevents+json"

// Event is what goes to a unit: a CloudEvent 1.0 in structured mode whose data
// is the ticket, in the unit's scope. Source and ID together are unique: the
// receiver drops repeats by them.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"` // ticket_no/seq
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"` // ticket_no
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            Ticket    `json:"data"`
}

// EventID names one step of one ticket.
func EventID(number string, seq int) string { return fmt.Sprintf("%s/%d", number, seq) }

// dispatched makes the event of t's last step, once: the outbox keeps its bytes.
func dispatched(t Ticket, source string, scope PIIScope) ([]byte, error) {
	t.Delivery = nil
	b, err := json.Marshal(Event{
		SpecVersion: "1.0", ID: EventID(t.Number, t.Seq), Source: source, Type: EventDispatched,
		Subject: t.Number, Time: t.UpdatedAt, DataContentType: "application/json", Data: t.Scoped(scope),
	})
	if err != nil {
		return nil, fmt.Errorf("tickets: write event: %w", err)
	}
	return b, nil
}
