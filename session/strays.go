package session

import (
	"context"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// Register is where the queue keeps what each node anchors; routing.Member is one.
type Register interface {
	Strays(ctx context.Context, n routing.NodeID, ids []contact.ID) (unknown, forgotten []contact.ID, err error)
}

// Strays finds contacts that sessions and queue do not both know, and brings
// them together again. What comes and goes meanwhile is found once; only what
// is found again and again is strayed. It belongs to one goroutine.
type Strays struct {
	hall  *Hall
	queue Register
	lost  map[contact.ID]int // how often in a row the queue did not know it
	held  map[contact.ID]int // how often in a row no session had it
}

const (
	strayedAfter = 2  // looks; the first may have come in the middle of something
	endedAfter   = 10 // its last orders may be under way
)

// NewStrays makes a search through the hall's sessions.
func NewStrays(h *Hall, q Register) *Strays {
	return &Strays{hall: h, queue: q, lost: map[contact.ID]int{}, held: map[contact.ID]int{}}
}

// Look compares once; to be called each second. A session whose contact the
// queue has lost tells it anew how it stands. What the queue holds for this
// node and no session has is taken out: nobody could serve it. Not to be called
// while the node drains: what it leaves to others has no session either. It
// blocks for the store.
func (s *Strays) Look(ctx context.Context) error {
	unknown, forgotten, err := s.queue.Strays(ctx, *s.hall.node.Load(), s.hall.ids())
	if err != nil {
		return err
	}
	s.lost, s.held = again(s.lost, unknown), again(s.held, forgotten)
	for id, times := range s.lost {
		if times == strayedAfter {
			s.tellAnew(id)
		}
	}
	for id, times := range s.held {
		if times != endedAfter {
			continue
		}
		s.hall.metrics.strays.Inc()
		s.hall.o.Log.Error("the queue holds a contact that no session has", "contact_id", string(id))
		if err := s.hall.o.Queue.Withdraw(ctx, id, contact.Internal); err != nil {
			return err
		}
	}
	return nil
}

// again counts on those that are found now.
func again(before map[contact.ID]int, found []contact.ID) map[contact.ID]int {
	now := make(map[contact.ID]int, len(found))
	for _, id := range found {
		now[id] = before[id] + 1
	}
	return now
}

func (s *Strays) tellAnew(id contact.ID) {
	one := s.hall.find(id)
	if one == nil {
		return
	}
	v := one.base()
	select {
	case v.done <- func() error { v.strayed(); return nil }:
	case <-v.over:
	default: // busy: the next look finds it again
		s.lost[id]--
	}
}

// strayed tells a queue that has lost the contact how it stands, but for one
// that has not entered yet.
func (v *visit) strayed() {
	if _, known := v.asserted(); !known {
		return
	}
	v.hall.metrics.strays.Inc()
	v.log.Error("the queue does not know the contact, it is told anew", "state", string(v.state))
	v.reassert(make(chan struct{}))
}

func (h *Hall) ids() []contact.ID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.sessions))
}
