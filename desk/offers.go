package desk

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// overdue is how long a ring may outlast its end before the seat stops it by
// itself: the session's word must have been lost.
const overdue = 5 * time.Second

// stoppedLimit bounds the memory of rings that were stopped.
const stoppedLimit = 64

// offer is a ring that the session asks for.
type offer struct {
	session.Call
	reply chan<- error // one slot
}

// Offer implements session.Seats.
func (d *Desk) Offer(ctx context.Context, agent contact.AgentID, c session.Call) error {
	s := d.seat(agent)
	if s == nil {
		return session.ErrNoDesk
	}
	reply := make(chan error, 1)
	o, take := offer{c, reply}, s.offered
	if c.Contact.Channel.Class() == contact.Text {
		take = s.offeredText
	}
	if !s.post(func() { take(o) }) {
		return session.ErrNoDesk
	}
	select {
	case err := <-reply:
		return err
	case <-s.done:
		return session.ErrNoDesk
	case <-ctx.Done():
		s.post(func() { s.dropWaiting(c.Contact.ID) })
		d.metrics.unshown.Inc()
		return ctx.Err()
	}
}

// Tell implements session.Seats.
func (d *Desk) Tell(agent contact.AgentID, n session.News) {
	if s := d.seat(agent); s != nil {
		s.post(func() { s.told(n) })
	}
}

// offered rings the desk, or says why not. An offer may overtake the news that
// frees the seat; it then waits for it.
func (s *seat) offered(o offer) {
	s.becomeReadyIfAsked()
	switch {
	case o.Token <= s.stopped[o.Contact.ID] && o.Token > 0:
		o.reply <- routing.ErrStale
	case s.state == WrapUp && s.waiting == nil && s.wanted() == routing.Ready:
		s.waiting = &o
	case s.state != Ready || s.deskGone || !s.audible():
		o.reply <- session.ErrNoDesk
	default:
		s.ring(o)
	}
}

// becomeReadyIfAsked: the queue's offer may be here before its answer.
func (s *seat) becomeReadyIfAsked() {
	if s.wanted() == routing.Ready {
		s.becomeReady()
	}
}

func (s *seat) ring(o offer) {
	now := s.desk.o.Now()
	s.call = &call{Call: o.Call, until: o.Until, shown: o.reply, waited: now.Sub(o.Contact.Accepted)}
	s.taken = nil
	s.move(Rang, "")
	s.desk.access.offered(s.account.ID, o.Contact)
	s.emit("call.offered", s.offeredData())
	s.tellCall()
	s.awaitFar()
	token := o.Token
	s.after(o.Until.Sub(now)+overdue, func() { s.overdue(o.Contact.ID, token) })
}

// overdue stops a ring whose session has fallen silent.
func (s *seat) overdue(id contact.ID, token routing.Token) {
	if s.has(id, token) && s.state == Ringing {
		s.log.Error("ring outlasted its session", "contact_id", string(id))
		s.ringStopped(session.News{Contact: id, Token: token, Why: session.RingRevoked})
	}
}

func (s *seat) dropWaiting(id contact.ID) {
	if s.waiting != nil && s.waiting.Contact.ID == id {
		s.waiting = nil
	}
}

func (s *seat) has(id contact.ID, token routing.Token) bool {
	return s.call != nil && s.call.Contact.ID == id && s.call.Token == token
}

// told takes news of a contact; news of one that is not here is dropped.
func (s *seat) told(n session.News) {
	if c := s.text(n.Contact); c != nil {
		s.toldText(c, n)
		return
	}
	if n.Kind == session.RingStopped {
		s.ringStopped(n)
		return
	}
	if !s.has(n.Contact, n.Token) {
		return
	}
	switch n.Kind {
	case session.Connected:
		s.connected()
	case session.Held:
		s.changeCall(HeldBy)
	case session.Resumed:
		s.changeCall(Resumed)
	case session.Muted, session.Unmuted:
		s.call.muted = n.Kind == session.Muted
		s.tellCall()
	case session.Ended:
		s.talkEnded(n)
	case session.WrappingUp:
		s.call.until, s.call.extended = n.Until, n.Extended
		s.tellCall()
	case session.Finished:
		s.finished()
	case session.TakenBack:
		s.takenBack()
	case session.Apart, session.Rejoined:
		s.apart(n.Kind == session.Apart)
	case session.Measured:
		s.measured(n.Quality)
	default: // of conversations
	}
}

func (s *seat) connected() {
	if s.state == Talking {
		return
	}
	s.acknowledge()
	s.attended()
	s.call.until = time.Time{}
	s.call.talkSince = s.desk.o.Now()
	s.changeCall(Connected)
}

// acknowledge says once that the desk shows the ring.
func (s *seat) acknowledge() {
	if s.call.shown != nil {
		s.call.shown <- nil
		s.call.shown = nil
	}
}

func (s *seat) changeCall(by Happening) {
	if s.move(by, "") {
		s.tellCall()
	}
}

func (s *seat) tellCall() { s.emit("call.changed", s.callData()) }

func (s *seat) talkEnded(n session.News) {
	s.call.until, s.call.cause, s.call.muted = n.Until, n.Cause.String(), false
	s.changeCall(TalkEnded)
}

// ringStopped ends a ring. It may overtake its offer: the token is remembered.
func (s *seat) ringStopped(n session.News) {
	s.rememberStopped(n)
	s.stopFar(n.Contact)
	if s.waiting != nil && s.waiting.Contact.ID == n.Contact {
		s.waiting.reply <- routing.ErrStale
		s.waiting = nil
	}
	if !s.has(n.Contact, n.Token) || s.state != Ringing {
		return
	}
	s.emit("call.stopped", stoppedData{n.Contact, n.Token, n.Why})
	if s.call.shown != nil {
		s.call.shown <- routing.ErrStale
	}
	s.call = nil
	switch n.Why {
	case session.RingUnanswered, session.RingRejected, session.RingUnreachable:
		s.pending = keepBreak(s.pending)
		s.move(RingFailed, string(n.Why))
		s.missed(n.Why)
		s.desk.metrics.failedRings.WithLabelValues(string(n.Why)).Inc()
	case session.RingRevoked, session.RingCitizenGone:
		s.move(RingOver, "")
		s.herald.again()
	}
	s.settle()
}

// keepBreak keeps what the agent asked for, but no readiness.
func keepBreak(p *pending) *pending {
	if p != nil && p.State == Break {
		return p
	}
	return nil
}

func (s *seat) rememberStopped(n session.News) {
	if len(s.stopped) >= stoppedLimit {
		clear(s.stopped)
	}
	s.stopped[n.Contact] = n.Token
}

// finished frees the seat.
func (s *seat) finished() {
	id := s.call.Contact.ID
	if s.state.speaking() { // the session was cut short
		s.move(TalkEnded, "")
	}
	if !s.move(Finished, "") {
		return
	}
	s.call = nil
	s.emit("call.ended", contactData{id})
	s.settle()
	if o := s.waiting; o != nil {
		s.waiting = nil
		s.offered(*o)
	}
}

// settle applies what waited for the seat to be free.
func (s *seat) settle() {
	switch {
	case s.state.busy():
	case s.leaving:
		s.signOffFree()
	case s.retiring:
		s.leaveNode()
	case s.forgotten:
		s.signOut()
	case s.pending != nil && s.pending.State == NotReady:
		reason := s.pending.Reason
		s.pending = nil
		s.move(RingFailed, reason)
	case s.pending != nil && s.pending.State == Break:
		reason := s.pending.Reason
		s.stay()
		s.pending = nil
		s.move(TookBreak, reason)
	case s.state == Ready && s.deskGone:
		s.move(DeskLost, reasonDisconnected)
	case s.state == Ready && !s.audible():
		s.blockedByLeg()
	}
}
