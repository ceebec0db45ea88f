package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hotline/callbacks"
	"hotline/channels"
	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// Errors of a desk's commands.
var (
	// ErrNotYours refuses a command on a contact that the agent does not have.
	ErrNotYours = errors.New("session: the contact is not with this agent")
	// ErrState refuses a command that has no meaning in the contact's state.
	ErrState = errors.New("session: not possible in the contact's present state")
)

// Options of a hall. All fields are needed but Now (time.Now), Full, Primary,
// Conversations and Text (DefaultText).
type Options struct {
	Node       routing.NodeID
	Queue      routing.Queue
	Seats      Seats
	Lines      *routing.Book
	Records    records.Store
	RefKey     []byte // of citizens' pseudonyms, 32 bytes
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time
	// Full says that no further contact can be taken.
	Full func() bool
	// Primary says whether most of those who watch the queue's store take the
	// one that this node speaks to for the primary; nil: nobody watches, no.
	// It is asked when no replica has confirmed a ring, and may block.
	Primary func(context.Context) bool
	// Conversations opens those that another node has left; without it they stay left.
	Conversations channels.House
	// Callbacks keeps promises to call citizens back; nil: nobody is called back.
	Callbacks *callbacks.Book
	Waiting   Waiting // DefaultWaiting when zero
	Text      Text
}

// Hall holds the open sessions of one node. Its methods may be called from any
// goroutine.
type Hall struct {
	o       Options
	metrics *metrics
	files   *filing
	door    *door
	loads   *loads

	node     atomic.Pointer[routing.NodeID]
	mu       sync.Mutex
	sessions map[contact.ID]served
	running  sync.WaitGroup // calls
	texts    sync.WaitGroup // conversations
	chores   sync.WaitGroup // what the database has refused so far
	leaving  chan struct{}  // closed when every session is over: chores are tried once more
}

// NewHall makes a hall; Run serves it.
func NewHall(o Options) *Hall {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Text == (Text{}) {
		o.Text = DefaultText()
	}
	if o.Waiting == (Waiting{}) {
		o.Waiting = DefaultWaiting()
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	if o.Primary == nil {
		o.Primary = func(context.Context) bool { return false }
	}
	h := &Hall{
		o: o, metrics: newMetrics(o.Registerer), files: newFiling(o.Records, o.Log),
		sessions: make(map[contact.ID]served), leaving: make(chan struct{}),
	}
	h.node.Store(&o.Node)
	h.door = newDoor(h)
	h.loads = &loads{count: o.Queue.Counts, beside: h.chores.Go}
	return h
}

// Rename says under which name the node anchors contacts from now on, and lets
// every session tell the queue anew how it stands. It returns once the queue
// has heard them all, or when ctx ends. To be called after the first Beat of
// the new name, and before the seats are told anew: an agent in a talk must
// not look free.
func (h *Hall) Rename(ctx context.Context, n routing.NodeID) {
	h.node.Store(&n)
	var told sync.WaitGroup
	for _, s := range h.all() {
		told.Go(func() { s.base().awaitReassert(ctx) })
	}
	told.Wait()
}

func (h *Hall) all() []served {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.sessions))
}

// Run hands the queue's commands to their sessions, and files records, until
// commands is closed and every session is over. Conversations that it has
// adopted are left to another node then. It blocks.
func (h *Hall) Run(commands <-chan routing.Command) {
	filed := make(chan struct{})
	go func() { defer close(filed); h.files.run() }()
	life, end := context.WithCancel(context.Background())
	for c := range commands {
		h.dispatch(life, c)
	}
	end()
	h.running.Wait()
	h.texts.Wait()
	close(h.leaving)
	h.chores.Wait()
	h.files.close()
	<-filed
}

// dispatch passes a command on. A session that is gone has withdrawn its
// contact, so that nothing is lost by dropping the command.
func (h *Hall) dispatch(life context.Context, c routing.Command) {
	s := h.find(c.Contact)
	if s == nil {
		switch c.Kind {
		case routing.Adopt:
			h.adopt(life, c)
		case routing.Orphan:
			h.orphaned(c.Contact)
		case routing.Offer, routing.Revoke, routing.Widen:
		}
		return
	}
	select {
	case s.base().commands <- c:
	case <-s.base().over:
	}
}

// Receive opens a session for a call and returns at once. ctx bounds the whole
// life of the session: when it ends the call is cut with cause node_lost.
func (h *Hall) Receive(ctx context.Context, v Voice) {
	s := h.open(v)
	h.running.Go(func() {
		defer h.forget(s.contact.ID)
		s.run(ctx)
	})
}

func (h *Hall) open(v Voice) *session {
	now := h.o.Now().UTC()
	a := v.Arrival()
	line, source, known := h.o.Lines.ByNumber(a.Called)
	c := contact.Contact{
		ID: v.ID(), Channel: contact.Phone, Line: line.Name,
		Source: source, Citizen: a.Caller, Accepted: now,
	}
	s := newSession(h, v, c, line)
	s.known, s.reached = known, h.byNumber(a.Called)
	s.record.Trunk = a.Trunk
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[c.ID] = s
	return s
}

func (h *Hall) forget(id contact.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, id)
}

func (h *Hall) find(id contact.ID) served {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[id]
}

// Open counts the sessions that are not over.
func (h *Hall) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Wait blocks until every call is over, or ctx ends. Conversations are not
// waited for: another node goes on with them.
func (h *Hall) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { defer close(done); h.running.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("session: %d contacts still open: %w", h.Open(), ctx.Err())
	}
}

// Accept takes the offer of that token for the agent: ErrStale when it is over.
func (h *Hall) Accept(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error {
	return h.ask(ctx, id, request{agent: agent, token: t, do: served.accept})
}

// Decline refuses the offer of that token.
func (h *Hall) Decline(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error {
	return h.ask(ctx, id, request{agent: agent, token: t, do: served.declineOffer})
}

// Hold plays music to the citizen.
func (h *Hall) Hold(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: onCall((*session).hold)})
}

// Resume joins citizen and agent again.
func (h *Hall) Resume(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: onCall((*session).resume)})
}

// Mute lets the citizen hear silence, or the agent again.
func (h *Hall) Mute(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	return h.ask(ctx, id, request{agent: agent, do: onCall(func(s *session, r request) error { return s.mute(r, on) })})
}

// Hangup releases the agent into wrap-up and then the citizen, with a goodbye.
func (h *Hall) Hangup(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: served.hangup})
}

// SeatLost says that the agent's desk has been gone for too long.
func (h *Hall) SeatLost(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: served.seatLost})
}

// ExtendWrapUp gives the agent the line's step more, as often as the line allows.
func (h *Hall) ExtendWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: served.extendWrapUp})
}

// FinishWrapUp frees the agent now.
func (h *Hall) FinishWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: served.finishWrapUp})
}

// onCall makes a request of what only a call can do.
func onCall(do func(*session, request) error) func(served, request) error {
	return func(s served, r request) error {
		if call, ok := s.(*session); ok {
			return do(call, r)
		}
		return ErrState
	}
}

// ask runs a request in the session's goroutine and waits for its answer.
func (h *Hall) ask(ctx context.Context, id contact.ID, r request) error {
	found := h.find(id)
	if found == nil {
		return fmt.Errorf("contact %s: %w", id, ErrNotYours)
	}
	s := found.base()
	r.ctx, r.reply, r.asked = ctx, make(chan error, 1), time.Now()
	select {
	case s.requests <- r:
	case <-s.over:
		return fmt.Errorf("contact %s: %w", id, ErrState)
	case <-ctx.Done():
		return fmt.Errorf("contact %s: %w", id, ctx.Err())
	}
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return fmt.Errorf("contact %s: %w", id, ctx.Err())
	}
}
