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
	s.widenDue(&ch)
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
	var late []*Contact
	for _, a := range s.seats {
		for _, c := range a.ringing() {
			if c.Lease <= s.ms() {
				late = append(late, c)
			}
		}
	}
	slices.SortFunc(late, func(a, b *Contact) int { return cmp.Or(cmp.Compare(a.Lease, b.Lease), byID(a, b)) })
	for _, c := range late[:min(len(late), routing.Batch)] {
		agent := c.Agent
		s.seats[agent].park()
		s.requeue(c, routing.Expired, ch)
		s.order(c, routing.Revoke, agent)
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
			delete(s.inboxes, n)
		}
	}
}

func (s *Store) sweepSeats(n routing.NodeID, most int, ch *changed) int {
	seats := s.seatsAt(n)
	seats = seats[:min(len(seats), most)]
	for _, a := range seats {
		a.Status = routing.Offline
		s.revokeAll(a, ch)
	}
	return len(seats)
}

// sweepContacts ends the calls and hands the conversations on. While no node
// lives that could hear of it, all stay as they are.
func (s *Store) sweepContacts(n routing.NodeID, most int, ch *changed) int {
	heir, ok := s.heir()
	if !ok {
		return 0
	}
	list := s.anchoredAt(n)
	list = list[:min(len(list), most)]
	for _, c := range list {
		if c.Class == contact.Voice {
			s.send(heir, routing.Command{Kind: routing.Orphan, Contact: c.ID, Agent: c.Agent, Token: c.Token})
			s.end(c, routing.AnchorLost, contact.NodeLost, ch)
			continue
		}
		s.adopt(c, heir, ch)
	}
	return len(list)
}

// heir is the node that renewed last.
func (s *Store) heir() (heir routing.NodeID, ok bool) {
	for n, until := range s.nodes {
		if !ok || cmp.Or(cmp.Compare(until, s.nodes[heir]), cmp.Compare(n, heir)) > 0 {
			heir, ok = n, true
		}
	}
	return heir, ok
}

// adopt gives a conversation to another node.
func (s *Store) adopt(c *Contact, heir routing.NodeID, ch *changed) {
	c.Anchor = heir
	if c.State == routing.Offered {
		s.requeue(c, routing.AnchorMoved, ch)
	} else {
		s.move(c, routing.AnchorMoved, c.Agent)
	}
	order := routing.Command{Kind: routing.Adopt, Contact: c.ID, Agent: c.Agent, Token: c.Token}
	if a := s.seats[c.Agent]; a != nil {
		order.Seat = a.Node
	}
	s.send(heir, order)
}

// seatsAt lists the seats connected at the node, by agent.
func (s *Store) seatsAt(n routing.NodeID) []*seat {
	var list []*seat
	for _, agent := range slices.Sorted(maps.Keys(s.seats)) {
		if a := s.seats[agent]; a.Node == n && a.Status != routing.Offline {
			list = append(list, a)
		}
	}
	return list
}

// anchoredAt lists the open contacts of the node, by ID.
func (s *Store) anchoredAt(n routing.NodeID) []*Contact {
	var list []*Contact
	for _, c := range s.contacts {
		if c.Anchor == n && c.open() {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, byID)
	return list
}
