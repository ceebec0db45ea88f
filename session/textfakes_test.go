package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/channels"
	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// fakeChat is a conversation whose citizen the test plays.
type fakeChat struct {
	id      contact.ID
	account string
	events  chan contact.Event
	did     chan string // what the session ordered, but what it said
	said    chan contact.Message
	once    sync.Once

	mu     sync.Mutex
	thread []contact.Message
	cmids  map[string]contact.Message
	over   bool
	away   error
	places []channels.Place
}

func newChat() *fakeChat {
	return &fakeChat{
		id: contact.ID(ulid.Make().String()), account: "portal", events: make(chan contact.Event, 64),
		did: make(chan string, 64), said: make(chan contact.Message, 64), cmids: map[string]contact.Message{},
	}
}

func (f *fakeChat) ID() contact.ID { return f.id }

func (f *fakeChat) Arrival() channels.Arrival {
	return channels.Arrival{
		Channel: contact.Web, Account: f.account, Topic: "water", Citizen: contact.NewAddress("visitor-0123456789"),
	}
}

func (f *fakeChat) Hold(context.Context) error { f.did <- "hold"; return nil }

func (f *fakeChat) Connect(_ context.Context, a contact.AgentID) error {
	f.did <- "connect " + string(a)
	return nil
}

func (f *fakeChat) Close(_ context.Context, why contact.Cause) error {
	f.mu.Lock()
	away := f.away
	f.over = f.over || away == nil
	f.mu.Unlock()
	if away != nil {
		return away
	}
	f.did <- "close " + why.String()
	f.gone(why)
	return nil
}

func (f *fakeChat) setAway(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = err
}

func (f *fakeChat) Events() <-chan contact.Event { return f.events }

func (f *fakeChat) gone(why contact.Cause) {
	f.once.Do(func() {
		f.events <- contact.Event{Kind: contact.Gone, Cause: why}
		close(f.events)
	})
}

// quits is the citizen's end of it.
func (f *fakeChat) quits() {
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	f.gone(contact.CitizenEnded)
}

func (f *fakeChat) add(m contact.Message) contact.Message {
	m.ID, m.Seq, m.At = ulid.Make().String(), int64(len(f.thread)+1), time.Now().UTC()
	f.thread = append(f.thread, m)
	return m
}

// writes is the citizen's word.
func (f *fakeChat) writes(text string) contact.Message {
	f.mu.Lock()
	m := f.add(contact.Message{From: contact.ByCitizen, Text: text})
	f.mu.Unlock()
	f.events <- contact.Event{Kind: contact.Said, Message: m}
	return m
}

func (f *fakeChat) Say(_ context.Context, o channels.Outgoing) (contact.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away != nil {
		return contact.Message{}, f.away
	}
	if m, again := f.cmids[o.CMID]; again {
		if m.Text != o.Text {
			return m, channels.ErrReused
		}
		return m, nil
	}
	if f.over {
		return contact.Message{}, channels.ErrClosed
	}
	from := contact.ByAgent
	if o.Agent == "" {
		from = contact.ByHouse
	}
	m := f.add(contact.Message{From: from, Agent: o.Agent, Text: o.Text})
	f.cmids[o.CMID] = m
	f.said <- m
	return m, nil
}

func (f *fakeChat) Show(_ context.Context, p channels.Place) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.places = append(f.places, p)
	return nil
}

func (f *fakeChat) shown() []channels.Place {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.places
}

func (f *fakeChat) Typing(_ context.Context, on bool) error {
	if on {
		f.did <- "typing"
	}
	return nil
}

func (f *fakeChat) Messages(_ context.Context, after int64, limit int) ([]contact.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if after >= int64(len(f.thread)) {
		return nil, nil
	}
	rest := f.thread[after:]
	return rest[:min(len(rest), limit)], nil
}

func (f *fakeChat) wants(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-f.did:
			if got != w {
				t.Fatalf("the session ordered %q, want %q", got, w)
			}
		case <-time.After(guard):
			t.Fatalf("the session did not order %q", w)
		}
	}
}

// hears waits for what is said to the citizen.
func (f *fakeChat) hears(t *testing.T, from contact.Author) contact.Message {
	t.Helper()
	select {
	case m := <-f.said:
		if m.From != from {
			t.Fatalf("%s says %q, want a word of %s", m.From, m.Text, from)
		}
		return m
	case <-time.After(guard):
		t.Fatalf("%s says nothing", from)
		return contact.Message{}
	}
}

// fakePlatform opens what another node has left.
type fakePlatform struct {
	mu    sync.Mutex
	chats map[contact.ID]*fakeChat
	fails int // attempts
}

var errAway = errors.New("the store is away")

func (p *fakePlatform) has(f *fakeChat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chats == nil {
		p.chats = map[contact.ID]*fakeChat{}
	}
	p.chats[f.id] = f
}

func (p *fakePlatform) Adopt(_ context.Context, id contact.ID) (channels.Conversation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails > 0 {
		p.fails--
		return nil, errAway
	}
	f := p.chats[id]
	if f == nil || f.over {
		return nil, channels.ErrClosed
	}
	return f, nil
}

// desk readies an agent with so many slots.
func (h *house) desk(a contact.AgentID, voice, text int) {
	h.t.Helper()
	pass(time.Millisecond)
	h.must(h.queue.SetAgent(h.life, routing.Agent{
		ID: a, Node: node, Status: routing.Ready, Buckets: map[routing.Bucket]int{"general": 0},
		Slots: map[contact.Class]int{contact.Voice: voice, contact.Text: text},
	}))
}

// chat lets a citizen write a first message.
func (h *house) chat() *fakeChat {
	h.t.Helper()
	pass(time.Millisecond)
	f := newChat()
	f.writes("路灯坏了")
	h.hall.ReceiveText(h.life, f)
	f.wants(h.t, "hold")
	return f
}

// conversation connects a citizen with the first agent.
func (h *house) conversation() (*fakeChat, ring) {
	h.t.Helper()
	f := h.chat()
	r := h.seats.ringing(h.t)
	h.must(h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token))
	f.wants(h.t, "connect "+string(r.agent))
	h.seats.told(h.t, session.Connected)
	return f, r
}

// say is the agent's word.
func (h *house) say(r ring, text string) contact.Message {
	h.t.Helper()
	m, err := h.hall.Say(h.life, r.call.Contact.ID, r.agent, ulid.Make().String(), text)
	h.must(err)
	return m
}

// inTextHouse is inHouse for conversations, which may be left open: they go on
// elsewhere.
func inTextHouse(t *testing.T, test func(*house)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		stop := h.runs()
		test(h)
		stop()
		if n := h.hall.Open(); n != 0 {
			t.Errorf("%d sessions are left open", n)
		}
	})
}

// runs sets the hall going, with the test's orders beside the queue's; stop
// ends it as a node does.
func (h *house) runs() (stop func()) {
	life, cut := context.WithCancel(context.Background())
	ctx, end := context.WithCancel(context.Background())
	h.life, h.orders = life, make(chan routing.Command)
	queue, all, ran := h.queue.Commands(ctx, node), make(chan routing.Command), make(chan struct{})
	go func() {
		defer close(all)
		for open := true; open; {
			var c routing.Command
			select {
			case c, open = <-queue:
			case c = <-h.orders:
			}
			if open {
				all <- c
			}
		}
	}()
	go func() { defer close(ran); h.hall.Run(all) }()
	return func() {
		cut()
		end()
		<-ran
	}
}

// orphan is a conversation whose node dies: it waits there, or is with the agent.
func (h *house) orphan(agent contact.AgentID) (*fakeChat, routing.Token) {
	h.t.Helper()
	f := newChat()
	h.platform.has(f)
	f.thread = []contact.Message{{Seq: 1, From: contact.ByCitizen, Text: "路灯坏了", At: time.Now()}}
	h.must(h.queue.Beat(h.life, "node-0"))
	h.must(h.queue.Enqueue(h.life, routing.Entry{
		Contact: f.id, Class: contact.Text, Buckets: []routing.Bucket{"general"}, Anchor: "node-0", Ring: time.Minute,
	}))
	var token routing.Token
	if agent != "" {
		token = 1
		h.desk(agent, 0, 1)
		h.must(h.queue.Accept(h.life, f.id, token))
		f.add(contact.Message{From: contact.ByAgent, Agent: agent, Text: "您好"})
	}
	for range 8 {
		pass(time.Second)
		h.must(h.queue.Beat(h.life, node))
		h.must(h.queue.Tick(h.life))
	}
	return f, token
}
