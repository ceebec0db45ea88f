package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// visit is what a call and a conversation have in common: the place in the
// queue, the ring, the wrap-up, the record. Its fields belong to the goroutine
// of run.
type visit struct {
	hall    *Hall
	contact contact.Contact
	line    routing.Line
	known   bool // the number dialled, or the account written to, is on a line
	log     *slog.Logger
	next    func(State, Happening) (State, bool) // the table
	group   *sync.WaitGroup                      // who waits for its end
	dress   func(*Call)                          // what an offer says besides; nil for nothing

	state    State
	token    routing.Token   // of the last reservation acted on
	lease    time.Time       // its end, by the queue's clock
	agent    contact.AgentID // of that reservation
	seat     routing.NodeID  // where the agent's desk is
	record   records.Record
	extended int
	cause    contact.Cause  // internal until something better is known
	place    time.Time      // the true place in the queue; zero: record.Queued
	cameIn   time.Time      // the moment that the policy judges
	last     records.Record // of the citizen's last talk; empty when nobody is known
	plan     *routing.Plan  // nil until it is asked for
	left     bool           // it goes on at another node
	outdated bool           // the policy was replaced since the contact was planned

	reached   func() (routing.Line, bool) // its line by the policy in force; nil: that of its name
	replanned func(routing.Plan)          // told of a new plan; nil for nobody

	life     context.Context // of run; ends with the node
	orders   *orders
	commands chan routing.Command
	requests chan request
	done     chan func() error // results of what ran beside the loop
	timer    *time.Timer       // of the ring, then of the wrap-up
	renamed  chan chan<- struct{}
	usurped  chan struct{} // holds a token once another node has the contact
	over     chan struct{}
}

// request is a desk's command, answered once by reply.
type request struct {
	ctx   context.Context
	agent contact.AgentID
	token routing.Token
	asked time.Time // when the command came
	do    func(served, request) error
	reply chan error
}

// served is a contact as the hall and its desks order it.
type served interface {
	base() *visit
	accept(r request) error
	declineOffer(r request) error
	hangup(r request) error
	seatLost(r request) error
	extendWrapUp(r request) error
	finishWrapUp(r request) error
}

func newVisit(h *Hall, c contact.Contact, line routing.Line, table func(State, Happening) (State, bool)) *visit {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	log := h.o.Log.With("contact_id", string(c.ID))
	return &visit{
		hall: h, contact: c, line: line, state: Arriving, timer: timer, log: log, orders: newOrders(log),
		next: table, group: &h.running,
		record: records.Record{
			Contact: c.ID, Channel: c.Channel, Line: c.Line, Source: c.Source, Citizen: c.Citizen,
			CitizenRef: c.Citizen.Ref(h.o.RefKey), Node: string(*h.node.Load()), Accepted: c.Accepted,
		},
		commands: make(chan routing.Command, 4),
		requests: make(chan request),
		done:     make(chan func() error, 4),
		renamed:  make(chan chan<- struct{}, 1),
		usurped:  make(chan struct{}, 1),
		over:     make(chan struct{}),
	}
}

func (v *visit) base() *visit { return v }

// run is the visit's life: it ends once, with one cause, one log line and one
// metric.
func (v *visit) run(ctx context.Context, serve func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	v.life = ctx
	v.group.Go(v.orders.run)
	defer v.orders.close()
	defer cancel()
	defer close(v.over)
	v.log.Info("contact accepted", "channel", string(v.contact.Channel), "line", v.contact.Line, "source", v.contact.Source)
	err := serve(ctx)
	if v.left {
		v.leftBehind(err)
		return
	}
	v.end(err)
}

// end files the record and says once how it went.
func (v *visit) end(err error) {
	v.record.Ended, v.record.Cause = v.now(), v.cause
	v.note(records.Ended, v.cause.String())
	v.hall.metrics.ended(v.record)
	attrs := []any{"cause", v.cause.String(), "agent_id", string(v.record.Agent), "offers", v.record.Offers}
	if err != nil {
		v.log.Error("contact ended", append(attrs, "error", err)...)
		return
	}
	v.log.Info("contact ended", attrs...)
}

// leftBehind says that the contact goes on elsewhere.
func (v *visit) leftBehind(err error) {
	v.hall.metrics.left.Inc()
	v.log.Info("contact left for another node", "agent_id", string(v.record.Agent), "error", err)
}

// enqueue asks until the queue has the contact; the time that it takes counts
// as waited. The citizen is kept company meanwhile.
func (v *visit) enqueue(ctx context.Context) {
	e, since := v.entry(), v.since()
	v.orders.entrust(ctx, "enqueue", func(ctx context.Context) error {
		return v.hall.door.pass(ctx, e, since)
	})
}

// entry is the contact as the queue knows it, but for its anchor and what it
// has waited.
func (v *visit) entry() routing.Entry {
	e := v.planned().Entry
	e.Contact = v.contact.ID
	return e
}

// claim takes the offer of the request's token once the queue has confirmed it.
func (v *visit) claim(r request) error {
	if !v.rings(r) {
		return routing.ErrStale
	}
	ctx, cancel := context.WithTimeout(r.ctx, acceptWithin)
	defer cancel()
	err := v.hall.o.Queue.Accept(ctx, v.contact.ID, r.token)
	switch {
	case err == nil:
	case errors.Is(err, routing.ErrStale), errors.Is(err, routing.ErrUnknown):
		v.reassert(make(chan struct{})) // it is over, or the queue has lost it
	default:
		// Nobody knows whether the queue took it: whichever it was ends here.
		v.decline(RingUnreachable, routing.Disconnected)
	}
	return err
}

// rings says whether the request's offer is the one at hand.
func (v *visit) rings(r request) bool {
	return v.state == Offered && r.agent == v.agent && r.token == v.token
}

// declineOffer is the agent's no.
func (v *visit) declineOffer(r request) error {
	if !v.rings(r) {
		return routing.ErrStale
	}
	v.decline(RingRejected, routing.Rejected)
	return nil
}

// leave takes a contact out that nobody served. The order outlives the session:
// the queue must not keep a contact that is gone.
func (v *visit) leave() {
	v.withdraw()
	v.move(CitizenGone)
}

func (v *visit) withdraw() {
	id, why := v.contact.ID, v.cause
	v.orders.give(context.Background(), "withdraw", func(ctx context.Context) error {
		return v.hall.o.Queue.Withdraw(ctx, id, why)
	})
}

// move follows the table; what it does not know leaves the state as it is.
func (v *visit) move(e Happening) bool {
	to, ok := v.next(v.state, e)
	if !ok {
		v.log.Error("not in the table of states", "state", string(v.state), "event", string(e))
		return false
	}
	v.state = to
	return true
}

// beside runs a call that blocks outside the loop; then gets its error inside.
func (v *visit) beside(call func() error, then func(error) error) {
	go func() {
		err := call()
		select {
		case v.done <- func() error { return then(err) }:
		case <-v.over:
		}
	}()
}

func (v *visit) now() time.Time { return v.hall.o.Now().UTC() }

// note adds an event to the record and files both.
func (v *visit) note(k records.EventKind, detail string) {
	v.hall.files.put(v.record, records.Event{
		Contact: v.contact.ID, At: v.now(), Kind: k, Agent: v.agent, Detail: detail,
	})
}

func (v *visit) tell(n News) {
	n.Contact, n.Token, n.Seat = v.contact.ID, v.token, v.seat
	v.hall.o.Seats.Tell(v.agent, n)
}
