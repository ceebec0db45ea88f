package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"hotline/channels"
	"hotline/cluster"
	"hotline/cluster/membus"
	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
	"hotline/routing"
	"hotline/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	idA = contact.ID("01KDN0000000000000000000AA")
	idB = contact.ID("01KDN0000000000000000000BB")
)

// desks are those of one node.
type desks struct {
	mu     sync.Mutex
	offers []session.Call
	news   []session.News
	refuse error
	holds  map[contact.ID]routing.Token
}

func (d *desks) Offer(_ context.Context, _ contact.AgentID, c session.Call) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offers = append(d.offers, c)
	if d.refuse == nil {
		d.holds[c.Contact.ID] = c.Token
	}
	return d.refuse
}

func (d *desks) Tell(_ contact.AgentID, n session.News) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.news = append(d.news, n)
}

func (d *desks) Holds(_ context.Context, _ contact.AgentID, id contact.ID, t routing.Token) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.holds[id] == t
}

func (d *desks) forget(id contact.ID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.holds, id)
}

func (d *desks) heard() []session.News {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.news)
}

// sessions are those of one node.
type sessions struct {
	mu    sync.Mutex
	did   []string
	fails error
	lacks bool // every conversation
	holds map[contact.ID]routing.Token
}

func (s *sessions) note(format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, fmt.Sprintf(format, args...))
	return s.fails
}

func (s *sessions) done() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.did)
}

func (s *sessions) Accept(_ context.Context, id contact.ID, a contact.AgentID, t routing.Token) error {
	return s.note("accept %s %s %d", id, a, t)
}

func (s *sessions) Decline(_ context.Context, id contact.ID, a contact.AgentID, t routing.Token) error {
	return s.note("decline %s %s %d", id, a, t)
}

func (s *sessions) Hold(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("hold %s %s", id, a)
}

func (s *sessions) Resume(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("resume %s %s", id, a)
}

func (s *sessions) Mute(_ context.Context, id contact.ID, a contact.AgentID, on bool) error {
	return s.note("mute %s %s %v", id, a, on)
}

func (s *sessions) Hangup(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("hangup %s %s", id, a)
}

func (s *sessions) SeatLost(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("seat lost %s %s", id, a)
}

func (s *sessions) ExtendWrapUp(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("extend %s %s", id, a)
}

func (s *sessions) FinishWrapUp(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("finish %s %s", id, a)
}

func (s *sessions) Say(_ context.Context, id contact.ID, a contact.AgentID, cmid, text string) (contact.Message, error) {
	return contact.Message{ID: "m1", Text: text}, s.note("say %s %s %s %s", id, a, cmid, text)
}

func (s *sessions) Typing(_ context.Context, id contact.ID, a contact.AgentID, on bool) error {
	return s.note("typing %s %s %v", id, a, on)
}

func (s *sessions) Park(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("park %s %s", id, a)
}

func (s *sessions) Unpark(_ context.Context, id contact.ID, a contact.AgentID) error {
	return s.note("unpark %s %s", id, a)
}

func (s *sessions) Messages(_ context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	if s.lacks {
		return nil, session.ErrNotYours
	}
	return []contact.Message{{ID: "m1", Text: "停水"}}, s.note("messages %s %d %d", id, after, limit)
}

func (s *sessions) Holds(_ context.Context, id contact.ID, _ contact.AgentID, t routing.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holds[id] == t
}

func (s *sessions) forget(id contact.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.holds, id)
}

// place is one node.
type place struct {
	name     routing.NodeID
	bus      *membus.Bus
	desks    *desks
	sessions *sessions
	*Exchange
}

// pairOf are two nodes of one house; a anchors, b has the desk.
func pairOf(t *testing.T) (a, b *place) {
	t.Helper()
	var net membus.Net
	return newPlace(t, &net, "a"), newPlace(t, &net, "b")
}

func newPlace(t *testing.T, net *membus.Net, name routing.NodeID) *place {
	t.Helper()
	bus, err := net.Join(cluster.Node(name))
	if err != nil {
		t.Fatal(err)
	}
	p := &place{
		name: name, bus: bus, desks: &desks{holds: map[contact.ID]routing.Token{}},
		sessions: &sessions{holds: map[contact.ID]routing.Token{}},
	}
	p.Exchange, err = New(Options{
		Bus: bus, Node: name, Desks: p.desks, RefKey: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Serve(p.sessions)
	t.Cleanup(func() { p.leave(t) })
	return p
}

// leave is a node's death, as others see it.
func (p *place) leave(t *testing.T) {
	t.Helper()
	if err := errors.Join(p.Close(context.Background()), p.bus.Close(context.Background())); err != nil {
		t.Error(err)
	}
}

func callFor(seat routing.NodeID, until time.Time) session.Call {
	return session.Call{
		Token: 3, Record: "2026/x.wav", Until: until, Seat: seat, Anchor: "a",
		Contact: contact.Contact{
			ID: idA, Channel: contact.Phone, Line: "citizen", Source: "12315",
			Citizen: contact.NewAddress("+8613812345678"), Accepted: until.Add(-time.Minute).UTC(),
		},
	}
}

// ring offers a's contact to an agent of b.
func ring(t *testing.T, a, b *place) session.Call {
	t.Helper()
	c := callFor(b.name, time.Now().UTC().Round(0).Add(20*time.Second))
	a.sessions.holds[c.Contact.ID] = c.Token
	if err := a.Offer(t.Context(), "1001", c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *place) news(t *testing.T, a *place, kinds ...session.NewsKind) {
	t.Helper()
	for _, k := range kinds {
		a.Tell("1001", session.News{Kind: k, Seat: p.name, Contact: idA, Token: 3})
	}
	synctest.Wait()
}

func kinds(news []session.News) (all []session.NewsKind) {
	for _, n := range news {
		all = append(all, n.Kind)
	}
	return all
}

func TestAnOfferCrossesWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		c := ring(t, a, b)
		if len(a.desks.offers) != 0 || len(b.desks.offers) != 1 {
			t.Fatal("the offer is not where the desk is")
		}
		if got := b.desks.offers[0]; !reflect.DeepEqual(got, c) {
			t.Errorf("the offer came as %+v, %q", got, got.Contact.Citizen.Reveal())
		}
	})
}

func TestNothingCrossesInTheClear(t *testing.T) {
	t.Parallel()
	s, err := newSeal([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	x := &Exchange{seal: s}
	c := callFor("b", time.Now())
	body := x.pack(offerOut("1001", c, time.Now()))
	for _, part := range []string{"13812345678", "5678", "citizen"} {
		if strings.Contains(string(body), part) {
			t.Errorf("%q stands in what crosses", part)
		}
	}
	var w offerWire
	if err := x.unpack(body, &w); err != nil || w.Contact.Citizen != "+8613812345678" {
		t.Errorf("opened: %v, %q", err, w.Contact.Citizen)
	}
	x.seal, _ = newSeal([]byte("another key that is long enough!"))
	var f *cluster.Fault
	if err := x.unpack(body, &w); !errors.As(err, &f) || f.Code != cluster.Refused {
		t.Errorf("another key opens it: %v", err)
	}
}

// TestEveryFieldCrosses fails when a field is added and forgotten here.
func TestEveryFieldCrosses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	thread := &session.Thread{
		Account: "site", Topic: "water", LastSeq: 4, Turn: contact.ByAgent, ReplyDue: now.Add(time.Minute), Overdue: true, Closes: now.Add(time.Hour),
	}
	call := callFor("b", now.Add(20*time.Second))
	call.Serving, call.Callback, call.Thread = true, true, thread
	news := session.News{
		Kind: session.Said, Seat: "b", Contact: idA, Token: 3, Why: session.RingRevoked, Cause: contact.AgentEnded, Until: now.Add(time.Minute),
		Extended: 1, Quality: session.Quality{FromAgent: media.Quality{MOS: 4}}, CMID: "c", On: true, Thread: thread,
		Message: contact.Message{ID: "m", Seq: 4, From: contact.ByCitizen, Agent: "1001", Text: "停水", At: now},
	}
	for _, v := range []any{call, call.Contact, news, *thread, news.Message} {
		for f, is := range reflect.ValueOf(v).Fields() {
			if is.IsZero() {
				t.Errorf("%T.%s is not tried", v, f.Name)
			}
		}
	}
	s, _ := newSeal([]byte("0123456789abcdef0123456789abcdef"))
	x := &Exchange{seal: s}
	var offer offerWire
	var told newsWire
	if err := errors.Join(
		x.unpack(x.pack(offerOut("1001", call, now)), &offer),
		x.unpack(x.pack(newsWire{At: now, Agent: "1001", News: news}), &told),
	); err != nil {
		t.Fatal(err)
	}
	if got := offer.in(now); !reflect.DeepEqual(got, call) {
		t.Errorf("the call came as %+v", got)
	}
	if got := told.in(now); !reflect.DeepEqual(got, news) {
		t.Errorf("the news came as %+v", got)
	}
	late := now.Add(time.Hour) // the receiver's clock is ahead
	if got := offer.in(late); !got.Until.Equal(call.Until.Add(time.Hour)) || !got.Thread.Closes.Equal(thread.Closes.Add(time.Hour)) {
		t.Errorf("by another clock it rings until %s, the conversation closes at %s", got.Until, got.Thread.Closes)
	}
}

func TestAnOfferHereStaysHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _ := pairOf(t)
		a.Rename("a2")
		for _, seat := range []routing.NodeID{"", "a", "a2"} {
			if err := a.Offer(t.Context(), "1001", callFor(seat, time.Now())); err != nil {
				t.Error(err)
			}
			a.Tell("1001", session.News{Kind: session.Connected, Seat: seat, Contact: idA, Token: 3})
		}
		if len(a.desks.offers) != 3 || len(a.desks.heard()) != 3 {
			t.Errorf("%d offers and %d news are here", len(a.desks.offers), len(a.desks.heard()))
		}
	})
}

func TestARefusedOffer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		seat   routing.NodeID
		refuse error
		want   error
	}{
		"no desk":      {"b", session.ErrNoDesk, session.ErrNoDesk},
		"stale":        {"b", routing.ErrStale, routing.ErrStale},
		"no such node": {"c", nil, session.ErrNoDesk},
		"late":         {"b", context.DeadlineExceeded, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := pairOf(t)
				b.desks.refuse = tt.refuse
				if err := a.Offer(t.Context(), "1001", callFor(tt.seat, time.Now())); !errors.Is(err, tt.want) {
					t.Errorf("the error is %v, want %v", err, tt.want)
				}
				if _, kept := b.anchors.find(idA); kept {
					t.Error("a refused offer is remembered")
				}
			})
		})
	}
}

func TestEveryCommandGoesToTheAnchor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		h, ctx := b.Hall(), t.Context()
		for _, err := range []error{
			h.Accept(ctx, idA, "1001", 3), h.Hold(ctx, idA, "1001"), h.Resume(ctx, idA, "1001"),
			h.Mute(ctx, idA, "1001", true), h.Hangup(ctx, idA, "1001"), h.ExtendWrapUp(ctx, idA, "1001"),
			h.FinishWrapUp(ctx, idA, "1001"), h.SeatLost(ctx, idA, "1001"), h.Decline(ctx, idA, "1001", 3),
			h.Typing(ctx, idA, "1001", true), h.Park(ctx, idA, "1001"), h.Unpark(ctx, idA, "1001"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		id := string(idA)
		want := []string{
			"accept " + id + " 1001 3", "hold " + id + " 1001", "resume " + id + " 1001", "mute " + id + " 1001 true",
			"hangup " + id + " 1001", "extend " + id + " 1001", "finish " + id + " 1001", "seat lost " + id + " 1001",
			"decline " + id + " 1001 3", "typing " + id + " 1001 true", "park " + id + " 1001", "unpark " + id + " 1001",
		}
		if got := a.sessions.done(); !slices.Equal(got, want) {
			t.Errorf("the anchor did %v", got)
		}
		if err := h.Hold(ctx, idB, "1001"); err != nil || len(b.sessions.done()) != 1 {
			t.Errorf("a contact of this node: %v, %v", err, b.sessions.done())
		}
	})
}

func TestWordsCross(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		m, err := b.Hall().Say(t.Context(), idA, "1001", "c1", "您好")
		if err != nil || m.Text != "您好" || m.ID != "m1" || a.sessions.done()[0] != "say "+string(idA)+" 1001 c1 您好" {
			t.Errorf("said %+v, %v; the anchor did %v", m, err, a.sessions.done())
		}
		if m, err = b.Hall().Say(t.Context(), idB, "1001", "c2", "本地"); err != nil || m.Text != "本地" || len(b.sessions.done()) != 1 {
			t.Errorf("said here %+v, %v", m, err)
		}
		// A thread is read at the desk's node, and at one that knows nothing of it.
		b.sessions.lacks = true
		for _, id := range []contact.ID{idA, idB} {
			all, err := b.Hall().Messages(t.Context(), id, 7, 50)
			if err != nil || len(all) != 1 || all[0].Text != "停水" {
				t.Errorf("read %v, %v", all, err)
			}
		}
		a.sessions.lacks = true
		if _, err := b.Hall().Messages(t.Context(), idB, 7, 50); !errors.Is(err, session.ErrNotYours) {
			t.Errorf("a thread that nobody has: %v", err)
		}
	})
}

// TestAConversationGoesOnElsewhere: its new anchor takes the desk's commands,
// and the desk is not parted from it.
func TestAConversationGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net membus.Net
		a, b, c := newPlace(t, &net, "a"), newPlace(t, &net, "b"), newPlace(t, &net, "c")
		chat := callFor("b", time.Now().Add(time.Minute))
		chat.Contact.Channel = contact.Web
		a.sessions.holds[idA], c.sessions.holds[idA] = 3, 3
		if err := a.Offer(t.Context(), "1001", chat); err != nil {
			t.Fatal(err)
		}
		b.news(t, a, session.Connected)
		a.leave(t)
		time.Sleep(6 * time.Second) //nolint:forbidigo // the bubble's clock
		chat.Anchor, chat.Serving = "c", true
		if err := c.Offer(t.Context(), "1001", chat); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		if got := kinds(b.desks.heard()); len(got) != 1 {
			t.Errorf("the desk heard %v", got)
		}
		if err := b.Hall().Park(t.Context(), idA, "1001"); err != nil || len(c.sessions.done()) != 1 {
			t.Errorf("parked: %v, the new anchor did %v", err, c.sessions.done())
		}
		chat.Anchor = "b"
		if err := b.Offer(t.Context(), "1001", chat); err != nil {
			t.Fatal(err)
		}
		if err := b.Hall().Unpark(t.Context(), idA, "1001"); err != nil || len(b.sessions.done()) != 1 {
			t.Errorf("taken up at home: %v, %v", err, b.sessions.done())
		}
	})
}

func TestErrorsOfCommandsCross(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		for _, want := range []error{
			routing.ErrStale, session.ErrNotYours, session.ErrState, gateway.ErrGone, routing.ErrFenced, context.DeadlineExceeded,
			channels.ErrClosed, channels.ErrReused,
		} {
			a.sessions.fails = fmt.Errorf("around: %w", want)
			if err := b.Hall().Hold(t.Context(), idA, "1001"); !errors.Is(err, want) {
				t.Errorf("the error is %v, want %v", err, want)
			}
		}
		a.sessions.fails = errors.New("disk")
		var f *cluster.Fault
		if err := b.Hall().Hold(t.Context(), idA, "1001"); !errors.As(err, &f) || f.Code != cluster.Internal {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestNewsCrossInOrderAndWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		sent := []session.News{
			{Kind: session.Connected},
			{Kind: session.Measured, Quality: session.Quality{FromCitizen: media.Quality{Loss: 0.25, Jitter: 3, Delay: 4, MOS: 2.5}}},
			{Kind: session.Ended, Cause: contact.CitizenEnded, Until: time.Now().Add(time.Minute)},
			{Kind: session.WrappingUp, Until: time.Now().Add(2 * time.Minute), Extended: 1},
			{Kind: session.Finished, Why: session.RingRevoked},
		}
		for i := range sent {
			sent[i].Contact, sent[i].Token, sent[i].Seat = idA, 3, "b"
			a.Tell("1001", sent[i])
		}
		synctest.Wait()
		got := b.desks.heard()
		if len(got) != len(sent) {
			t.Fatalf("%d news came, want %d", len(got), len(sent))
		}
		for i := range got {
			if !got[i].Until.Equal(sent[i].Until) {
				t.Errorf("news %d lasts until %s, want %s", i, got[i].Until, sent[i].Until)
			}
			got[i].Until, sent[i].Until = time.Time{}, time.Time{}
			if got[i] != sent[i] {
				t.Errorf("news %d came as %+v, want %+v", i, got[i], sent[i])
			}
		}
		if _, kept := b.anchors.find(idA); kept {
			t.Error("a finished contact is remembered at the desk")
		}
		if _, kept := a.seats.find(idA); kept {
			t.Error("a finished contact is remembered at its anchor")
		}
	})
}

// TestTheAnchorDies: a ring and a wrap-up end at once, a talk is parted first.
func TestTheAnchorDies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before []session.NewsKind
		within time.Duration
		want   []session.NewsKind
	}{
		"in a ring":    {nil, 6 * time.Second, []session.NewsKind{session.RingStopped}},
		"in a wrap-up": {[]session.NewsKind{session.Connected, session.Ended}, 6 * time.Second, []session.NewsKind{session.Finished}},
		"in a talk":    {[]session.NewsKind{session.Connected}, 6 * time.Second, []session.NewsKind{session.Apart}},
		"in a talk that is given up": {
			[]session.NewsKind{session.Connected}, 40 * time.Second, []session.NewsKind{session.Apart, session.Finished},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := pairOf(t)
				ring(t, a, b)
				b.news(t, a, tt.before...)
				a.leave(t)
				time.Sleep(tt.within) //nolint:forbidigo // the bubble's clock
				synctest.Wait()
				if got := kinds(b.desks.heard())[len(tt.before):]; !slices.Equal(got, tt.want) {
					t.Errorf("the desk heard %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestCommandsAtADeadAnchor: what ends the contact ends it at the desk.
func TestCommandsAtADeadAnchor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		b.news(t, a, session.Connected)
		if err := a.bus.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := b.Hall().Hold(t.Context(), idA, "1001"); !errors.Is(err, session.ErrState) {
			t.Errorf("hold: %v", err)
		}
		if err := b.Hall().Hangup(t.Context(), idA, "1001"); err != nil {
			t.Errorf("hang-up: %v", err)
		}
		if got := kinds(b.desks.heard()); !slices.Equal(got, []session.NewsKind{session.Connected, session.Finished}) {
			t.Errorf("the desk heard %v", got)
		}
	})
}

// TestBothForget: each side finds out what the other has forgotten.
func TestBothForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		b.news(t, a, session.Connected)
		time.Sleep(10 * time.Second) //nolint:forbidigo // the bubble's clock
		if got := kinds(b.desks.heard()); len(got) != 1 || len(a.sessions.done()) != 0 {
			t.Fatalf("while all was well the desk heard %v, the session %v", got, a.sessions.done())
		}
		b.desks.forget(idA)
		time.Sleep(4 * time.Second) //nolint:forbidigo // the bubble's clock
		if got := a.sessions.done(); len(got) == 0 || got[0] != "seat lost "+string(idA)+" 1001" {
			t.Errorf("the session heard %v", got)
		}
		a.sessions.forget(idA)
		time.Sleep(4 * time.Second) //nolint:forbidigo // the bubble's clock
		if got := kinds(b.desks.heard()); !slices.Equal(got, []session.NewsKind{session.Connected, session.Finished}) {
			t.Errorf("the desk heard %v", got)
		}
		if _, kept := a.seats.find(idA); kept {
			t.Error("the anchor remembers what its session has forgotten")
		}
	})
}

// TestTheDeskDies: the session hears that the seat is lost.
func TestTheDeskDies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		if err := b.bus.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second) //nolint:forbidigo // the bubble's clock
		if got := a.sessions.done(); len(got) == 0 || got[0] != "seat lost "+string(idA)+" 1001" {
			t.Errorf("the session heard %v", got)
		}
	})
}

// TestARenamedAnchor: its contacts stay within reach.
func TestARenamedAnchor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pairOf(t)
		ring(t, a, b)
		if err := a.bus.Rename(t.Context(), "a2"); err != nil {
			t.Fatal(err)
		}
		a.Rename("a2")
		if err := b.Hall().Accept(t.Context(), idA, "1001", 3); err != nil {
			t.Error(err)
		}
		b.news(t, a, session.Connected)
		if e, _ := b.anchors.find(idA); e.node != "a2" {
			t.Errorf("the desk knows the anchor as %s", e.node)
		}
	})
}
