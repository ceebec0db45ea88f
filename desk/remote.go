package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/cluster"
	"hotline/contact"
	"hotline/routing"
)

// Far is the agents' audio at other nodes; *Switchboard is it.
type Far interface {
	// Answer hands the browser's offer of generation gen, which rises, to the
	// node. It may block.
	Answer(ctx context.Context, node routing.NodeID, agent contact.AgentID, gen uint64, offer string) (answer string, err error)
	// HangUp ends the agent's audio there. It does not block.
	HangUp(node routing.NodeID, agent contact.AgentID)
	// Listen names who hears how the connections fare.
	Listen(hear func(node routing.NodeID, agent contact.AgentID, e PhoneEvent))
}

// The subjects between switchboards.
const (
	subjectLegOffer = "leg.offer" // asked of the node where the audio is wanted
	subjectLegEvent = "leg.event" // told to the desk's node
	subjectLegClose = "leg.close" // told to the node where the audio is
)

const (
	// lineIdle is how long audio that has failed is kept for a desk elsewhere.
	lineIdle = time.Minute
	// tellWithin bounds one message between switchboards.
	tellWithin = 2 * time.Second
	// tellFor is how long one is tried again: what the bus lives on may be away
	// until its replacement is named.
	tellFor   = 10 * time.Second
	tellEvery = 200 * time.Millisecond
)

// errMoved says that another desk speaks for the audio by now.
var errMoved = errors.New("desk: the audio belongs to another desk by now")

// legWire is every message between switchboards.
type legWire struct {
	Agent contact.AgentID `json:"agent"`
	Gen   uint64          `json:"gen,omitempty"`
	SDP   string          `json:"sdp,omitempty"`
	State PhoneState      `json:"state,omitempty"`
}

// SwitchboardOptions is what a Switchboard needs.
type SwitchboardOptions struct {
	Phones Phones // of this node
	Bus    cluster.Bus
	Log    *slog.Logger
}

// Switchboard gives each agent's audio on this node to the desk that asked for
// it last, here or on another node. It implements Phones for the desk here, and
// Far towards the other nodes.
type Switchboard struct {
	o       SwitchboardOptions
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
	lines  map[contact.AgentID]*phoneLine
	hear   func(routing.NodeID, contact.AgentID, PhoneEvent)
}

// phoneLine is one agent's audio on this node; the switchboard's mutex guards it.
type phoneLine struct {
	agent  contact.AgentID
	phone  Phone
	gen    uint64            // ours, towards the phone: rises whoever offers
	theirs map[uint64]uint64 // the holder's generation by ours
	newest uint64            // the holder's
	handle *handle           // the desk here that holds it, or
	node   cluster.Node      // the node whose desk does
}

var (
	_ Phones = (*Switchboard)(nil)
	_ Far    = (*Switchboard)(nil)
)

// NewSwitchboard lets the desks of other nodes in. Close ends it.
func NewSwitchboard(o SwitchboardOptions) *Switchboard {
	life, end := context.WithCancel(context.Background())
	b := &Switchboard{
		o: o, life: life, end: end, lines: make(map[contact.AgentID]*phoneLine),
		hear: func(routing.NodeID, contact.AgentID, PhoneEvent) {},
	}
	o.Bus.Serve(subjectLegOffer, b.takeOffer)
	o.Bus.Serve(subjectLegEvent, b.takeEvent)
	o.Bus.Serve(subjectLegClose, b.takeClose)
	return b
}

// Close ends all audio and waits until ctx ends.
func (b *Switchboard) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	lines := b.lines
	b.lines = make(map[contact.AgentID]*phoneLine)
	b.mu.Unlock()
	b.end()
	var errs []error
	for _, l := range lines {
		errs = append(errs, l.phone.Close(ctx))
	}
	done := make(chan struct{})
	go func() { defer close(done); b.running.Wait() }()
	select {
	case <-done:
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("desk: switchboard: %w", err)
	}
	return nil
}

// Listen implements Far.
func (b *Switchboard) Listen(hear func(routing.NodeID, contact.AgentID, PhoneEvent)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hear = hear
}

// Answer implements Far.
func (b *Switchboard) Answer(ctx context.Context, node routing.NodeID, agent contact.AgentID, gen uint64, offer string) (string, error) {
	answer, err := b.o.Bus.Ask(ctx, cluster.Node(node), subjectLegOffer, legMessage(legWire{Agent: agent, Gen: gen, SDP: offer}))
	if err != nil {
		return "", fmt.Errorf("desk: audio at %s: %w", node, err)
	}
	return string(answer), nil
}

// HangUp implements Far.
func (b *Switchboard) HangUp(node routing.NodeID, agent contact.AgentID) {
	b.running.Go(func() { b.tell(cluster.Node(node), subjectLegClose, legWire{Agent: agent}) })
}

// tell sends what must arrive if it can.
func (b *Switchboard) tell(to cluster.Node, subject string, w legWire) {
	for began := time.Now(); ; {
		ctx, cancel := context.WithTimeout(b.life, tellWithin)
		err := b.o.Bus.Tell(ctx, to, subject, legMessage(w))
		cancel()
		switch {
		case err == nil, errors.Is(err, cluster.ErrNoNode), b.life.Err() != nil:
			return
		case time.Since(began) >= tellFor:
			b.o.Log.Warn("news of audio not delivered", "agent_id", string(w.Agent), "to", string(to), "error", err)
			return
		}
		select {
		case <-time.After(tellEvery):
		case <-b.life.Done():
		}
	}
}

func legMessage(w legWire) []byte {
	m, err := json.Marshal(w)
	if err != nil { // our own struct: cannot fail
		return []byte("{}")
	}
	return m
}

func readLeg(body []byte) (legWire, error) {
	var w legWire
	if err := json.Unmarshal(body, &w); err != nil {
		return w, &cluster.Fault{Code: cluster.Refused, Text: err.Error()}
	}
	return w, nil
}

// takeOffer answers the browser of a desk elsewhere.
func (b *Switchboard) takeOffer(ctx context.Context, from cluster.Node, body []byte) ([]byte, error) {
	w, err := readLeg(body)
	if err != nil {
		return nil, err
	}
	l := b.claim(w.Agent, nil, from)
	if l == nil {
		return nil, &cluster.Fault{Code: cluster.Unserved, Text: "the node ends"}
	}
	answer, err := b.answer(ctx, l, func() bool { return l.node == from }, w.Gen, w.SDP)
	return []byte(answer), err
}

func (b *Switchboard) takeEvent(_ context.Context, from cluster.Node, body []byte) ([]byte, error) {
	w, err := readLeg(body)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	hear := b.hear
	b.mu.Unlock()
	hear(routing.NodeID(from), w.Agent, PhoneEvent{Gen: w.Gen, State: w.State})
	return nil, nil
}

func (b *Switchboard) takeClose(_ context.Context, from cluster.Node, body []byte) ([]byte, error) {
	w, err := readLeg(body)
	if err != nil {
		return nil, err
	}
	b.running.Go(func() {
		ctx, cancel := context.WithTimeout(b.life, tellWithin)
		defer cancel()
		if err := b.hangUp(ctx, w.Agent, func(l *phoneLine) bool { return l.node == from }); err != nil {
			b.o.Log.Warn("audio not closed", "agent_id", string(w.Agent), "error", err)
		}
	})
	return nil, nil
}

// claim gives the agent's audio to a desk here or elsewhere, and takes it from
// whoever had it; what is connected stays so. nil: the switchboard is closed.
func (b *Switchboard) claim(agent contact.AgentID, h *handle, node cluster.Node) *phoneLine {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	l := b.lines[agent]
	if l == nil {
		l = &phoneLine{agent: agent, phone: b.o.Phones.Phone(agent)}
		b.lines[agent] = l
		b.running.Go(func() { b.follow(l) })
	} else if l.handle == h && l.node == node {
		return l
	}
	if old := l.handle; old != nil {
		lost := PhoneEvent{Gen: l.newest, State: PhoneFailed}
		b.running.Go(func() { b.pass(old, lost) })
	}
	l.handle, l.node, l.theirs, l.newest = h, node, make(map[uint64]uint64), 0
	return l
}

// answer negotiates for whoever holds the line, if that is so still.
func (b *Switchboard) answer(ctx context.Context, l *phoneLine, mine func() bool, gen uint64, offer string) (string, error) {
	b.mu.Lock()
	if !mine() || b.lines[l.agent] != l {
		b.mu.Unlock()
		return "", errMoved
	}
	l.gen++
	ours := l.gen
	l.theirs[ours], l.newest = gen, gen
	b.mu.Unlock()
	return l.phone.Answer(ctx, ours, offer)
}

// follow brings a line's news to its holder, until it ends.
func (b *Switchboard) follow(l *phoneLine) {
	for e := range l.phone.Events() {
		b.mu.Lock()
		gen, known := l.theirs[e.Gen]
		h, node := l.handle, l.node
		b.mu.Unlock()
		if !known {
			continue // of a holder before
		}
		news := PhoneEvent{Gen: gen, State: e.State}
		if h != nil {
			b.pass(h, news)
			continue
		}
		b.tell(node, subjectLegEvent, legWire{Agent: l.agent, Gen: news.Gen, State: news.State})
		if e.State == PhoneFailed {
			b.expire(l, e.Gen)
		}
	}
}

func (b *Switchboard) pass(h *handle, e PhoneEvent) {
	select {
	case h.events <- e:
	case <-h.closing:
	case <-b.life.Done():
	}
}

// expire ends a line that has failed, unless its desk offers again.
func (b *Switchboard) expire(l *phoneLine, gen uint64) {
	time.AfterFunc(lineIdle, func() {
		ctx, cancel := context.WithTimeout(b.life, tellWithin)
		defer cancel()
		_ = b.hangUp(ctx, l.agent, func(now *phoneLine) bool { return now == l && l.gen == gen && l.handle == nil })
	})
}

// hangUp ends an agent's audio here, if it is the one meant.
func (b *Switchboard) hangUp(ctx context.Context, agent contact.AgentID, meant func(*phoneLine) bool) error {
	b.mu.Lock()
	l := b.lines[agent]
	if l == nil || !meant(l) {
		b.mu.Unlock()
		return nil
	}
	delete(b.lines, agent)
	b.mu.Unlock()
	return l.phone.Close(ctx)
}

// Phone implements Phones.
func (b *Switchboard) Phone(agent contact.AgentID) Phone {
	h := &handle{board: b, agent: agent, events: make(chan PhoneEvent), closing: make(chan struct{})}
	b.claim(agent, h, "")
	return h
}

// handle is the audio of a desk here.
type handle struct {
	board   *Switchboard
	agent   contact.AgentID
	events  chan PhoneEvent
	closing chan struct{}
}

// Answer implements Phone. A desk that offers takes its agent's audio back.
func (h *handle) Answer(ctx context.Context, gen uint64, offer string) (string, error) {
	l := h.board.claim(h.agent, h, "")
	if l == nil {
		return "", errMoved
	}
	return h.board.answer(ctx, l, func() bool { return l.handle == h }, gen, offer)
}

// Prove implements Phone.
func (h *handle) Prove(ctx context.Context) (uint64, error) {
	h.board.mu.Lock()
	l := h.board.lines[h.agent]
	mine := l != nil && l.handle == h
	h.board.mu.Unlock()
	if !mine {
		return 0, errMoved
	}
	return l.phone.Prove(ctx)
}

// Events implements Phone. It is not closed: the seat's end ends its reader.
func (h *handle) Events() <-chan PhoneEvent { return h.events }

// Close implements Phone; it is called once, by the seat.
func (h *handle) Close(ctx context.Context) error {
	close(h.closing)
	return h.board.hangUp(ctx, h.agent, func(l *phoneLine) bool { return l.handle == h })
}
