package session

import (
	"context"
	"errors"
	"time"

	"hotline/callbacks"
	"hotline/contact"
	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
)

const (
	keepWithin  = 3 * time.Second  // to store a promise while the citizen waits for it
	keepTrying  = 10 * time.Minute // when nobody waits
	returnTime  = 2 * time.Second  // to find whether a caller has a promise
	keyOfPlace  = '1'
	thenPromise = "callback"
)

// since is when the citizen began to wait: the true place.
func (v *visit) since() time.Time {
	if v.place.IsZero() {
		return v.record.Queued
	}
	return v.place
}

// offers says whether the citizen may keep the place and hang up: the wait, or
// what it is estimated at, has passed the threshold.
func (s *session) offers(st routing.Standing) bool {
	after := s.queue.plan.CallbackAfter
	if after <= 0 || !s.hall.o.Callbacks.Enabled() || s.contact.Citizen.IsZero() || s.back != nil {
		return false
	}
	return s.queue.offered || s.now().Sub(s.since()) >= after ||
		st.Known && time.Duration(st.Estimate.High)*time.Minute >= after
}

// pressed is a key of the citizen's.
func (s *session) pressed(key rune) {
	if key == keyOfPlace && s.queue.offered && !s.queue.taking && s.state == Queued {
		s.keepPlace(callbacks.Asked)
	}
}

// overdue ends the wait where the line lets nobody wait longer.
func (s *session) overdue() bool {
	most := s.queue.plan.MaxWait
	if most <= 0 || s.back != nil || s.now().Sub(s.since()) < most {
		return false
	}
	if s.queue.plan.Then == thenPromise && s.hall.o.Callbacks.Enabled() && !s.contact.Citizen.IsZero() {
		s.keepPlace(callbacks.MaxWait)
		return true
	}
	s.dismiss(promptGoodbye, contact.RefusedFull)
	return true
}

// keepPlace stores the promise first; then the citizen is told.
func (s *session) keepPlace(why callbacks.Why) {
	s.queue.taking = true
	r := s.promise(why)
	var kept callbacks.Promise
	s.beside(func() (err error) {
		ctx, cancel := context.WithTimeout(s.life, keepWithin)
		defer cancel()
		kept, err = s.hall.o.Callbacks.Promise(ctx, r)
		return err
	}, func(err error) error { s.placeKept(kept, err); return nil })
}

func (s *session) promise(why callbacks.Why) callbacks.Request {
	return callbacks.Request{
		Contact: s.contact.ID, Citizen: s.contact.Citizen, CitizenRef: s.record.CitizenRef,
		Line: s.contact.Line, Source: s.contact.Source, Since: s.since(), Why: why,
	}
}

// placeKept says goodbye; an agent who was faster gets the citizen instead.
func (s *session) placeKept(p callbacks.Promise, err error) {
	s.queue.taking = false
	switch {
	case err != nil:
		s.log.Error("call-back not promised", "error", err)
		if s.state == Queued {
			s.announce(promptOfferFailed)
		}
	case s.state == Queued || s.state == Offered:
		s.note(records.Promised, string(p.Why))
		s.dismiss(promptTaken, contact.CallbackTaken)
	case s.talks():
		s.hall.callOff(p.ID)
	case s.state == Over && s.cause != contact.CallbackTaken: // hung up meanwhile
		s.note(records.Promised, string(p.Why))
	}
}

// dismiss takes the contact out of the queue, plays a last prompt and ends the
// call.
func (s *session) dismiss(prompt string, why contact.Cause) {
	if s.state == Offered {
		s.stopRing(RingCitizenGone)
	}
	s.cause = why
	s.withdraw()
	s.move(Dismissed)
	s.hush()
	ctx := context.WithoutCancel(s.life)
	s.hall.running.Go(func() {
		if err := s.medium.Play(ctx, prompt); err != nil && !errors.Is(err, gateway.ErrGone) {
			s.log.Warn("last prompt broke off", "error", err)
		}
		if err := s.medium.Close(ctx, why); err != nil {
			s.log.Warn("hang-up failed", "error", err)
		}
	})
}

// follow promises a call-back to a citizen who gave up waiting.
func (s *session) follow() {
	left := s.cause == contact.AbandonedQueue || s.cause == contact.AbandonedRinging
	if !left || s.back != nil || s.contact.Citizen.IsZero() || !s.hall.o.Callbacks.Follows(s.now().Sub(s.since())) {
		return
	}
	s.note(records.Promised, string(callbacks.Abandoned))
	s.hall.promiseLater(s.promise(callbacks.Abandoned))
}

// promiseLater stores a promise for which nobody waits.
func (h *Hall) promiseLater(r callbacks.Request) {
	h.later("call-back not promised", r.Contact, func(ctx context.Context) error {
		_, err := h.o.Callbacks.Promise(ctx, r)
		return err
	})
}

// callOff ends a promise that is not needed.
func (h *Hall) callOff(id string) {
	h.later("call-back not called off", "", func(ctx context.Context) error {
		_, err := h.o.Callbacks.Cancel(ctx, id)
		if errors.Is(err, callbacks.ErrNotFound) {
			return nil
		}
		return err
	})
}

// later does what the database may refuse for a while, for ten minutes at most,
// and once more when the node stops.
func (h *Hall) later(failed string, id contact.ID, do func(context.Context) error) {
	h.chores.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), keepTrying)
		defer cancel()
		leaving := h.leaving
		for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			err := attemptOnce(ctx, do)
			if err == nil {
				return
			}
			select {
			case <-time.After(wait):
				if leaving != nil {
					continue
				}
			case <-leaving:
				leaving = nil
				continue
			case <-ctx.Done():
			}
			h.o.Log.Error(failed, "contact_id", string(id), "error", err) //nolint:sloglint // one of a few constant messages
			return
		}
	})
}

func attemptOnce(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, keepWithin)
	defer cancel()
	return do(ctx)
}

// returning finds the place of a caller who has a promise, beside the greeting.
func (s *session) returning(ctx context.Context) <-chan callbacks.Promise {
	found := make(chan callbacks.Promise, 1)
	if !s.hall.o.Callbacks.Enabled() || s.record.CitizenRef == "" {
		close(found)
		return found
	}
	ref := s.record.CitizenRef
	s.hall.running.Go(func() {
		defer close(found)
		ctx, cancel := context.WithTimeout(ctx, returnTime)
		defer cancel()
		p, ok, err := s.hall.o.Callbacks.Returning(ctx, ref)
		if err != nil {
			s.log.Warn("not known whether the caller has a promise", "error", err)
		}
		if ok {
			found <- p
		}
	})
	return found
}

// takesPlaceOf gives the caller the place of the promise.
func (s *session) takesPlaceOf(p callbacks.Promise) {
	s.place = p.Since
	s.note(records.Returned, string(p.Why))
}

// orphaned makes a call-back of a caller whose node has died; it is called off
// when the call turns out to live.
func (h *Hall) orphaned(id contact.ID) {
	if !h.o.Callbacks.Enabled() {
		return
	}
	h.later("call of a dead node not promised a call-back", id, func(ctx context.Context) error {
		r, err := h.o.Records.Find(ctx, id)
		if errors.Is(err, records.ErrNotFound) {
			h.o.Log.Warn("call of a dead node has no record", "contact_id", string(id))
			return nil
		}
		if err != nil || r.CitizenRef == "" || !r.TalkEnded.IsZero() && r.Cause != contact.NodeLost {
			return err
		}
		since := r.Queued
		if since.IsZero() {
			since = r.Accepted
		}
		_, err = h.o.Callbacks.Promise(ctx, callbacks.Request{
			Contact: id, Citizen: r.Citizen, CitizenRef: r.CitizenRef, Line: r.Line, Source: r.Source,
			Since: since, Why: callbacks.NodeLost,
		})
		return err
	})
}

// alive calls off what was promised because this node was taken for dead.
func (s *session) alive() {
	if !s.hall.o.Callbacks.Enabled() {
		return
	}
	id := s.contact.ID
	s.hall.later("call-back of a living call not called off", id, func(ctx context.Context) error {
		return s.hall.o.Callbacks.Alive(ctx, id)
	})
}
