package desk

import (
	"maps"

	"hotline/audit"
	"hotline/contact"
	"hotline/records"
)

type decisionsBody struct {
	Contact   contact.ID     `json:"contact"`
	Decisions []decisionBody `json:"decisions"`
}

// decisionBody is one step of a contact: what was considered, and a sentence
// for people.
type decisionBody struct {
	At    stamp             `json:"at"`
	Kind  records.EventKind `json:"kind"`
	Agent contact.AgentID   `json:"agent"`
	Facts map[string]string `json:"facts"`
	Text  sentence          `json:"text"`
}

// decisions tells a supervisor what was considered for a contact and why, step
// by step, once the look is in the audit.
func (d *Desk) decisions(x *exchange) error {
	id, err := x.contactID()
	if err != nil {
		return err
	}
	events, err := d.o.Records.Events(x.r.Context(), id)
	if err != nil {
		return unavailable("events of the contact", err)
	}
	if len(events) == 0 {
		return problemIf(true)
	}
	if err := d.look(x, audit.DecisionsViewed, "contact", string(id), ""); err != nil {
		return err
	}
	body := decisionsBody{Contact: id, Decisions: make([]decisionBody, len(events))}
	for i, e := range events {
		body.Decisions[i] = decisionOf(e)
	}
	return x.ok(body)
}

func decisionOf(e records.Event) decisionBody {
	facts := map[string]string{}
	maps.Copy(facts, e.Facts)
	return decisionBody{At: stamp(e.At), Kind: e.Kind, Agent: e.Agent, Facts: facts, Text: tell(e)}
}
