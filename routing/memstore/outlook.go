package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Outlook implements routing.Queue.
func (s *Store) Outlook(_ context.Context, id contact.ID) (routing.Outlook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts[id]
	if c == nil || c.State != routing.Wait {
		return routing.Outlook{}, fmt.Errorf("outlook: %w", routing.ErrUnknown)
	}
	var best routing.Outlook
	for _, b := range judged(c.Buckets) {
		place, first := s.before(c, b)
		if best.Bucket == "" || place < best.Place {
			best = routing.Outlook{Bucket: b, Place: place, Waited: s.since(c.Enqueued), Oldest: s.since(first.Enqueued)}
		}
	}
	s.describe(&best, c.Class)
	return best, nil
}

// judged are the buckets that count: one seat's only when there is no other.
func judged(buckets []routing.Bucket) []routing.Bucket {
	others := slices.DeleteFunc(slices.Clone(buckets), func(b routing.Bucket) bool {
		_, own := b.Seat()
		return own
	})
	if len(others) == 0 {
		return buckets
	}
	return others
}

// before counts who waits in the bucket before the contact, and finds the first.
func (s *Store) before(c *Contact, b routing.Bucket) (n int, first *Contact) {
	for _, other := range s.waiting[c.Class] {
		if !slices.Contains(other.Buckets, b) {
			continue
		}
		if first == nil {
			first = other
		}
		if other == c {
			break
		}
		n++
	}
	return n, first
}

// describe adds who serves the bucket, and how.
func (s *Store) describe(o *routing.Outlook, class contact.Class) {
	b := read(o.Bucket)
	for _, a := range s.seats {
		_, stands := a.Buckets[b.seats]
		if a.Status != routing.Offline && (stands || a.id == b.agent) {
			o.Staffed++
		}
	}
	pool, ok := s.service[Pool{class, o.Bucket}]
	if !ok {
		return
	}
	o.Handling = time.Duration(pool.Handling) * time.Millisecond
	if pool.LastAt > 0 {
		o.LastWait, o.LastAge = time.Duration(pool.Last)*time.Millisecond, s.since(pool.LastAt)
	}
}

// Counts implements routing.Queue.
func (s *Store) Counts(context.Context) (routing.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := routing.Counts{
		Waiting: map[routing.Bucket]int{}, Free: map[routing.Bucket]int{},
		Staffed: map[routing.Bucket]int{}, LastWait: map[routing.Bucket]time.Duration{},
	}
	for _, class := range classes() {
		for _, c := range s.waiting[class] {
			for _, b := range c.Buckets {
				if _, own := b.Seat(); !own {
					n.Waiting[b]++
				}
			}
		}
	}
	for _, a := range s.seats {
		n.Offered += len(a.ringing())
		for b := range a.Buckets {
			if _, _, borrowed := b.Lender(); borrowed {
				continue
			}
			if a.Status != routing.Offline {
				n.Staffed[b]++
			}
			if a.free(contact.Voice) {
				n.Free[b]++
			}
		}
	}
	for pool, served := range s.service {
		_, own := pool.Bucket.Seat()
		if _, _, borrowed := pool.Bucket.Lender(); pool.Class == contact.Voice && served.LastAt > 0 && !borrowed && !own {
			n.LastWait[pool.Bucket] = time.Duration(served.Last) * time.Millisecond
		}
	}
	return n, nil
}

// Board implements routing.Queue.
func (s *Store) Board(context.Context) (routing.Board, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	board := routing.Board{At: time.UnixMilli(s.ms()).UTC()}
	for _, class := range classes() {
		board.Lines = append(board.Lines, s.lines(class)...)
	}
	slices.SortFunc(board.Lines, func(a, b routing.LineWait) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Class, b.Class))
	})
	for id, a := range s.seats {
		if a.Status != routing.Offline && s.alive(a.Node) {
			board.Seats = append(board.Seats, routing.SeatWork{
				Agent: id, Node: a.Node, Status: a.Status, Used: a.busy(), Slots: copied(a.Slots),
			})
		}
	}
	slices.SortFunc(board.Seats, func(a, b routing.SeatWork) int { return cmp.Compare(a.Agent, b.Agent) })
	return board, nil
}

// lines sums up who waits in the class, by line; contacts without one are left out.
func (s *Store) lines(class contact.Class) []routing.LineWait {
	var lines []routing.LineWait
	for _, c := range s.waiting[class] {
		if c.Line == "" {
			continue
		}
		at := slices.IndexFunc(lines, func(l routing.LineWait) bool { return l.Line == c.Line })
		if at < 0 {
			at = len(lines)
			lines = append(lines, routing.LineWait{Line: c.Line, Class: class})
		}
		lines[at].Waiting++
		lines[at].Oldest = max(lines[at].Oldest, s.since(c.Enqueued))
	}
	return lines
}

const mostStrays = 10_000

// Strays implements routing.Member.
func (s *Store) Strays(_ context.Context, n routing.NodeID, ids []contact.ID) (unknown, forgotten []contact.ID, err error) {
	if err := n.Validate(); err != nil {
		return nil, nil, err
	}
	if len(ids) > mostStrays {
		return nil, nil, fmt.Errorf("%w: contacts: %d is more than %d", routing.ErrBad, len(ids), mostStrays)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[contact.ID]bool{}
	for _, id := range ids {
		known[id] = true
		if c := s.contacts[id]; c == nil || c.Anchor != n || !c.open() {
			unknown = append(unknown, id)
		}
	}
	for _, c := range s.anchoredAt(n) {
		if !known[c.ID] {
			forgotten = append(forgotten, c.ID)
		}
	}
	return unknown, forgotten, nil
}

// Walk implements routing.Member: what is right by its making has no breaches.
func (s *Store) Walk(context.Context) ([]string, error) { return nil, nil }
