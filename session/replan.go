package session

import (
	"context"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// Replan asks the policy anew for every contact that waits, because it has been
// replaced: each keeps its place, and waits where it would have come to wait by
// the new policy. A contact that the new policy would refuse stays where it is;
// one that is served is asked for once it waits again. It returns once every
// session knows; the queue hears of it by and by.
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
	v.outdated = true
	switch v.state {
	case Queued, Offered:
		v.reroute()
	default: // later: see catchUp and requeue
	}
}

// reroute lets a contact that waits do so by the policy in force, at its place.
func (v *visit) reroute() {
	if !v.outdated {
		return
	}
	v.outdated = false
	v.learnLine()
	p := v.hall.o.Lines.Plan(v.ask())
	if p.Closed != "" {
		return
	}
	v.plan = &p
	if v.replanned != nil {
		v.replanned(p)
	}
	v.notePlan(records.Rerouted)
	e := v.entry()
	v.orders.give(v.life, "reroute", func(ctx context.Context) error {
		e.Anchor = *v.hall.node.Load()
		return v.hall.o.Queue.Reroute(ctx, e)
	})
}

// catchUp lets a contact that is about to wait be planned by the policy in force.
func (v *visit) catchUp() {
	if v.outdated {
		v.learnLine()
		v.plan, v.outdated = nil, false
	}
}

// learnLine reads the contact's line anew. One that the policy has no more stays
// as it was.
func (v *visit) learnLine() {
	if l, ok := v.lineNow(); ok {
		v.line = l
		v.contact.Line, v.record.Line = l.Name, l.Name
	}
}

// lineNow is the line that answers what the citizen has dialled or written to.
func (v *visit) lineNow() (l routing.Line, ok bool) {
	if v.reached == nil {
		return v.hall.o.Lines.Line(v.contact.Line)
	}
	return v.reached()
}

// byNumber finds the line of a number, time and again.
func (h *Hall) byNumber(called string) func() (routing.Line, bool) {
	return func() (routing.Line, bool) {
		l, _, ok := h.o.Lines.ByNumber(called)
		return l, ok
	}
}

// byAccount finds the line of a text account, time and again.
func (h *Hall) byAccount(ch contact.Channel, account, topic string) func() (routing.Line, bool) {
	return func() (routing.Line, bool) { return h.o.Lines.ByAccount(ch, account, topic) }
}
