package memstore

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// inbox holds a node's orders; those before the first were dropped.
type inbox struct {
	first  int
	orders []routing.Command
}

func (in *inbox) drop(n int) {
	in.first += n
	in.orders = append([]routing.Command(nil), in.orders[n:]...)
}

// order sends a command to the node that anchors the contact, if it lives.
func (s *Store) order(c *Contact, kind routing.CommandKind, agent contact.AgentID) {
	s.send(c.Anchor, routing.Command{Kind: kind, Contact: c.ID, Agent: agent, Token: c.Token})
}

func (s *Store) send(to routing.NodeID, cmd routing.Command) {
	if !s.alive(to) {
		return
	}
	in := s.inboxes[to]
	if in == nil {
		in = &inbox{}
		s.inboxes[to] = in
	}
	if cmd.Expires.IsZero() {
		cmd.Expires = time.UnixMilli(0).UTC()
	}
	in.orders = append(in.orders, cmd)
	close(s.ordered)
	s.ordered = make(chan struct{})
}

// Take returns the node's orders that nobody has taken or forgotten, at once
// and for ever: for who drives the queue by hand instead of Commands.
func (s *Store) Take(n routing.NodeID) []routing.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.inboxes[n]
	if in == nil {
		return nil
	}
	orders := in.orders
	in.first, in.orders = in.first+len(orders), nil
	return orders
}

// Commands implements routing.Member.
func (s *Store) Commands(ctx context.Context, n routing.NodeID) <-chan routing.Command {
	out := make(chan routing.Command)
	go func() {
		defer close(out)
		for next := 0; ; next++ {
			cmd, at, ok := s.awaitOrder(ctx, n, next)
			if !ok {
				return
			}
			next = at
			select {
			case out <- cmd:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// awaitOrder returns the node's order of that index, or the first after it
// that is still there, with its index; false when ctx ends.
func (s *Store) awaitOrder(ctx context.Context, n routing.NodeID, index int) (cmd routing.Command, at int, ok bool) {
	for {
		s.mu.Lock()
		in, ordered := s.inboxes[n], s.ordered
		if in != nil && index < in.first+len(in.orders) {
			index = max(index, in.first)
			cmd = in.orders[index-in.first]
			s.mu.Unlock()
			return cmd, index, true
		}
		s.mu.Unlock()
		select {
		case <-ordered:
		case <-ctx.Done():
			return routing.Command{}, 0, false
		}
	}
}
