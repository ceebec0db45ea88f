package session

import (
	"context"
	"errors"

	"hotline/contact"
	"hotline/routing"
)

// Holds says whether the contact is offered to the agent under that token, with
// the agent, or being wrapped up. A session that does not answer until ctx ends
// is taken to.
func (h *Hall) Holds(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) bool {
	err := h.ask(ctx, id, request{agent: agent, token: t, do: func(s served, r request) error { return s.base().holds(r) }})
	return !errors.Is(err, ErrNotYours) && !errors.Is(err, ErrState)
}

func (v *visit) holds(r request) error {
	switch v.state {
	case Arriving, Greeting, Queued, Over:
		return ErrState
	default:
	}
	if v.agent != r.agent || v.token != r.token {
		return ErrNotYours
	}
	return nil
}
