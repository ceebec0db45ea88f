package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/cluster"
	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// Desks are this node's.
type Desks interface {
	session.Seats
	// Holds says whether the agent's seat here has the contact under that token.
	Holds(ctx context.Context, agent contact.AgentID, id contact.ID, t routing.Token) bool
}

// Sessions are this node's; *session.Hall is one.
type Sessions interface {
	Accept(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error
	Decline(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) error
	Hold(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Resume(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Mute(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error
	Hangup(ctx context.Context, id contact.ID, agent contact.AgentID) error
	SeatLost(ctx context.Context, id contact.ID, agent contact.AgentID) error
	ExtendWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error
	FinishWrapUp(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Say(ctx context.Context, id contact.ID, agent contact.AgentID, cmid, text string) (contact.Message, error)
	Typing(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error
	Park(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Unpark(ctx context.Context, id contact.ID, agent contact.AgentID) error
	Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error)
	// Holds says whether the contact is offered to the agent under that token,
	// with the agent, or being wrapped up.
	Holds(ctx context.Context, id contact.ID, agent contact.AgentID, t routing.Token) bool
}

// Options of an Exchange. All are needed but Registerer.
type Options struct {
	Bus        cluster.Bus
	Node       routing.NodeID
	Desks      Desks
	RefKey     []byte // the same on all nodes; keys the seal on what crosses
	Log        *slog.Logger
	Registerer Registerer
}

// Exchange joins the desks and sessions of this node with those of others. It
// implements session.Seats. Its methods may be called from any goroutine.
type Exchange struct {
	o       Options
	seal    seal
	metrics *metrics
	outbox  *outbox
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	seats   book // of contacts anchored here, whose desk is elsewhere
	anchors book // of contacts at desks here, anchored elsewhere

	mu       sync.Mutex
	names    map[routing.NodeID]bool // this node's, old ones too
	sessions Sessions                // nil before Serve
}

var _ session.Seats = (*Exchange)(nil)

// New makes an exchange; Serve sets it going and Close ends it.
func New(o Options) (*Exchange, error) {
	s, err := newSeal(o.RefKey)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	x := &Exchange{
		o: o, seal: s, metrics: newMetrics(o.Registerer), life: life, end: end,
		names: map[routing.NodeID]bool{o.Node: true},
	}
	x.outbox = &outbox{
		bus: o.Bus, log: o.Log, metrics: x.metrics, life: life, running: &x.running, lines: make(map[cluster.Node][]letter),
	}
	return x, nil
}

// Serve lets other nodes in, and looks after what is shared with them.
func (x *Exchange) Serve(local Sessions) {
	x.mu.Lock()
	x.sessions = local
	x.mu.Unlock()
	x.o.Bus.Serve(subjectOffer, x.takeOffer)
	x.o.Bus.Serve(subjectNews, x.takeNews)
	x.o.Bus.Serve(subjectHeld, x.tellHeld)
	x.o.Bus.Serve(subjectCommand, x.takeCommand)
	x.o.Bus.Serve(subjectServed, x.tellServed)
	x.running.Go(x.watch)
}

// Close ends what the exchange does by itself, and waits until ctx ends.
func (x *Exchange) Close(ctx context.Context) error {
	x.end()
	done := make(chan struct{})
	go func() { defer close(done); x.running.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("remote: close: %w", ctx.Err())
	}
}

// Rename says under which name this node is known too, from now on.
func (x *Exchange) Rename(n routing.NodeID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.names[n] = true
}

// here says whether the node is this one.
func (x *Exchange) here(n routing.NodeID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return n == "" || x.names[n]
}

func (x *Exchange) local() Sessions {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sessions
}

// Offer implements session.Seats.
func (x *Exchange) Offer(ctx context.Context, agent contact.AgentID, c session.Call) error {
	if x.here(c.Seat) {
		x.anchors.forget(c.Contact.ID) // a conversation that has come home
		return x.o.Desks.Offer(ctx, agent, c)
	}
	x.seats.put(entryOf(agent, c, c.Seat))
	_, err := x.o.Bus.Ask(ctx, cluster.Node(c.Seat), subjectOffer, x.pack(offerOut(agent, c, time.Now())))
	x.metrics.offered(err)
	if errors.Is(err, cluster.ErrNoNode) {
		return fmt.Errorf("%w: %w", session.ErrNoDesk, err)
	}
	return inward(err)
}

// Tell implements session.Seats.
func (x *Exchange) Tell(agent contact.AgentID, n session.News) {
	if x.here(n.Seat) {
		x.o.Desks.Tell(agent, n)
		return
	}
	x.seats.follow(n)
	x.outbox.post(cluster.Node(n.Seat), letter{
		subject: subjectNews, body: x.pack(newsWire{At: time.Now(), Agent: agent, News: n}),
		once: n.Kind == session.Measured || n.Kind == session.Typing,
	})
}

// takeOffer rings a desk here for a contact elsewhere.
func (x *Exchange) takeOffer(ctx context.Context, from cluster.Node, body []byte) ([]byte, error) {
	var w offerWire
	if err := x.unpack(body, &w); err != nil {
		return nil, err
	}
	c := w.in(time.Now())
	c.Anchor = routing.NodeID(from)
	e := entryOf(w.Agent, c, c.Anchor)
	x.anchors.put(e)
	err := x.o.Desks.Offer(ctx, w.Agent, c)
	if err != nil {
		x.anchors.drop(e.Contact, e.Token)
	}
	return nil, outward(err)
}

func (x *Exchange) takeNews(_ context.Context, from cluster.Node, body []byte) ([]byte, error) {
	var w newsWire
	if err := x.unpack(body, &w); err != nil {
		return nil, err
	}
	n := w.in(time.Now())
	x.anchors.change(share{Contact: n.Contact, Token: n.Token}, func(e *entry) { e.node = routing.NodeID(from) })
	x.inform(w.Agent, n)
	return nil, nil
}

// inform tells a desk here of a contact elsewhere.
func (x *Exchange) inform(agent contact.AgentID, n session.News) {
	x.anchors.follow(n)
	x.o.Desks.Tell(agent, n)
}
