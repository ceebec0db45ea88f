package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/contact"
	"hotline/people"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets"
)

// Options of a desk. Needed are all but Hall (see SetHall), Phones (without,
// no agent gets ready), Recordings, UI and Now (time.Now).
type Options struct {
	Config     Config
	Node       routing.NodeID
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time

	Queue      Queue
	Hall       Hall
	Phones     Phones
	Far        Far // the agents' audio at other nodes; nil: there are none
	Tickets    tickets.Desk
	Records    records.Store
	People     People
	Audit      Audit
	Lines      *routing.Book
	Figures    records.Figures // nil: the board has none
	Callbacks  Callbacks       // nil: nobody is called back
	Recordings Recordings      // nil: none can be heard
	Threads    Threads         // nil: only conversations open at this node can be read
	RefKey     []byte          // of citizens' pseudonyms, 32 bytes
	UI         http.Handler    // the browser desk, at /
}

// Desk is the agents' side of one node. It implements session.Seats.
type Desk struct {
	o       Options
	metrics *metrics
	access  *access
	doers   map[string]doer
	openapi []byte
	origins origins
	board   *board
	gallery *gallery
	signIns *limiter
	current atomic.Pointer[Hall]
	nodeID  atomic.Pointer[routing.NodeID]

	mu       sync.Mutex
	names    map[routing.NodeID]bool // this node's later ones
	seats    map[contact.AgentID]*seat
	open     map[contact.AgentID]int // sockets, those included that have not said hello
	closed   bool
	retiring bool           // nobody new is let in
	running  sync.WaitGroup // seats and sockets
}

var _ session.Seats = (*Desk)(nil)

// New makes a desk; Handler serves it and Close ends it.
func New(o Options) (*Desk, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	document, err := openapi()
	if err != nil {
		return nil, err
	}
	d := &Desk{
		o: o, metrics: newMetrics(o.Registerer), access: newAccess(o.Records), doers: doers(),
		openapi: document, origins: newOrigins(o.Config.Origins),
		signIns: newLimiter(o.Now), names: make(map[routing.NodeID]bool), seats: make(map[contact.AgentID]*seat), open: make(map[contact.AgentID]int),
	}
	d.board = &board{desk: d, figures: &figures{source: o.Figures, now: o.Now}}
	d.gallery = newGallery(d.board)
	d.nodeID.Store(&o.Node)
	if o.Far != nil {
		o.Far.Listen(d.farSays)
	}
	if o.Hall != nil {
		d.SetHall(o.Hall)
	}
	return d, nil
}

// SetHall names the sessions that take the desks' commands. The hall needs the
// desk as its Seats, so that one of the two must come later.
func (d *Desk) SetHall(h Hall) { d.current.Store(&h) }

// hall is the sessions' side; before SetHall every command is unavailable.
func (d *Desk) hall() Hall {
	if h := d.current.Load(); h != nil {
		return *h
	}
	return noHall{}
}

func (d *Desk) node() routing.NodeID { return *d.nodeID.Load() }

// Reassert tells the queue every seat's state again, after the node has
// registered under a new name or the queue has lost its memory.
func (d *Desk) Reassert(node routing.NodeID) {
	d.nodeID.Store(&node)
	d.mu.Lock()
	d.names[node] = true
	d.mu.Unlock()
	for _, s := range d.all() {
		s.herald.again()
	}
}

// Retell tells the queue anew what every seat serves and how much at once: the
// policy was replaced, or groups begin or end. It returns once the queue has
// heard of all, or when ctx ends.
func (d *Desk) Retell(ctx context.Context) {
	var told sync.WaitGroup
	for _, s := range d.all() {
		s.post(func() { s.slots = d.agent(s.account, routing.Offline).Slots })
		heard := s.herald.again()
		told.Go(func() {
			select {
			case <-heard:
			case <-s.done:
			case <-ctx.Done():
			}
		})
	}
	told.Wait()
}

// TicketChanged tells the desk of the contact's agent how far the hand-off of a
// ticket has come. It never blocks.
func (d *Desk) TicketChanged(agent contact.AgentID, id contact.ID, number string, delivery tickets.DeliveryState) {
	if s := d.seat(agent); s != nil {
		s.post(func() { s.emit("ticket.changed", ticketData{id, number, string(delivery)}) })
	}
}

// Kick ends an agent's seat and closes their sockets: the account was locked or
// changed. A talk is handed over, not cut. It never blocks.
func (d *Desk) Kick(agent contact.AgentID) {
	if s := d.seat(agent); s != nil {
		s.post(func() { s.kick("", kickedSessionEnded) })
	}
}

// Drain asks every desk to connect elsewhere, not before after has passed.
func (d *Desk) Drain(after time.Duration) {
	for _, s := range d.all() {
		s.post(func() { s.drain(after) })
	}
}

// Close ends every seat and socket and waits for them until ctx ends.
func (d *Desk) Close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, s := range d.all() {
		s.stop()
	}
	done := make(chan struct{})
	go func() { defer close(done); d.running.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("desk: %d seats still open: %w", len(d.all()), ctx.Err())
	}
}

func (d *Desk) seat(agent contact.AgentID) *seat {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seats[agent]
}

func (d *Desk) all() []*seat {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*seat, 0, len(d.seats))
	for _, s := range d.seats {
		all = append(all, s)
	}
	return all
}

// join brings a socket to its agent's seat, which it may have to open; nil
// when the desk closes.
func (d *Desk) join(a people.Account, sock *socket, h helloData) *seat {
	for {
		s := d.begin(a, h)
		if s == nil {
			return nil
		}
		if s.post(func() { s.join(sock, h) }) {
			return s
		}
		<-s.done // it was just ending
	}
}

// begin finds the agent's seat or opens one.
func (d *Desk) begin(a people.Account, h helloData) *seat {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	if s := d.seats[a.ID]; s != nil {
		return s
	}
	if d.retiring {
		return nil
	}
	reason := reasonSignedIn
	if h.Epoch != "" { // this desk has known a seat that is no more
		reason = reasonRestarted
	}
	s := newSeat(d, a, reason)
	d.seats[a.ID] = s
	d.running.Go(s.run)
	return s
}

func (d *Desk) forget(s *seat) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seats[s.account.ID] == s {
		delete(d.seats, s.account.ID)
	}
}

// agent is a seat as the queue knows it.
func (d *Desk) agent(a people.Account, status routing.Status) routing.Agent {
	seat := d.o.Lines.Seat(routing.SeatAsk{ID: a.ID, Skills: a.Skills, Now: d.o.Now()})
	seat.Node, seat.Status = d.node(), status
	return seat
}

// line is a service line as desks show it; an unknown one keeps its name.
func (d *Desk) line(name string) Line {
	if d.o.Lines != nil {
		if l, ok := d.o.Lines.Line(name); ok {
			return Line{Name: l.Name, Title: l.Title.ZH, TitleEn: l.Title.EN}
		}
	}
	return Line{Name: name, Title: name, TitleEn: name}
}

// HallAgent is one seat as supervisors see it.
type HallAgent struct {
	ID     contact.AgentID `json:"id"`
	Name   string          `json:"name"`
	State  State           `json:"state"`
	Reason string          `json:"reason,omitempty"`
	Since  stamp           `json:"since"`
}

// Agents lists the seats of this node by ID.
func (d *Desk) Agents() []HallAgent {
	agents := []HallAgent{}
	for _, s := range d.all() {
		if a := s.public.Load(); a != nil {
			agents = append(agents, *a)
		}
	}
	slices.SortFunc(agents, func(a, b HallAgent) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return agents
}

// errNoHall refuses commands before the node is wired.
var errNoHall = errors.New("desk: no sessions yet")
