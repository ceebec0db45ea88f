package desk_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/people"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// world is a desk with everything around it.
type world struct {
	lines    *routing.Book
	t        *testing.T
	desk     *desk.Desk
	server   *httptest.Server
	hall     *hall
	queue    *queue
	phones   *phones
	staff    *staff
	looks    *looks
	archive  *archive
	tapes    *shelf
	office   *office
	ledger   *ledger
	promises *promises
	metrics  *prometheus.Registry
}

func newWorld(t *testing.T, change ...func(*desk.Config)) *world {
	t.Helper()
	return newWorldWith(t, nil, change...)
}

// newWorldBy has another policy for rings that came to nothing.
func newWorldBy(t *testing.T, r routing.Refusals) *world {
	t.Helper()
	return newWorldOf(t, nil, r)
}

// newWorldWith has other phones than those that only pretend.
func newWorldWith(t *testing.T, audio desk.Phones, change ...func(*desk.Config)) *world {
	t.Helper()
	return newWorldOf(t, audio, routing.Refusals{CoolDown: 5 * time.Second, Missed: 2}, change...)
}

func newWorldOf(t *testing.T, audio desk.Phones, refusals routing.Refusals, change ...func(*desk.Config)) *world {
	t.Helper()
	w := &world{
		t: t, hall: &hall{token: make(map[contact.ID]routing.Token)},
		queue: &queue{
			told: make(map[contact.AgentID][]routing.Status), agents: make(map[contact.AgentID]routing.Agent),
			news: make(chan routing.Status, 1024),
		},
		phones: &phones{all: make(map[contact.AgentID]*phone)},
		staff:  &staff{tokens: make(map[string]people.Account)}, looks: &looks{},
		archive: &archive{events: make(map[contact.ID][]records.Event)}, tapes: &shelf{}, office: newOffice(), ledger: &ledger{},
		promises: &promises{},
		metrics:  prometheus.NewRegistry(),
	}
	config := desk.Defaults()
	for _, c := range change {
		c(&config)
	}
	if audio == nil {
		audio = w.phones
	}
	lines, err := routing.NewBook(routing.Config{Lines: []routing.Line{citizensLine()}, Policy: routing.Policy{Refusals: refusals}})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, _ := audio.(desk.Far)
	w.desk, err = desk.New(desk.Options{
		Config: config, Node: "n1", Log: slog.New(slog.DiscardHandler), Registerer: w.metrics,
		Queue: w.queue, Phones: audio, Far: elsewhere, Tickets: w.office, Records: w.archive, Figures: w.ledger, Recordings: w.tapes, People: w.staff,
		Audit: w.looks, Lines: lines, RefKey: refKey(), Callbacks: w.promises,
		UI: page(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.hall.desk, w.lines = w.desk, lines
	w.desk.SetHall(w.hall)
	w.server = httptest.NewServer(w.desk.Handler())
	t.Cleanup(w.close)
	return w
}

func citizensLine() routing.Line {
	l := routing.DefaultLine()
	l.Name, l.Title, l.Skill = "citizen", routing.Title{ZH: "市民热线", EN: "Citizens' line"}, "general"
	l.Numbers = []routing.Number{{Dial: "12345"}}
	return l
}

func (w *world) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.desk.Close(ctx); err != nil {
		w.t.Error(err)
	}
	w.server.Close()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) signIn(account string) *headless.REST {
	w.t.Helper()
	r, err := headless.SignIn(w.ctx(), w.server.URL, account, "secret")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(r.CloseIdle)
	return r
}

// station is one desk: a sign-in and a socket.
type station struct {
	*world
	rest   *headless.REST
	client *headless.Client
	tab    string
	seq    uint64
}

func (w *world) open(r *headless.REST, h headless.Hello) *station {
	w.t.Helper()
	h.Tab = cmp.Or(h.Tab, ulid.Make().String())
	c, err := headless.Open(w.ctx(), w.server.URL, r.Token(), h)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return &station{world: w, rest: r, client: c, tab: h.Tab, seq: c.Welcome().Seq}
}

func (w *world) sit(account string) *station {
	w.t.Helper()
	return w.open(w.signIn(account), headless.Hello{})
}

// await returns the next frame that fits; events must come numbered without a gap.
func (s *station) await(what string, fits func(headless.Frame) bool) headless.Frame {
	s.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case f, open := <-s.client.Frames():
			if !open {
				s.t.Fatalf("socket ended before %s: %v", what, s.client.Err())
			}
			s.counts(f)
			if fits(f) {
				return f
			}
		case <-limit:
			s.t.Fatalf("no %s within %s", what, patience)
		}
	}
}

func (s *station) counts(f headless.Frame) {
	s.t.Helper()
	if f.Seq == 0 {
		return
	}
	if f.Seq != s.seq+1 {
		s.t.Errorf("event %d (%s) follows event %d", f.Seq, f.Type, s.seq)
	}
	s.seq = f.Seq
}

func (s *station) awaitType(kind string) headless.Frame {
	s.t.Helper()
	return s.await(kind, func(f headless.Frame) bool { return f.Type == kind })
}

func (s *station) awaitState(state, reason string) headless.AgentState {
	s.t.Helper()
	var a headless.AgentState
	s.await("agent "+state+" "+reason, func(f headless.Frame) bool {
		a = headless.AgentState{}
		return f.Type == "agent.changed" && json.Unmarshal(f.Data, &a) == nil && a.State == state && a.Reason == reason
	})
	return a
}

func (s *station) awaitPending(state string) {
	s.t.Helper()
	s.await("pending "+state, func(f headless.Frame) bool {
		var a headless.AgentState
		return f.Type == "agent.changed" && json.Unmarshal(f.Data, &a) == nil && a.Pending != nil && a.Pending.State == state
	})
}

func (s *station) awaitCall(state string) headless.CallState {
	s.t.Helper()
	var c headless.CallState
	s.await("call "+state, func(f headless.Frame) bool {
		c = headless.CallState{}
		return f.Type == "call.changed" && json.Unmarshal(f.Data, &c) == nil && c.State == state
	})
	return c
}

func (s *station) do(kind string, data any) {
	s.t.Helper()
	if err := s.client.Do(s.ctx(), kind, data); err != nil {
		s.t.Fatalf("%s: %v", kind, err)
	}
}

// refused wants a command refused with that code.
func (s *station) refused(code, kind string, data any) {
	s.t.Helper()
	_ = s.refusal(code, kind, data)
}

// refusal is refused, and returns what the desk said.
func (s *station) refusal(code, kind string, data any) *headless.Error {
	s.t.Helper()
	var refusal *headless.Error
	err := s.client.Do(s.ctx(), kind, data)
	if !errors.As(err, &refusal) || refusal.Code != code {
		s.t.Fatalf("%s: got %v, want %s", kind, err, code)
	}
	return refusal
}

type object = map[string]any

func offerSDP(fingerprint string) string {
	return "v=0\r\na=fingerprint:sha-256 " + fingerprint + "\r\n"
}

// prove connects the audio and proves it.
func (s *station) prove(gen int, fingerprint string) {
	s.t.Helper()
	s.do("leg.offer", object{"node": "n1", "gen": gen, "sdp": offerSDP(fingerprint)})
	s.await("connection", func(f headless.Frame) bool {
		var d struct{ State string }
		return f.Type == "leg.changed" && json.Unmarshal(f.Data, &d) == nil && d.State == "connected"
	})
	s.do("leg.prove", object{})
	s.do("leg.heard", object{"gen": gen, "level": 0.3, "hz": 1001.5})
}

// ready signs an agent in and makes them ready.
func (w *world) ready(account string) *station {
	w.t.Helper()
	s := w.sit(account)
	s.prove(1, "AA")
	s.do("agent.state", object{"state": "ready"})
	s.awaitState("ready", "")
	return s
}

func newCall(token routing.Token) session.Call {
	return session.Call{
		Contact: contact.Contact{
			ID: contact.ID(ulid.Make().String()), Channel: contact.Phone, Line: "citizen", Source: "12345",
			Citizen: contact.NewAddress("+8613812345678"), Accepted: time.Now().Add(-5 * time.Second),
		},
		Token: token, Until: time.Now().Add(15 * time.Second),
	}
}

// offer rings an agent; the channel brings what Offer returned.
func (w *world) offer(agent contact.AgentID, c session.Call) <-chan error {
	w.hall.mu.Lock()
	w.hall.token[c.Contact.ID] = c.Token
	w.hall.mu.Unlock()
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	go func() {
		defer cancel()
		done <- w.desk.Offer(ctx, agent, c)
	}()
	return done
}

// talk brings a call to the agent and has it answered.
func (s *station) talk(agent contact.AgentID) session.Call {
	s.t.Helper()
	c := newCall(1)
	offered := s.offer(agent, c)
	s.awaitType("call.offered")
	s.do("offer.shown", object{"contact": c.Contact.ID, "token": c.Token})
	if err := <-offered; err != nil {
		s.t.Fatalf("offer: %v", err)
	}
	s.do("call.accept", object{"contact": c.Contact.ID, "token": c.Token})
	s.awaitCall("talking")
	return c
}

// awaitQueue waits until the queue knows the status of the agent.
func (w *world) awaitQueue(agent contact.AgentID, want routing.Status) {
	w.t.Helper()
	limit := time.After(patience)
	for w.queue.last(agent) != want {
		select {
		case <-w.queue.news:
		case <-limit:
			w.t.Fatalf("the queue has %s as %q, want %q", agent, w.queue.last(agent), want)
		}
	}
}

// closeCode drains the socket and returns the code it was closed with.
func (s *station) closeCode() int {
	s.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case _, open := <-s.client.Frames():
			if open {
				continue
			}
			if closed, ok := errors.AsType[*websocket.CloseError](s.client.Err()); ok {
				return closed.Code
			}
			return 0
		case <-limit:
			s.t.Fatal("the socket stays open")
		}
	}
}

// metric reads a counter or gauge; label is a value of its first label.
func (w *world) metric(name, label string) float64 {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// awaitDid waits until the session was told something.
func (w *world) awaitDid(what string) {
	w.t.Helper()
	limit, look := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer look.Stop()
	for w.hall.count(what) == 0 {
		select {
		case <-look.C:
		case <-limit:
			w.t.Fatalf("the session was not told %q", what)
		}
	}
}

// awaitMetric waits until a counter has come to n.
func (w *world) awaitMetric(name, label string, n float64) {
	w.t.Helper()
	limit, look := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer look.Stop()
	for w.metric(name, label) < n {
		select {
		case <-look.C:
		case <-limit:
			w.t.Fatalf("%s{%s} is %v, want %v", name, label, w.metric(name, label), n)
		}
	}
}
