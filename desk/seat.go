package desk

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
	"hotline/people"
	"hotline/routing"
)

// seat is one signed-in agent. Its goroutine (run) owns every field above the
// line; others post work to its mailbox.
type seat struct {
	desk    *Desk
	account people.Account
	log     *slog.Logger
	epoch   string
	born    time.Time

	state   State
	reason  string // of Break or NotReady
	since   time.Time
	pending *pending
	call    *call
	waiting *offer          // came while the wrap-up before it was ending
	texts   []*conversation // in the order in which they came
	slots   map[contact.Class]int
	misses  misses
	stopped map[contact.ID]routing.Token

	leg         leg
	far         map[routing.NodeID]*farLeg // audio at other nodes
	sockets     map[*socket]struct{}
	phone       *socket       // the one with the audio; nil while it is away
	deskGone    bool          // no phone socket for LostAfter
	absence     uint64        // counts absences, so that old timers are known
	forgotten   bool          // no phone socket for ForgetAfter
	retiring    bool          // the node drains: nothing more, and elsewhere when free
	retireAfter time.Duration // until the desk may connect again
	leaving     bool          // signed out, waits for the contact to end
	over        bool

	silence silence    // of the agent in a talk
	taken   *takenData // the contact that was last taken from this seat, until the next ring

	stream  stream
	results *results
	shown   agentView // as last told

	// ---
	box    *mailbox
	herald *herald
	orders *orders
	done   chan struct{} // closed when run has ended
	life   context.Context
	stop   context.CancelFunc
	beside sync.WaitGroup
	public atomic.Pointer[HallAgent]
}

// pending is a change of state that waits.
type pending struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
}

func newSeat(d *Desk, a people.Account, reason string) *seat {
	life, stop := context.WithCancel(context.Background())
	now := d.o.Now()
	s := &seat{
		desk: d, account: a, epoch: ulid.Make().String(), born: now,
		log:   d.o.Log.With("agent_id", string(a.ID)),
		state: Offline, since: now, stopped: make(map[contact.ID]routing.Token),
		sockets: make(map[*socket]struct{}), results: newResults(),
		box: newMailbox(), done: make(chan struct{}), life: life, stop: stop,
	}
	s.slots = d.agent(a, routing.Offline).Slots
	s.leg = newLeg(d.o.Phones, a.ID)
	s.herald = newHerald(d, s)
	s.orders = newOrders()
	s.move(SignedIn, reason)
	return s
}

// run is the seat's life: it ends with one log line and one metric.
func (s *seat) run() {
	defer close(s.done)
	s.desk.metrics.seats.Inc()
	s.log.Info("seat opened", "reason", s.reason)
	s.beside.Go(func() { s.herald.run(s.life) })
	s.beside.Go(func() { s.orders.run(s.life) })
	s.beside.Go(s.watchPhone)
	s.absent()
	s.publish()
	cause := s.serve()
	s.end(cause)
}

// serve works the mailbox off until the seat is over.
func (s *seat) serve() string {
	for {
		select {
		case <-s.box.wake:
			for _, do := range s.box.take() {
				do()
				s.publish()
			}
			if s.over {
				return "signed_out"
			}
		case <-s.life.Done():
			return "stopped"
		}
	}
}

// end takes the seat down; the queue is told once more, whatever happens.
func (s *seat) end(cause string) {
	s.box.close()
	defer s.desk.forget(s) // last: a new seat must not be signed off by the old one
	for sock := range s.sockets {
		sock.close(closeGoing, "bye")
	}
	for _, c := range slices.Clone(s.texts) {
		s.dropText(c)
	}
	s.stop()
	s.beside.Wait()
	s.leaveFar()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.desk.o.Queue.SetAgent(ctx, s.desk.agent(s.account, routing.Offline))
	if err != nil && !errors.Is(err, routing.ErrFenced) { // a node without its lease has no agents there
		s.log.Warn("seat not signed off at the queue", "error", err)
	}
	if err := s.leg.close(ctx); err != nil {
		s.log.Warn("audio not closed", "error", err)
	}
	s.desk.metrics.seats.Dec()
	s.desk.metrics.seatLives.WithLabelValues(cause).Inc()
	s.log.Info("seat closed", "cause", cause, "seconds", int(s.desk.o.Now().Sub(s.born).Seconds()))
}

// post runs do in the seat's goroutine, later; false when the seat is gone.
func (s *seat) post(do func()) bool {
	ok := s.box.post(do)
	if !ok {
		s.desk.metrics.dropped.Inc()
	}
	return ok
}

// after posts do in d, unless the seat is gone by then.
func (s *seat) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() { s.box.post(do) })
}

// move follows the table; what it does not know leaves the state as it is.
func (s *seat) move(by Happening, reason string) bool {
	to, ok := next(s.state, by)
	if !ok {
		s.log.Warn("not in the table of states", "state", string(s.state), "event", string(by))
		return false
	}
	if to != s.state {
		s.since = s.desk.o.Now()
	}
	s.state, s.reason = to, reason
	return true
}

// publish tells the desks, the queue and the hall what has changed, once for
// each piece of work.
func (s *seat) publish() {
	s.watchSilence()
	s.herald.want(s.wanted())
	view := s.view()
	if view == s.shown && s.stream.seq > 0 {
		return
	}
	s.shown = view
	s.public.Store(&HallAgent{
		ID: s.account.ID, Name: s.account.Name, State: s.state, Reason: s.reason, Since: stamp(s.since),
	})
	s.emit("agent.changed", s.agentData())
}

// wanted is what the queue should know of the seat.
func (s *seat) wanted() routing.Status {
	switch {
	case s.state == Offline || s.over:
		return routing.Offline
	case s.deskGone || s.leaving || s.retiring || !s.audible():
		return routing.Away
	case s.pending != nil && s.pending.State == Ready:
		return routing.Ready
	case s.pending == nil && (s.state == Ready || s.state.busy()):
		return routing.Ready
	default:
		return routing.Away
	}
}

// audible says whether the seat's audio allows what it takes: one without
// calls needs none.
func (s *seat) audible() bool { return s.leg.state == legProven || s.slots[contact.Voice] == 0 }

// routed is the herald's word that the queue has taken the status.
func (s *seat) routed(status routing.Status) {
	if status == routing.Ready && s.wanted() == routing.Ready {
		s.becomeReady()
	}
}

// becomeReady turns an asked-for readiness into a real one.
func (s *seat) becomeReady() {
	if s.pending != nil && s.pending.State == Ready && !s.state.busy() {
		s.pending = nil
		s.move(WentReady, "")
	}
}

// agentView is what agent.changed tells, comparable.
type agentView struct {
	state   State
	reason  string
	since   time.Time
	pending pending
	leg     legState
	missed  int
	backAt  time.Time
}

func (s *seat) view() agentView {
	v := agentView{state: s.state, reason: s.reason, since: s.since, leg: s.leg.state, missed: s.misses.row, backAt: s.misses.backAt}
	if s.pending != nil {
		v.pending = *s.pending
	}
	return v
}
