package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hotline/contact"
	"hotline/people"
	"hotline/records"
)

// accessLimit bounds how many contacts of one agent are remembered; older ones
// are found in the records.
const accessLimit = 256

// access knows which contacts each agent was offered. What it has forgotten,
// or another node has offered, stands in the records.
type access struct {
	records records.Store

	mu    sync.Mutex
	known map[contact.AgentID]*offers
	held  map[contact.ID]contact.AgentID // conversations and who has them
}

// offers are one agent's contacts, the oldest first in order.
type offers struct {
	byID  map[contact.ID]contact.Contact
	order []contact.ID
}

func newAccess(r records.Store) *access {
	return &access{records: r, known: make(map[contact.AgentID]*offers), held: make(map[contact.ID]contact.AgentID)}
}

// offered notes that the agent may see the contact.
func (a *access) offered(agent contact.AgentID, c contact.Contact) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.known[agent]
	if o == nil {
		o = &offers{byID: make(map[contact.ID]contact.Contact)}
		a.known[agent] = o
	}
	if _, ok := o.byID[c.ID]; !ok {
		o.order = append(o.order, c.ID)
	}
	o.byID[c.ID] = c
	if len(o.order) > accessLimit {
		delete(o.byID, o.order[0])
		o.order = o.order[1:]
	}
}

// hold notes that the agent has the conversation, release that not any more.
func (a *access) hold(agent contact.AgentID, id contact.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held[id] = agent
}

func (a *access) release(agent contact.AgentID, id contact.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held[id] == agent {
		delete(a.held, id)
	}
}

func (a *access) holds(agent contact.AgentID, id contact.ID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.held[id] == agent
}

func (a *access) remembered(agent contact.AgentID, id contact.ID) (contact.Contact, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.known[agent]
	if o == nil {
		return contact.Contact{}, false
	}
	c, ok := o.byID[id]
	return c, ok
}

// citizens says whether the agent was offered a contact of that pseudonym.
func (a *access) citizens(agent contact.AgentID, ref string, key []byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.known[agent]
	if o == nil || ref == "" {
		return false
	}
	for _, c := range o.byID {
		if c.Citizen.Ref(key) == ref {
			return true
		}
	}
	return false
}

// find returns a contact that the account may see. What it may not see is not
// there: a *Problem with NotFound either way.
func (a *access) find(ctx context.Context, who people.Account, id contact.ID) (contact.Contact, error) {
	if c, ok := a.remembered(who.ID, id); ok {
		return c, nil
	}
	if ok, err := a.mayLookUp(ctx, who, id); err != nil || !ok {
		return contact.Contact{}, errors.Join(err, problemIf(err == nil))
	}
	r, err := a.records.Find(ctx, id)
	if errors.Is(err, records.ErrNotFound) {
		return contact.Contact{}, problemIf(true)
	}
	if err != nil {
		return contact.Contact{}, fmt.Errorf("desk: find contact: %w", err)
	}
	return contact.Contact{
		ID: r.Contact, Channel: r.Channel, Line: r.Line, Source: r.Source, Citizen: r.Citizen, Accepted: r.Accepted,
	}, nil
}

func problemIf(missing bool) error {
	if !missing {
		return nil
	}
	return problem(NotFound, "没有这条记录 / not found")
}

// mayLookUp asks the records whether the contact was ever offered to the agent.
func (a *access) mayLookUp(ctx context.Context, who people.Account, id contact.ID) (bool, error) {
	if who.Role != people.Agent {
		return true, nil
	}
	events, err := a.records.Events(ctx, id)
	if err != nil && !errors.Is(err, records.ErrNotFound) {
		return false, fmt.Errorf("desk: look up contact: %w", err)
	}
	for _, e := range events {
		if e.Kind == records.Offered && e.Agent == who.ID {
			return true, nil
		}
	}
	return false, nil
}
