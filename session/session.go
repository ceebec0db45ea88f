package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// offerAck is how long a desk may take to show a ring (docs/desk-protocol.md).
const offerAck = 2 * time.Second

// session serves one contact. Its fields belong to the goroutine of run.
type session struct {
	hall    *Hall
	medium  Voice
	contact contact.Contact
	line    routing.Line
	known   bool // the number dialled is on a line
	log     *slog.Logger

	state    State
	token    routing.Token   // of the last reservation acted on
	agent    contact.AgentID // of that reservation
	record   records.Record
	heldAt   time.Time
	extended int
	muted    bool          // the citizen hears silence by the agent's wish
	ear      ear           // of the talk
	cause    contact.Cause // internal until something better is known
	gone     bool          // the citizen's side has ended

	life     context.Context // of run; ends with the node
	orders   *orders
	commands chan routing.Command
	requests chan request
	done     chan func() error // results of what ran beside the loop
	timer    *time.Timer       // of the ring, then of the wrap-up
	look     *time.Ticker      // at the talk's audio
	hush     func()            // ends an announcement; returns once it is silent
	renamed  chan chan<- struct{}
	over     chan struct{}
}

// request is a desk's command, answered once by reply.
type request struct {
	ctx   context.Context
	agent contact.AgentID
	token routing.Token
	asked time.Time // when the command came
	do    func(*session, request) error
	reply chan error
}

func newSession(h *Hall, v Voice, c contact.Contact, line routing.Line) *session {
	timer, look := time.NewTimer(time.Hour), time.NewTicker(time.Hour)
	timer.Stop()
	look.Stop()
	log := h.o.Log.With("contact_id", string(c.ID))
	return &session{
		hall: h, medium: v, contact: c, line: line, state: Arriving, timer: timer,
		look: look, hush: func() {}, log: log, orders: newOrders(log),
		record: records.Record{
			Contact: c.ID, Channel: c.Channel, Line: c.Line, Source: c.Source, Citizen: c.Citizen,
			CitizenRef: c.Citizen.Ref(h.o.RefKey), Node: string(*h.node.Load()), Accepted: c.Accepted,
		},
		commands: make(chan routing.Command, 4),
		requests: make(chan request),
		done:     make(chan func() error, 4),
		renamed:  make(chan chan<- struct{}, 1),
		over:     make(chan struct{}),
	}
}

// run is the session's life: it ends once, with one cause, one log line and
// one metric.
func (s *session) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	s.life = ctx
	s.hall.running.Go(s.orders.run)
	defer s.orders.close()
	defer s.look.Stop()
	defer cancel()
	defer close(s.over)
	s.log.Info("contact accepted", "channel", string(s.contact.Channel), "line", s.contact.Line, "source", s.contact.Source)
	s.note(records.Accepted, "")
	err := s.serve(ctx)
	s.end(err)
}

// serve answers the contact and follows it until it is over.
func (s *session) serve(ctx context.Context) error {
	if err := s.arrive(ctx); err != nil {
		return err
	}
	events := s.medium.Events()
	for s.state != Over {
		select {
		case e, open := <-events:
			if !open {
				events = nil
				e = contact.Event{Kind: contact.Gone, Cause: contact.Internal}
			}
			s.heard(ctx, e)
		case c := <-s.commands:
			s.commanded(ctx, c)
		case r := <-s.requests:
			r.reply <- r.do(s, r)
		case result := <-s.done:
			if err := result(); err != nil {
				return err
			}
		case <-s.timer.C:
			s.timeUp()
		case <-s.look.C:
			s.listen(ctx)
		case told := <-s.renamed:
			s.reassert(told)
		case <-ctx.Done():
			return s.abort(contact.NodeLost)
		}
	}
	return nil
}

// arrive refuses or answers.
func (s *session) arrive(ctx context.Context) error {
	switch {
	case !s.known:
		return s.refuse(ctx, contact.RefusedUnknown)
	case s.hall.o.Full():
		return s.refuse(ctx, contact.RefusedFull)
	}
	if err := s.medium.Answer(ctx); err != nil {
		return s.unanswered(ctx, err)
	}
	s.move(Answered)
	s.beside(func() error { return s.greet(ctx) }, s.greeted(ctx))
	return nil
}

// unanswered is a call that ended before both ends agreed: the medium knows why.
func (s *session) unanswered(ctx context.Context, err error) error {
	s.move(CitizenGone)
	late := context.WithoutCancel(ctx)
	if closing := s.medium.Close(late, contact.Internal); closing != nil {
		return errors.Join(err, closing)
	}
	for e := range s.medium.Events() {
		if e.Kind == contact.Gone {
			s.cause = citizenLeft(Arriving, e.Cause)
		}
	}
	if s.cause == contact.Internal {
		return err
	}
	return nil // told by the cause
}

func (s *session) refuse(ctx context.Context, why contact.Cause) error {
	s.move(Refused)
	s.cause = why
	return s.medium.Refuse(ctx, why)
}

func (s *session) greet(ctx context.Context) error {
	if s.line.Greeting == "" {
		return nil
	}
	return s.medium.Play(ctx, s.line.Greeting)
}

// greeted puts the contact into the queue, whether or not the greeting was
// heard to its end: a citizen is not lost for a prompt.
func (s *session) greeted(ctx context.Context) func(error) error {
	return func(err error) error {
		if s.state != Greeting {
			return nil
		}
		if err != nil {
			s.log.Warn("greeting broke off", "error", err)
		}
		s.move(Greeted)
		s.record.Queued = s.now()
		s.note(records.Greeted, "")
		s.note(records.Queued, "")
		if err := s.medium.Hold(ctx); err != nil {
			s.log.Warn("no music on hold", "error", err)
		}
		s.enqueue(ctx)
		return nil
	}
}

// enqueue asks until the queue has the contact; the time that it takes counts
// as waited. The citizen hears music meanwhile.
func (s *session) enqueue(ctx context.Context) {
	e, since := s.entry(), s.record.Queued
	s.orders.entrust(ctx, "enqueue", func(ctx context.Context) error {
		return s.hall.door.pass(ctx, e, since)
	})
}

// entry is the contact as the queue knows it, but for its anchor and what it
// has waited.
func (s *session) entry() routing.Entry {
	e := s.hall.o.Lines.Plan(routing.Ask{Line: s.line, Class: s.contact.Channel.Class(), Now: s.hall.o.Now()}).Entry
	e.Contact = s.contact.ID
	return e
}

// heard takes news from the citizen's side.
func (s *session) heard(ctx context.Context, e contact.Event) {
	if e.Kind != contact.Gone || s.gone {
		return
	}
	s.gone = true
	if s.state == Wrapping || s.state == Over {
		return
	}
	s.cause = citizenLeft(s.state, e.Cause)
	switch s.state {
	case Serving, Holding, Reconnecting:
		s.wrap(ctx, CitizenGone)
	case Offered:
		s.stopRing(RingCitizenGone)
		s.leave()
	default:
		s.leave()
	}
}

// citizenLeft names the cause of a citizen's leaving in that state; what was not
// the citizen's doing stays what it is.
func citizenLeft(in State, reported contact.Cause) contact.Cause {
	if reported != contact.CitizenEnded && reported != contact.AbandonedGreeting {
		return reported
	}
	switch in {
	case Arriving, Greeting:
		return contact.AbandonedGreeting
	case Queued:
		return contact.AbandonedQueue
	case Offered:
		return contact.AbandonedRinging
	default:
		return contact.CitizenEnded
	}
}

// leave takes a contact out that nobody served. The order outlives the session:
// the queue must not keep a contact that is gone.
func (s *session) leave() {
	id, why := s.contact.ID, s.cause
	s.orders.give(context.Background(), "withdraw", func(ctx context.Context) error {
		return s.hall.o.Queue.Withdraw(ctx, id, why)
	})
	s.move(CitizenGone)
}

// abort ends a session that can no longer be served.
func (s *session) abort(why contact.Cause) error {
	s.cause = why
	if s.state == Offered {
		s.stopRing(RingRevoked)
	}
	if s.talks() {
		s.talked()
		s.tell(News{Kind: Ended, Cause: why, Until: s.now()})
		s.tell(News{Kind: Finished})
	}
	s.state = Over
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(s.medium.Close(ctx, why), s.hall.o.Queue.Withdraw(ctx, s.contact.ID, why))
}

// end files the record and says once how it went.
func (s *session) end(err error) {
	s.record.Ended = s.now()
	s.record.Cause, s.record.Recording = s.cause, s.medium.Recording()
	s.note(records.Ended, s.cause.String())
	s.hall.metrics.ended(s.record)
	attrs := []any{"cause", s.cause.String(), "agent_id", string(s.record.Agent), "offers", s.record.Offers}
	if err != nil {
		s.log.Error("contact ended", append(attrs, "error", err)...)
		return
	}
	s.log.Info("contact ended", attrs...)
}

// move follows the table; what it does not know leaves the state as it is.
func (s *session) move(e Happening) bool {
	to, ok := next(s.state, e)
	if !ok {
		s.log.Error("not in the table of states", "state", string(s.state), "event", string(e))
		return false
	}
	s.state = to
	return true
}

// beside runs a call that blocks outside the loop; then gets its error inside.
func (s *session) beside(call func() error, then func(error) error) {
	go func() {
		err := call()
		select {
		case s.done <- func() error { return then(err) }:
		case <-s.over:
		}
	}()
}

func (s *session) now() time.Time { return s.hall.o.Now().UTC() }

// note adds an event to the record and files both.
func (s *session) note(k records.EventKind, detail string) {
	s.hall.files.put(s.record, records.Event{
		Contact: s.contact.ID, At: s.now(), Kind: k, Agent: s.agent, Detail: detail,
	})
}

func (s *session) tell(n News) {
	n.Contact, n.Token = s.contact.ID, s.token
	s.hall.o.Seats.Tell(s.agent, n)
}
