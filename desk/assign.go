package desk

import (
	"errors"
	"fmt"

	"hotline/audit"
	"hotline/contact"
	"hotline/routing"
)

type assignBody struct {
	Agent contact.AgentID `json:"agent"`
}

// assign is a supervisor's pick: the waiting contact goes to that agent. The
// order is in the audit, whether it came about or not.
func (d *Desk) assign(x *exchange) error {
	id, err := x.contactID()
	if err != nil {
		return err
	}
	var b assignBody
	if err := x.read(&b); err != nil {
		return err
	}
	if routing.SeatBucket(b.Agent).Validate() != nil {
		return wrongField("agent", "坐席账号无效 / not an agent's account")
	}
	if err := d.look(x, audit.ContactAssigned, "contact", string(id), "to "+string(b.Agent)); err != nil {
		return err
	}
	if err := d.o.Queue.Assign(x.r.Context(), id, b.Agent); err != nil {
		return assignProblem(b.Agent, err)
	}
	return x.ok(b)
}

func assignProblem(agent contact.AgentID, err error) error {
	switch {
	case errors.Is(err, routing.ErrStale):
		return &Problem{Code: Stale, Message: "该诉求已不在等待 / the contact does not wait any more", Cause: err}
	case errors.Is(err, routing.ErrBusy):
		return &Problem{
			Code: Conflict, Field: "agent", Cause: err,
			Message: fmt.Sprintf("%s 未示闲或已接满 / %s is not ready or has no room for it", agent, agent),
		}
	case errors.Is(err, routing.ErrUnknown):
		return &Problem{Code: NotFound, Message: "排队中没有该诉求 / the queue does not hold the contact", Cause: err}
	case errors.Is(err, routing.ErrFenced):
		return err
	default:
		return unavailable("assign", err)
	}
}
