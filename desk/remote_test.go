package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/cluster"
	"hotline/cluster/membus"
	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/routing"
	"hotline/session"
)

// farAudio is the audio here, and at other nodes, which a test plays.
type farAudio struct {
	*phones

	mu   sync.Mutex
	hear func(routing.NodeID, contact.AgentID, desk.PhoneEvent)
	gens []string
	hung []routing.NodeID
	fail error
}

func (f *farAudio) Answer(_ context.Context, node routing.NodeID, agent contact.AgentID, gen uint64, _ string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gens = append(f.gens, fmt.Sprintf("%s %s %d", node, agent, gen))
	return fmt.Sprintf("answer of %s", node), f.fail
}

func (f *farAudio) HangUp(node routing.NodeID, _ contact.AgentID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hung = append(f.hung, node)
}

func (f *farAudio) Listen(hear func(routing.NodeID, contact.AgentID, desk.PhoneEvent)) { f.hear = hear }

// says lets the node tell of the newest connection.
func (f *farAudio) says(node routing.NodeID, state desk.PhoneState) {
	f.mu.Lock()
	gen := uint64(len(f.gens))
	f.mu.Unlock()
	f.hear(node, "1001", desk.PhoneEvent{Gen: gen, State: state})
}

// ringsFrom rings a ready agent for a caller of another node.
func ringsFrom(t *testing.T, node routing.NodeID) (*farAudio, *station, session.Call, <-chan error) {
	t.Helper()
	f := &farAudio{phones: &phones{all: make(map[contact.AgentID]*phone)}}
	w := newWorldWith(t, f)
	s := w.ready("1001")
	c := newCall(1)
	c.Anchor = node
	shown := w.offer("1001", c)
	got := s.awaitCall("ringing")
	if got.Node != string(node) {
		t.Fatalf("the desk is told that the call is at %q", got.Node)
	}
	return f, s, c, shown
}

func (s *station) awaitFar(node, state string) {
	s.t.Helper()
	s.await("audio at "+node+" "+state, func(f headless.Frame) bool {
		var d struct{ Node, State string }
		return f.Type == "leg.changed" && json.Unmarshal(f.Data, &d) == nil && d.Node == node && d.State == state
	})
}

// TestAudioIsBroughtToTheCaller: an accept waits until the audio is there.
func TestAudioIsBroughtToTheCaller(t *testing.T) {
	t.Parallel()
	f, s, c, _ := ringsFrom(t, "far")
	accepted := make(chan error, 1)
	go func() {
		accepted <- s.client.Do(s.ctx(), "call.accept", object{"contact": c.Contact.ID, "token": 1})
	}()
	s.do("leg.offer", object{"node": "far", "gen": 7, "sdp": offerSDP("AA")})
	s.awaitFar("far", "connecting")
	s.await("the answer", func(f headless.Frame) bool {
		return f.Type == "leg.answer" && strings.Contains(string(f.Data), `"node":"far","gen":7,"sdp":"answer of far"`)
	})
	if s.hall.count("accept") != 0 {
		t.Error("accepted before the audio is there")
	}
	f.says("far", desk.PhoneConnected)
	s.awaitFar("far", "connected")
	if err := <-accepted; err != nil {
		t.Error(err)
	}
	s.awaitCall("talking")
	s.refused("stale", "leg.offer", object{"node": "far", "gen": 7, "sdp": offerSDP("AA")})
	f.says("far", desk.PhoneDisconnected)
	s.awaitFar("far", "disconnected")
	if !s.desk.Holds(s.ctx(), "1001", c.Contact.ID, 1) || s.desk.Holds(s.ctx(), "1001", c.Contact.ID, 2) || s.desk.Holds(s.ctx(), "1002", c.Contact.ID, 1) {
		t.Error("the desk does not know what it has")
	}
}

func TestAudioThatCannotBeBrought(t *testing.T) {
	t.Parallel()
	for name, goes := range map[string]func(*farAudio, *station){
		"its node refuses": func(f *farAudio, s *station) {
			f.fail = errors.New("no such node")
			s.refused("unavailable", "leg.offer", object{"node": "far", "gen": 1, "sdp": offerSDP("AA")})
		},
		"it fails": func(f *farAudio, s *station) {
			s.do("leg.offer", object{"node": "far", "gen": 1, "sdp": offerSDP("AA")})
			f.says("far", desk.PhoneFailed)
		},
		"the desk offers none": func(*farAudio, *station) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, s, c, _ := ringsFrom(t, "far")
			s.do("offer.shown", object{"contact": c.Contact.ID, "token": 1})
			goes(f, s)
			s.awaitDid("lost")
		})
	}
}

// TestARingEndsWhileAudioIsBrought: the accept that waited is refused.
func TestARingEndsWhileAudioIsBrought(t *testing.T) {
	t.Parallel()
	_, s, c, shown := ringsFrom(t, "far")
	refused := make(chan error, 1)
	go func() {
		refused <- s.client.Do(s.ctx(), "call.accept", object{"contact": c.Contact.ID, "token": 1})
	}()
	if err := <-shown; err != nil { // an accept shows the ring
		t.Fatal(err)
	}
	s.desk.Tell("1001", session.News{Kind: session.RingStopped, Contact: c.Contact.ID, Token: 1, Why: session.RingCitizenGone})
	var refusal *headless.Error
	if err := <-refused; !errors.As(err, &refusal) || refusal.Code != "stale" {
		t.Errorf("the accept: %v, want stale", err)
	}
}

// TestACallOfARenamedNode is one of this node.
func TestACallOfARenamedNode(t *testing.T) {
	t.Parallel()
	f := &farAudio{phones: &phones{all: make(map[contact.AgentID]*phone)}}
	w := newWorldWith(t, f)
	s := w.ready("1001")
	w.desk.Reassert("n2")
	for token, node := range []routing.NodeID{"n1", "n2"} {
		c := newCall(routing.Token(token + 1))
		c.Anchor = node
		w.offer("1001", c)
		if got := s.awaitCall("ringing"); got.Node != "" {
			t.Errorf("a call of %s is told to be at %q", node, got.Node)
		}
		w.desk.Tell("1001", session.News{Kind: session.RingStopped, Contact: c.Contact.ID, Token: c.Token, Why: session.RingRevoked})
		s.awaitState("ready", "")
	}
}

// board is a switchboard of one node.
type board struct {
	*desk.Switchboard
	phones *phones
	news   chan string
}

func newBoard(t *testing.T, net *membus.Net, name cluster.Node) *board {
	t.Helper()
	bus, err := net.Join(name)
	if err != nil {
		t.Fatal(err)
	}
	return boardOn(t, bus)
}

// closingBus is what a test's bus can besides.
type closingBus interface {
	cluster.Bus
	Close(ctx context.Context) error
}

func boardOn(t *testing.T, bus closingBus) *board {
	t.Helper()
	b := &board{phones: &phones{all: make(map[contact.AgentID]*phone)}, news: make(chan string, 16)}
	b.Switchboard = desk.NewSwitchboard(desk.SwitchboardOptions{Phones: b.phones, Bus: bus, Log: slog.New(slog.DiscardHandler)})
	b.Listen(func(node routing.NodeID, agent contact.AgentID, e desk.PhoneEvent) {
		b.news <- fmt.Sprintf("%s %s %d %s", node, agent, e.Gen, e.State)
	})
	t.Cleanup(func() {
		for _, p := range b.phones.all {
			close(p.events) // as a gateway does
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(b.Close(ctx), bus.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *board) hears(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-b.news:
		if got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("did not hear %q", want)
	}
}

func (b *board) brings(t *testing.T, to routing.NodeID, gen uint64, want string) {
	t.Helper()
	got, err := b.Answer(t.Context(), to, "1001", gen, "offer")
	if err != nil || got != want {
		t.Errorf("answered %q, %v; want %q", got, err, want)
	}
}

func state(t *testing.T, p desk.Phone, want desk.PhoneEvent) {
	t.Helper()
	select {
	case got := <-p.Events():
		if got != want {
			t.Errorf("the desk here hears %+v, want %+v", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("the desk here does not hear %+v", want)
	}
}

// TestSwitchboard: audio belongs to the desk that offered last, wherever it is;
// to the gateway its generations rise, whoever counts anew.
func TestSwitchboard(t *testing.T) {
	t.Parallel()
	var net membus.Net
	a, b, c := newBoard(t, &net, "a"), newBoard(t, &net, "b"), newBoard(t, &net, "c")
	b.brings(t, "a", 5, "answer 1")
	b.hears(t, "a 1001 5 connected")
	b.brings(t, "a", 6, "answer 2")
	b.hears(t, "a 1001 6 connected")
	c.brings(t, "a", 1, "answer 3") // the agent has moved there
	c.hears(t, "a 1001 1 connected")
	a.phones.of("1001").say(desk.PhoneDisconnected)
	c.hears(t, "a 1001 1 disconnected")

	own := a.Phone("1001") // and then here
	if answer, err := own.Answer(t.Context(), 1, "offer"); err != nil || answer != "answer 4" {
		t.Errorf("answered %q, %v", answer, err)
	}
	state(t, own, desk.PhoneEvent{Gen: 1, State: desk.PhoneConnected})
	if n, err := own.Prove(t.Context()); err != nil || n != 50 {
		t.Errorf("proven by %d packets, %v", n, err)
	}
	c.brings(t, "a", 2, "answer 5") // and away again
	c.hears(t, "a 1001 2 connected")
	state(t, own, desk.PhoneEvent{Gen: 1, State: desk.PhoneFailed})
	if _, err := own.Prove(t.Context()); err == nil {
		t.Error("a desk that has lost its audio proves it")
	}
	if err := own.Close(t.Context()); err != nil { // which takes nothing from c
		t.Error(err)
	}
	a.phones.of("1001").say(desk.PhoneDisconnected)
	c.hears(t, "a 1001 2 disconnected")
	if _, err := b.Answer(t.Context(), "nowhere", "1001", 1, "offer"); !errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("audio at a node that is not there: %v", err)
	}
	if _, err := b.Answer(t.Context(), "a", "1002", 1, "nonsense"); err == nil {
		t.Error("nonsense was answered")
	}
}

// awayBus is a bus whose store does not answer until it is back.
type awayBus struct {
	closingBus
	back time.Time
}

func (b *awayBus) Tell(ctx context.Context, to cluster.Node, subject string, body []byte) error {
	if time.Now().Before(b.back) {
		return errors.New("the store is away")
	}
	return b.closingBus.Tell(ctx, to, subject, body)
}

// TestNewsOfAudioOutlastAFailOver: that the audio is connected is told though
// the bus is away for as long as Sentinels need to name another primary.
func TestNewsOfAudioOutlastAFailOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net membus.Net
		bus, err := net.Join("a")
		if err != nil {
			t.Fatal(err)
		}
		boardOn(t, &awayBus{bus, time.Now().Add(5 * time.Second)})
		b := newBoard(t, &net, "b")
		b.brings(t, "a", 5, "answer 1")
		b.hears(t, "a 1001 5 connected")
	})
}
