package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

func (s *Store) alive(n routing.NodeID) bool {
	_, ok := s.nodes[n]
	return ok
}

// Beat implements routing.Member.
func (s *Store) Beat(_ context.Context, n routing.NodeID) error {
	if err := n.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fenced[n] {
		return routing.ErrFenced
	}
	s.noticeRestart()
	s.noticeSilence()
	s.nodes[n] = s.ms() + routing.NodeLease.Milliseconds()
	return nil
}

// Leave implements routing.Member.
func (s *Store) Leave(_ context.Context, n routing.NodeID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alive(n) {
		s.fence(n)
	}
	return nil
}

func (s *Store) fence(n routing.NodeID) {
	delete(s.nodes, n)
	s.dead[n], s.fenced[n] = true, true
}

// Nodes could not renew while the store was away.
func (s *Store) noticeRestart() {
	if s.restarted {
		s.restarted = false
		s.grace = s.ms() + routing.NodeLease.Milliseconds()
	}
}

// When nobody has renewed for half a lease, nobody could.
func (s *Store) noticeSilence() {
	lease := routing.NodeLease.Milliseconds()
	newest, none := int64(0), true
	for _, until := range s.nodes {
		newest, none = max(newest, until), false
	}
	if !none && s.ms()-(newest-lease) > lease/2 {
		s.grace = s.ms() + lease
	}
}

// Tick implements routing.Member.
func (s *Store) Tick(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapse()
	var ch changed
	s.expire(&ch)
	s.sweep(&ch)
	s.settle(ch)
	return nil
}

// lapse declares the nodes dead that did not renew.
func (s *Store) lapse() {
	var late []routing.NodeID
	for n, until := range s.nodes {
		if until <= s.ms() {
			late = append(late, n)
		}
	}
	if len(late) == 0 {
		return
	}
	s.noticeRestart()
	s.noticeSilence()
	if s.ms() < s.grace {
		return
	}
	for _, n := range late {
		s.fence(n)
	}
}

// expire takes back what rang too long and parks the agent.
func (s *Store) expire(ch *changed) {
	var late []contact.ID
	for id, c := range s.contacts {
		if c.State == routing.Offered && c.Lease <= s.ms() {
			late = append(late, id)
		}
	}
	slices.SortFunc(late, func(a, b contact.ID) int {
		return cmp.Or(cmp.Compare(s.contacts[a].Lease, s.contacts[b].Lease), cmp.Compare(a, b))
	})
	for _, id := range late[:min(len(late), routing.Batch)] {
		agent := s.contacts[id].Agent
		s.park(agent)
		s.requeue(id, routing.Expired, ch)
		s.order(routing.Revoke, id, agent, 0)
	}
}

// sweep buries dead nodes: first their seats, so that nobody is offered to
// one, then their contacts.
func (s *Store) sweep(ch *changed) {
	seats, contacts := routing.Batch, routing.Batch
	for _, n := range slices.Sorted(maps.Keys(s.dead)) {
		seats -= s.sweepSeats(n, seats, ch)
		contacts -= s.sweepContacts(n, contacts, ch)
		if len(s.seatsAt(n)) == 0 && len(s.anchoredAt(n)) == 0 {
			delete(s.dead, n)
			delete(s.orders, n)
		}
	}
}

func (s *Store) sweepSeats(n routing.NodeID, most int, ch *changed) int {
	agents := s.seatsAt(n)
	agents = agents[:min(len(agents), most)]
	for _, agent := range agents {
		s.seats[agent].Status = routing.Offline
		s.revokeAll(agent, ch)
	}
	return len(agents)
}

func (s *Store) sweepContacts(n routing.NodeID, most int, ch *changed) int {
	ids := s.anchoredAt(n)
	ids = ids[:min(len(ids), most)]
	for _, id := range ids {
		if s.contacts[id].Class == contact.Voice {
			s.end(id, routing.AnchorLost, contact.NodeLost, ch)
			continue
		}
		s.adopt(id, ch)
	}
	return len(ids)
}

// adopt gives a conversation to the node that renewed last; while there is
// none it stays.
func (s *Store) adopt(id contact.ID, ch *changed) {
	if len(s.nodes) == 0 {
		return
	}
	heir := slices.MaxFunc(slices.Collect(maps.Keys(s.nodes)), func(a, b routing.NodeID) int {
		return cmp.Or(cmp.Compare(s.nodes[a], s.nodes[b]), cmp.Compare(a, b))
	})
	c := s.contacts[id]
	c.Anchor = heir
	if c.State == routing.Offered {
		s.requeue(id, routing.AnchorMoved, ch)
		return
	}
	s.move(id, routing.AnchorMoved, c.Agent)
}

// seatsAt lists the seats connected at the node, by ID.
func (s *Store) seatsAt(n routing.NodeID) []contact.AgentID {
	var agents []contact.AgentID
	for _, agent := range slices.Sorted(maps.Keys(s.seats)) {
		if seat := s.seats[agent]; seat.Node == n && seat.Status != routing.Offline {
			agents = append(agents, agent)
		}
	}
	return agents
}

// anchoredAt lists the open contacts of the node, by ID.
func (s *Store) anchoredAt(n routing.NodeID) []contact.ID {
	var ids []contact.ID
	for _, id := range slices.Sorted(maps.Keys(s.contacts)) {
		if c := s.contacts[id]; c.Anchor == n && c.open() {
			ids = append(ids, id)
		}
	}
	return ids
}
