package simulate

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// house is the only node of a simulated hall.
const house = routing.NodeID("simulated")

// Queue is what a policy is tried on: the queue's specification.
type Queue interface {
	routing.Queue
	Beat(ctx context.Context, n routing.NodeID) error
	Tick(ctx context.Context) error
	// Take returns the node's orders and forgets them.
	Take(n routing.NodeID) []routing.Command
	// Forget drops what is over.
	Forget()
}

// world is one replication: a hall whose time jumps from event to event.
type world struct {
	scenario Scenario
	book     *routing.Book
	queue    Queue
	clock    *clock
	events   agenda
	inside   map[contact.ID]*guest
	seats    map[contact.AgentID]routing.SeatAsk
	citizens []stream
	lines    map[string]map[contact.Class]*Tally
	waiting  map[string]int // by the policy's queue
	last     map[string]time.Duration
	busy     map[contact.AgentID]busyness
	worked   time.Duration
	present  time.Duration
	numbered int
}

// guest is a citizen in the house.
type guest struct {
	Citizen
	id     contact.ID
	tally  *Tally // nil during the warm-up
	queue  string
	first  []routing.Bucket
	token  routing.Token
	served bool
}

// clock is the queue's time.
type clock struct {
	start time.Time
	at    time.Duration
}

// Now is the simulated time.
func (c *clock) Now() time.Time { return c.start.Add(c.at) }

// run plays one replication to its end.
func (w *world) run(ctx context.Context) error {
	w.openShifts()
	for i := range w.citizens {
		w.invite(i)
	}
	for n := 0; w.events.Len() > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n%4096 == 0 {
			w.queue.Forget()
		}
		e := heap.Pop(&w.events).(event) //nolint:forcetypeassert // the agenda holds nothing else
		if e.at > w.end() {
			break
		}
		w.clock.at = e.at
		if err := e.do(ctx); err != nil {
			return fmt.Errorf("at %s: %w", e.at, err)
		}
		if err := w.obey(ctx); err != nil {
			return fmt.Errorf("at %s: %w", e.at, err)
		}
	}
	w.clock.at = w.end()
	w.close()
	return nil
}

func (w *world) end() time.Duration { return w.scenario.WarmUp + w.scenario.For }

// after puts something on the agenda.
func (w *world) after(d time.Duration, do func(context.Context) error) {
	if d == endless {
		return
	}
	w.numbered++
	heap.Push(&w.events, event{at: w.clock.at + d, number: w.numbered, do: do})
}

// invite puts the stream's next citizen on the agenda.
func (w *world) invite(i int) {
	c, more := w.citizens[i]()
	if !more {
		return
	}
	w.after(c.At-w.clock.at, func(ctx context.Context) error {
		w.invite(i)
		return w.arrive(ctx, c)
	})
}

// arrive lets a citizen in by the policy.
func (w *world) arrive(ctx context.Context, c Citizen) error {
	line, ok := w.line(c.Line)
	if !ok {
		return fmt.Errorf("line %q is not in the policy", c.Line)
	}
	plan := w.book.Plan(routing.Ask{Line: line, Class: c.Class, Now: w.clock.Now(), Load: w.load})
	g := &guest{Citizen: c, queue: plan.Queue}
	if c.At >= w.scenario.WarmUp {
		g.tally = w.tally(c)
		g.tally.Offered++
	}
	if plan.Closed != "" {
		if g.tally != nil {
			g.tally.Refused++
		}
		return nil
	}
	return w.enter(ctx, g, plan.Entry)
}

func (w *world) enter(ctx context.Context, g *guest, e routing.Entry) error {
	w.numbered++
	e.Contact, e.Anchor = contact.ID(fmt.Sprintf("%026d", w.numbered)), house
	g.id, g.first = e.Contact, e.Buckets
	w.inside[e.Contact] = g
	w.waiting[g.queue]++
	if err := w.queue.Beat(ctx, house); err != nil {
		return err
	}
	if err := w.queue.Enqueue(ctx, e); err != nil {
		return err
	}
	for _, s := range e.Steps {
		w.after(s.After, w.tick)
	}
	w.after(g.Patience, func(ctx context.Context) error { return w.giveUp(ctx, g) })
	return nil
}

// tick lets the queue take the steps that are due.
func (w *world) tick(ctx context.Context) error {
	if err := w.queue.Beat(ctx, house); err != nil {
		return err
	}
	return w.queue.Tick(ctx)
}

func (w *world) giveUp(ctx context.Context, g *guest) error {
	if g.served {
		return nil
	}
	w.waiting[g.queue]--
	delete(w.inside, g.id)
	g.served = true
	if g.tally != nil {
		g.tally.abandoned(w.clock.at - g.At)
	}
	return w.queue.Withdraw(ctx, g.id, contact.AbandonedQueue)
}

// obey does what the queue orders: agents accept at once.
func (w *world) obey(ctx context.Context) error {
	for orders := w.queue.Take(house); len(orders) > 0; orders = w.queue.Take(house) {
		for _, o := range orders {
			if o.Kind != routing.Offer {
				continue
			}
			if err := w.accept(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) accept(ctx context.Context, o routing.Command) error {
	g := w.inside[o.Contact]
	if g == nil {
		return nil // withdrawn in the same moment
	}
	if err := w.queue.Accept(ctx, o.Contact, o.Token); err != nil {
		if errors.Is(err, routing.ErrStale) {
			return nil
		}
		return err
	}
	g.served, g.token = true, o.Token
	w.waiting[g.queue]--
	w.last[g.queue] = w.clock.at - g.At
	if g.tally != nil {
		g.tally.answered(w.clock.at-g.At, w.scenario.level(g.Class))
		if !slices.Contains(g.first, o.Why.Via) {
			g.tally.Elsewhere++
		}
	}
	w.work(o.Agent, 1)
	w.after(g.Handling, func(ctx context.Context) error {
		delete(w.inside, g.id)
		w.work(o.Agent, -1)
		return w.queue.Finish(ctx, g.id, g.token, contact.CitizenEnded)
	})
	return nil
}

// tally is where the citizen is counted.
func (w *world) tally(c Citizen) *Tally {
	if w.lines[c.Line] == nil {
		w.lines[c.Line] = map[contact.Class]*Tally{}
	}
	if w.lines[c.Line][c.Class] == nil {
		w.lines[c.Line][c.Class] = &Tally{}
	}
	return w.lines[c.Line][c.Class]
}

func (w *world) line(name string) (routing.Line, bool) {
	for _, l := range w.book.All() {
		if l.Name == name {
			return l, true
		}
	}
	return routing.Line{}, false
}

// load is what the policy's overflow rules ask for.
func (w *world) load(queue string) routing.Load {
	wait, known := w.last[queue]
	return routing.Load{Waiting: w.waiting[queue], Staffed: len(w.seats), Wait: wait, Known: known}
}
