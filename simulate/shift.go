package simulate

import (
	"context"
	"fmt"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// openShifts puts every seat's coming and going on the agenda.
func (w *world) openShifts() {
	n := 0
	for _, g := range w.scenario.Agents {
		for range g.Count {
			n++
			ask := routing.SeatAsk{ID: contact.AgentID(fmt.Sprintf("agent-%05d", n)), Skills: g.Skills, Limits: g.Limits}
			w.after(g.From, func(ctx context.Context) error { return w.come(ctx, ask) })
			if g.Until > 0 {
				w.after(g.Until, func(ctx context.Context) error { return w.leave(ctx, ask) })
			}
		}
	}
}

func (w *world) come(ctx context.Context, ask routing.SeatAsk) error {
	w.seats[ask.ID] = ask
	w.present -= w.counted()
	return w.set(ctx, ask, routing.Ready)
}

// leave takes nothing more; what the seat has it finishes.
func (w *world) leave(ctx context.Context, ask routing.SeatAsk) error {
	delete(w.seats, ask.ID)
	w.present += w.counted()
	return w.set(ctx, ask, routing.Away)
}

func (w *world) set(ctx context.Context, ask routing.SeatAsk, status routing.Status) error {
	if err := w.queue.Beat(ctx, house); err != nil {
		return err
	}
	ask.Now = w.clock.Now()
	seat := w.book.Seat(ask)
	seat.ID, seat.Node, seat.Status = ask.ID, house, status
	return w.queue.SetAgent(ctx, seat)
}

// counted is the time since the warm-up.
func (w *world) counted() time.Duration { return max(0, w.clock.at-w.scenario.WarmUp) }

// work counts the seat's contacts; a seat with any is busy.
func (w *world) work(agent contact.AgentID, by int) {
	load := w.busy[agent]
	if load.contacts == 0 {
		load.since = w.counted()
	}
	load.contacts += by
	if load.contacts == 0 {
		w.worked += w.counted() - load.since
	}
	w.busy[agent] = load
}

// busyness is what one seat has, and since when it has had something.
type busyness struct {
	contacts int
	since    time.Duration
}

// close counts what goes on at the end: who still waits has waited so long.
func (w *world) close() {
	for _, load := range w.busy {
		if load.contacts > 0 {
			w.worked += w.counted() - load.since
		}
	}
	w.present += time.Duration(len(w.seats)) * w.counted()
	for _, g := range w.inside {
		if !g.served && g.tally != nil {
			g.tally.Open++
		}
	}
}
