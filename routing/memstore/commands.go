package memstore

import (
	"context"

	"hotline/routing"
)

// Commands implements routing.Member.
func (s *Store) Commands(ctx context.Context, n routing.NodeID) <-chan routing.Command {
	out := make(chan routing.Command)
	go func() {
		defer close(out)
		for next := 0; ; next++ {
			cmd, ok := s.awaitOrder(ctx, n, next)
			if !ok {
				return
			}
			select {
			case out <- cmd:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// awaitOrder returns the node's order of that index, or false when ctx ends.
func (s *Store) awaitOrder(ctx context.Context, n routing.NodeID, index int) (routing.Command, bool) {
	for {
		s.mu.Lock()
		orders, ordered := s.orders[n], s.ordered
		s.mu.Unlock()
		if index < len(orders) {
			return orders[index], true
		}
		select {
		case <-ordered:
		case <-ctx.Done():
			return routing.Command{}, false
		}
	}
}
