package session

import (
	"context"
)

// Replan asks the policy anew for every contact that waits, because it has been
// replaced: each keeps its place, and waits where it would have come to wait by
// the new policy. A contact that the new policy would refuse stays where it is.
// It returns once every session knows; the queue hears of it by and by.
func (h *Hall) Replan(ctx context.Context) {
	for _, s := range h.all() {
		v := s.base()
		select {
		case v.done <- func() error { v.replan(); return nil }:
		case <-v.over:
		case <-ctx.Done():
			return
		}
	}
}

func (v *visit) replan() {
	if v.plan == nil {
		return // it has not been asked yet
	}
	p := v.hall.o.Lines.Plan(v.ask())
	if p.Closed != "" || v.state != Queued && v.state != Offered {
		return
	}
	v.plan = &p
	v.noteQueued()
	e := v.entry()
	v.orders.give(v.life, "reroute", func(ctx context.Context) error {
		e.Anchor = *v.hall.node.Load()
		return v.hall.o.Queue.Reroute(ctx, e)
	})
}
