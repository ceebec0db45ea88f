package memstore

import (
	"cmp"
	"slices"

	"hotline/routing"
)

// widen takes the steps of a contact that has just begun to wait, or waits
// again: those that are due, and then, while nobody is there who could serve
// it, the next.
func (s *Store) widen(c *Contact) {
	for len(c.Steps) > 0 && (c.due() <= s.ms() || !s.attended(c)) {
		s.step(c)
	}
}

// due is when the contact's next step is, ms.
func (c *Contact) due() int64 { return c.Enqueued + c.Steps[0].After.Milliseconds() }

// attended says that a seat is there that serves a bucket of the contact.
func (s *Store) attended(c *Contact) bool {
	for _, name := range c.Buckets {
		b := read(name)
		for _, a := range s.seats {
			if a.there(b) {
				return true
			}
		}
	}
	return false
}

// step takes the next step: from now on the contact waits in its buckets too.
func (s *Store) step(c *Contact) {
	var added []routing.Bucket
	for _, b := range c.Steps[0].Add {
		if !slices.Contains(c.Buckets, b) {
			added = append(added, b)
		}
	}
	if c.Steps = c.Steps[1:]; len(c.Steps) == 0 {
		c.Steps = nil
	}
	c.Buckets = append(slices.Clip(c.Buckets), added...)
	s.move(c, routing.Widened, "")
	s.send(c.Anchor, routing.Command{Kind: routing.Widen, Contact: c.ID, Token: c.Token, Added: added})
}

// widenDue takes the steps of waiting contacts that are due, the earliest
// first; their contacts look for a seat.
func (s *Store) widenDue(ch *changed) {
	var late []*Contact
	for _, class := range classes() {
		for _, c := range s.waiting[class] {
			if len(c.Steps) > 0 && c.due() <= s.ms() {
				late = append(late, c)
			}
		}
	}
	slices.SortFunc(late, func(a, b *Contact) int { return cmp.Or(cmp.Compare(a.due(), b.due()), byID(a, b)) })
	for _, c := range late[:min(len(late), routing.Batch)] {
		for len(c.Steps) > 0 && c.due() <= s.ms() {
			s.step(c)
		}
		ch.contacts = append(ch.contacts, c)
	}
}
