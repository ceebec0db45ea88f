package session

import (
	"context"
	"errors"
	"time"

	"hotline/callbacks"
	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// offerAck is how long a desk may take to show a ring (docs/desk-protocol.md).
const offerAck = 2 * time.Second

// session serves one call.
type session struct {
	*visit
	medium Voice

	heldAt time.Time
	muted  bool         // the citizen hears silence by the agent's wish
	ear    ear          // of the talk
	gone   bool         // the citizen's side has ended
	look   *time.Ticker // at the talk's audio
	queue  queueing
	back   *back  // of a call-back; nil for a citizen's call
	hush   func() // ends an announcement; returns once it is silent
}

func newSession(h *Hall, v Voice, c contact.Contact, line routing.Line) *session {
	look := time.NewTicker(time.Hour)
	look.Stop()
	s := &session{visit: newVisit(h, c, line, next), medium: v, look: look, queue: newQueueing(), hush: func() {}}
	s.replanned = func(p routing.Plan) { s.queue.plan = p }
	return s
}

func (s *session) run(ctx context.Context) {
	defer s.look.Stop()
	defer s.queue.look.Stop()
	defer s.endDial()
	s.visit.run(ctx, func(ctx context.Context) error {
		s.note(records.Accepted, "")
		err := s.serve(ctx)
		s.record.Recording = s.medium.Recording()
		return err
	})
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
		case <-s.queue.look.C:
			s.outlook(ctx)
		case <-s.recalls():
			if err := s.recall(); err != nil {
				return err
			}
		case told := <-s.renamed:
			s.alive()
			s.reassert(told)
		case <-ctx.Done():
			return s.abort(contact.NodeLost)
		}
	}
	return nil
}

// arrive refuses or answers.
func (s *session) arrive(ctx context.Context) error {
	if s.back != nil {
		return s.comesBack(ctx)
	}
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
	returning, last := s.returning(ctx), s.lastBeside(ctx)
	plan := s.planned() // beside the loop nobody asks
	s.beside(func() error { return s.greet(ctx, plan) }, s.greeted(ctx, returning, last))
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

// greet plays the greeting, and tells who goes to another queue than meant; who
// is turned away is told that instead.
func (s *session) greet(ctx context.Context, p routing.Plan) error {
	if p.Closed != "" {
		return nil
	}
	for _, prompt := range []string{s.line.Greeting, p.Notice} {
		if prompt == "" {
			continue
		}
		if err := s.medium.Play(ctx, prompt); err != nil {
			return err
		}
	}
	return nil
}

// greeted puts the contact into the queue, whether or not the greeting was
// heard to its end: a citizen is not lost for a prompt.
func (s *session) greeted(ctx context.Context, returning <-chan callbacks.Promise, last <-chan records.Record) func(error) error {
	return func(err error) error {
		if s.state != Greeting {
			return nil
		}
		if err != nil {
			s.log.Warn("greeting broke off", "error", err)
		}
		s.move(Greeted)
		s.catchUp()
		s.record.Recording = s.medium.Recording()
		if closed := s.planned().Closed; closed != "" {
			s.closed(closed)
			return nil
		}
		s.meets(<-last)
		s.record.Queued = s.now()
		s.note(records.Greeted, "")
		s.noteQueued()
		if p, ok := <-returning; ok { // it was asked before the greeting
			s.takesPlaceOf(p)
		}
		s.waitsNow()
		if err := s.medium.Hold(ctx); err != nil {
			s.log.Warn("no music on hold", "error", err)
		}
		s.enqueue(ctx)
		return nil
	}
}

// heard takes news from the citizen's side.
func (s *session) heard(ctx context.Context, e contact.Event) {
	if e.Kind == contact.Pressed {
		s.pressed(e.Digit)
	}
	if e.Kind != contact.Gone || s.gone {
		return
	}
	s.gone = true
	if s.state == Dialling { // what Dial returns tells the same
		return
	}
	if s.state == Wrapping || s.state == Over {
		return
	}
	if s.state == Parting {
		s.move(CitizenGone)
		return
	}
	s.cause = citizenLeft(s.state, e.Cause)
	s.follow()
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

// abort ends a session that can no longer be served.
func (s *session) abort(why contact.Cause) error {
	s.cause = why
	if s.state == Offered {
		s.stopRing(RingRevoked)
	}
	if s.talks() || s.state == Dialling {
		s.talked()
		s.tell(News{Kind: Ended, Cause: why, Until: s.now()})
		s.tell(News{Kind: Finished})
	}
	s.state = Over
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(s.medium.Close(ctx, why), s.hall.o.Queue.Withdraw(ctx, s.contact.ID, why))
}
