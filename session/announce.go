package session

import (
	"context"
	"errors"
	"strconv"
	"time"

	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
)

const (
	firstLook   = 3 * time.Second  // after the greeting: by then the queue has the contact
	lookAgain   = 10 * time.Second // how often the queue is asked how a contact stands
	leastGap    = 30 * time.Second // between two announcements
	outlookTime = 2 * time.Second  // to answer
	mostSpoken  = 99               // the highest number that is spoken
)

// Waiting is what callers hear while they wait.
type Waiting struct {
	AnnounceEvery time.Duration `yaml:"announce_every" default:"60s" doc:"Callers hear their place and wait so often, when it is known; 30s or more, 0s for never."`
}

// DefaultWaiting is what a configuration has that says nothing.
func DefaultWaiting() Waiting { return Waiting{AnnounceEvery: time.Minute} }

// Validate names the field that is wrong.
func (w Waiting) Validate() error {
	if w.AnnounceEvery != 0 && w.AnnounceEvery < leastGap {
		return errors.New("announce_every: " + w.AnnounceEvery.String() + " is neither 0s nor 30s or more")
	}
	return nil
}

// queueing is how one caller waits. It belongs to the session's goroutine.
type queueing struct {
	look    *time.Ticker // at the outlook
	plan    routing.Plan
	told    routing.Told
	spoke   time.Time // when the last announcement began, of whatever
	asking  bool      // the queue has not answered yet
	offered bool      // the citizen knows of the key
	taking  bool      // the key was pressed; the promise is being stored
}

func newQueueing() queueing {
	look := time.NewTicker(time.Hour)
	look.Stop()
	return queueing{look: look}
}

// waitsNow begins to look at how the caller stands.
func (s *session) waitsNow() {
	s.queue.plan = s.planned()
	s.queue.look.Reset(firstLook)
}

// outlook is one look; what the queue says comes as news.
func (s *session) outlook(ctx context.Context) {
	s.queue.look.Reset(lookAgain)
	if s.state != Queued || s.queue.asking || s.queue.taking {
		return
	}
	if s.overdue() {
		return
	}
	s.queue.asking = true
	id, queue := s.contact.ID, s.hall.o.Queue
	var o routing.Outlook
	s.beside(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, outlookTime)
		defer cancel()
		o, err = queue.Outlook(ctx, id)
		return err
	}, func(err error) error {
		s.queue.asking = false
		if err != nil { // it does not wait yet, or not any more, or the queue is away
			o = routing.Outlook{}
		}
		s.speak(o)
		return nil
	})
}

// speak announces what the outlook tells, and the key, when it is time.
func (s *session) speak(o routing.Outlook) {
	every := s.hall.o.Waiting.AnnounceEvery
	now := s.hall.o.Now()
	if s.state != Queued || every <= 0 || !s.queue.spoke.IsZero() && now.Sub(s.queue.spoke) < max(every, leastGap) {
		return
	}
	standing, ok := s.queue.told.Next(o)
	prompts := spoken(standing)
	if !ok {
		prompts = nil
	}
	offers := s.offers(standing)
	if offers {
		prompts = append(prompts, promptOffer)
	}
	if len(prompts) == 0 {
		return
	}
	if ok && standing.Known {
		s.queue.told.Say(standing)
	}
	if offers && !s.queue.offered {
		s.queue.offered = true
		s.note(records.CallbackOffered, "")
	}
	s.announce(prompts...)
}

// spoken is a standing in prompts; none where nothing honest can be said.
func spoken(st routing.Standing) []string {
	if !st.Known {
		return nil
	}
	var all []string
	switch {
	case st.Place == 0:
		all = append(all, "wait-next")
	case st.Place <= mostSpoken:
		all = append(all, "wait-before", number(st.Place), "wait-people")
	default:
		all = append(all, "wait-many")
	}
	low, high := st.Estimate.Low, min(st.Estimate.High, mostSpoken)
	if low == 0 {
		return append(all, "wait-time", number(high), "wait-within")
	}
	return append(all, "wait-time", number(low), "wait-to", number(high), "wait-minutes")
}

func number(n int) string { return "n" + strconv.Itoa(n) }

// announce plays prompts one after another, then music, until hush, which every
// order to the medium must be preceded by.
func (s *session) announce(prompts ...string) {
	s.hush()
	s.queue.spoke = s.hall.o.Now()
	ctx, cancel := context.WithCancel(s.life)
	silent := make(chan struct{})
	s.hall.running.Go(func() {
		defer close(silent)
		s.play(ctx, prompts)
	})
	s.hush = func() {
		cancel()
		<-silent
		s.hush = func() {}
	}
}

func (s *session) play(ctx context.Context, prompts []string) {
	var broke error
	for _, p := range prompts {
		if err := s.medium.Play(ctx, p); err != nil {
			broke = err
			break
		}
	}
	if ctx.Err() != nil || errors.Is(broke, gateway.ErrGone) {
		return
	}
	if err := errors.Join(broke, s.medium.Hold(ctx)); err != nil {
		s.log.Warn("announcement broke off", "error", err)
	}
}
