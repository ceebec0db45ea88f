package web_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/contact"
)

func TestAConversationIsReceivedOnce(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	b, other := v.open(), v.open()
	b.send(map[string]any{"type": "send", "cmid": newID(), "text": "没有暖气", "topic": "heating"})
	b.next("ack")
	other.send(say("还是没有"))
	other.next("ack")
	c := h.conversation()
	want := channels.Arrival{Channel: contact.Web, Account: "portal", Citizen: contact.NewAddress(v.id), Topic: "heating"}
	if got := c.Arrival(); got != want {
		t.Errorf("arrival %+v, want %+v", got, want)
	}
	for i, text := range []string{"没有暖气", "还是没有"} {
		if m := said(t, c); m.Text != text || m.Seq != int64(i+1) || m.From != contact.ByCitizen || m.ID == "" || m.At.IsZero() {
			t.Errorf("heard %+v, want %s", m, text)
		}
	}
	if len(h.received) != 0 {
		t.Error("it was received twice")
	}
}

func TestATopicOfNoListIsRefused(t *testing.T) {
	t.Parallel()
	b := newWorld(t).node("n1").visitor().open()
	b.send(map[string]any{"type": "send", "cmid": newID(), "text": "x", "topic": "gossip"})
	if n := b.next("nack"); n["code"] != "bad_topic" {
		t.Errorf("nack %v", n)
	}
}

// What a citizen sees of each order, and when it is refused: phases × orders.
func TestPhases(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	ctx := t.Context()
	orders := map[string]func(channels.Conversation) error{
		"hold":    func(c channels.Conversation) error { return c.Hold(ctx) },
		"connect": func(c channels.Conversation) error { return c.Connect(ctx, "1001") },
		"show": func(c channels.Conversation) error {
			return c.Show(ctx, channels.Place{Place: 3, Known: true, Low: 2, High: 5})
		},
		"say": func(c channels.Conversation) error {
			_, err := c.Say(ctx, channels.Outgoing{CMID: newID(), Text: "您好"})
			return err
		},
		"close": func(c channels.Conversation) error { return c.Close(ctx, contact.AgentEnded) },
	}
	begin := map[string][]string{"waiting": nil, "serving": {"connect"}, "closed": {"close"}}
	for phase, after := range map[string]map[string]string{
		"waiting": {"hold": "waiting", "connect": "serving", "show": "waiting", "say": "waiting", "close": "closed"},
		"serving": {"hold": "waiting", "connect": "serving", "show": "serving", "say": "serving", "close": "closed"},
		"closed":  {"hold": "error", "connect": "error", "show": "error", "say": "error", "close": "closed"},
	} {
		for order, want := range after {
			t.Run(phase+" "+order, func(t *testing.T) {
				v := h.visitor()
				b := v.open()
				b.send(say("好"))
				c := h.conversation()
				for _, first := range begin[phase] {
					must(t, orders[first](c))
				}
				err := orders[order](c)
				if want == "error" {
					if !errors.Is(err, channels.ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					want = "closed"
				} else if err != nil {
					t.Error(err)
				}
				if _, got, _ := h.call("GET", "/chat/v1/conversations/current", v.token, nil, ""); got["state"] != want {
					t.Errorf("the page sees %v, want %s", got, want)
				}
			})
		}
	}
}

func TestShowAndHoldAreSeen(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v := h.visitor()
	b := v.open()
	b.send(say("好"))
	c := h.conversation()
	must(t, c.Hold(t.Context()))
	if s := b.next("signal"); s["signal"] != "queued" {
		t.Errorf("signal %v", s)
	}
	must(t, c.Show(t.Context(), channels.Place{Place: 3, Known: true, Low: 2, High: 5}))
	if s := b.next("signal"); s["signal"] != "queue" || num(s, "place") != 3 || num(s, "low") != 2 || num(s, "high") != 5 {
		t.Errorf("signal %v", s)
	}
	if w := v.open().next("welcome"); num(w["queue"].(map[string]any), "place") != 3 {
		t.Errorf("after a reload: %v", w)
	}
	must(t, c.Show(t.Context(), channels.Place{Place: 0}))
	if s := b.next("signal"); s["place"] == nil || s["low"] != nil || s["high"] != nil {
		t.Errorf("nothing honest can be said, and yet: %v", s)
	}
	must(t, c.Connect(t.Context(), "1001"))
	for e := b.next("event"); e["kind"] != "joined"; e = b.next("event") {
		if e["kind"] != "message" {
			t.Errorf("event %v", e)
		}
	}
	if w := v.open().next("welcome"); w["queue"] != nil || w["agent"] != "1001" {
		t.Errorf("served, and yet: %v", w)
	}
}

func TestSayIsIdempotent(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	h.visitor().open().send(say("好"))
	c := h.conversation()
	o := channels.Outgoing{CMID: newID(), Agent: "1001", Text: "您好"}
	first, err := c.Say(t.Context(), o)
	must(t, err)
	again, err := c.Say(t.Context(), o)
	if err != nil || again != first {
		t.Errorf("again %+v, %v; first %+v", again, err, first)
	}
	other := o
	other.Text = "别的"
	if _, err := c.Say(t.Context(), other); !errors.Is(err, channels.ErrReused) {
		t.Errorf("got %v, want ErrReused", err)
	}
	must(t, c.Close(t.Context(), contact.AgentEnded))
	if again, err = c.Say(t.Context(), o); err != nil || again != first {
		t.Errorf("after the end: %+v, %v", again, err)
	}
	o.CMID = newID()
	if _, err := c.Say(t.Context(), o); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	for _, bad := range []channels.Outgoing{{CMID: "x", Text: "x"}, {CMID: newID(), Text: " "}} {
		if _, err := c.Say(t.Context(), bad); err == nil {
			t.Errorf("%+v was said", bad)
		}
	}
}

func TestMessagesCountsMessagesAlone(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	h.visitor().open().send(say("0"))
	c := h.conversation()
	ctx := t.Context()
	for i := range 120 { // so many other events that a page of the log holds few messages
		must(t, c.Connect(ctx, contact.AgentID(fmt.Sprint(1000+i))))
	}
	for i := range 150 {
		_, err := c.Say(ctx, channels.Outgoing{CMID: newID(), Text: fmt.Sprint(i + 1)})
		must(t, err)
	}
	for _, x := range []struct{ after, limit, first, count int }{
		{0, 100, 1, 100},
		{0, 3, 1, 3},
		{1, 2, 2, 2},
		{100, 100, 101, 51},
		{151, 10, 0, 0},
		{-1, 0, 1, 1},
		{0, 1000, 1, 100},
	} {
		got, err := c.Messages(ctx, int64(x.after), x.limit)
		if err != nil || len(got) != x.count || x.count > 0 && got[0].Seq != int64(x.first) {
			t.Fatalf("after %d, limit %d: %d messages, %v", x.after, x.limit, len(got), err)
		}
		for i, m := range got {
			if m.Seq != int64(x.first+i) || m.Text != fmt.Sprint(x.first+i-1) {
				t.Errorf("message %d is %+v", i, m)
			}
		}
	}
}

func TestTheCitizenCloses(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	v, stranger := h.visitor(), h.visitor()
	b := v.open()
	b.send(say("好"))
	c := h.conversation()
	said(t, c)
	path := "/chat/v1/conversations/" + string(c.ID())
	for _, x := range [][2]string{{"POST", path + "/close"}, {"GET", path + "/messages"}} {
		if status, got, _ := h.call(x[0], x[1], stranger.token, nil, site); status != 404 || got["code"] != "unknown_conversation" {
			t.Errorf("%v by a stranger: %d %v", x, status, got)
		}
	}
	for range 2 { // the second changes nothing
		if status, got, _ := h.call("POST", path+"/close", v.token, nil, site); status != 204 {
			t.Errorf("close: %d %v", status, got)
		}
	}
	if e := nextEvent(t, c); e.Kind != contact.Gone || e.Cause != contact.CitizenEnded {
		t.Errorf("got %+v", e)
	}
	if _, ok := <-c.Events(); ok {
		t.Error("events after Gone")
	}
	must(t, c.Close(t.Context(), contact.AgentEnded))
	if got, err := h.store.Read(t.Context(), c.ID(), 0, 9); err != nil || len(got) != 2 || got[1].Cause != contact.CitizenEnded {
		t.Errorf("the first cause stays, and yet: %+v, %v", got, err)
	}
}

func TestCloseEndsTheEvents(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	h.visitor().open().send(say("好"))
	c := h.conversation() // what was said is not taken
	must(t, c.Close(t.Context(), contact.AbandonedQueue))
	var last contact.Event
	for e := range c.Events() {
		last = e
	}
	if last.Kind != contact.Gone || last.Cause != contact.AbandonedQueue {
		t.Errorf("last event %+v", last)
	}
	until(t, "it is let go", func() bool { return h.web.Held() == 0 })
}

func TestAdoptionBeginsWithWhatWasNotSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.node("n1"), w.node("n2")
	v := one.visitor()
	b := v.open()
	b.send(say("一"))
	c := one.conversation()
	if m := said(t, c); m.Text != "一" {
		t.Errorf("heard %+v", m)
	}
	until(t, "it is kept as seen", func() bool {
		s, err := one.store.Current(t.Context(), one.web.Ref(v.id))
		return err == nil && s.Seen == 1
	})
	_, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Agent: "1001", Text: "您好"})
	must(t, err)
	b.next("ack")
	for _, text := range []string{"二", "三"} {
		b.send(say(text))
		b.next("ack")
	}
	one.stop()
	there, err := two.web.Adopt(t.Context(), c.ID())
	must(t, err)
	for _, text := range []string{"二", "三"} {
		if m := said(t, there); m.Text != text {
			t.Errorf("heard %+v, want %s", m, text)
		}
	}
	if there.Arrival() != c.Arrival() || there.ID() != c.ID() {
		t.Errorf("arrival %+v", there.Arrival())
	}
	if got, err := one.web.Messages(t.Context(), there.ID(), 2, 1); err != nil || len(got) != 1 || got[0].Seq != 3 {
		t.Errorf("read at the other node: %+v, %v", got, err)
	}
	if got, err := there.Messages(t.Context(), 0, 100); err != nil || len(got) != 4 {
		t.Errorf("messages %v, %v", got, err)
	}
	if _, err := two.web.Adopt(t.Context(), c.ID()); !errors.Is(err, web.ErrHere) {
		t.Errorf("again: %v", err)
	}
	must(t, there.Close(t.Context(), contact.AgentEnded))
	if e := nextEvent(t, there); e.Kind != contact.Gone || e.Cause != contact.AgentEnded {
		t.Errorf("got %+v", e)
	}
	until(t, "it is let go", func() bool { return two.web.Held() == 0 })
	if _, err := two.web.Adopt(t.Context(), c.ID()); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("a closed one: %v", err)
	}
	if _, err := two.web.Adopt(t.Context(), contact.ID(newID())); !errors.Is(err, web.ErrUnknown) {
		t.Errorf("none: %v", err)
	}
}

// A node that was taken for dead acts no more, and says so.
func TestWhoLostAConversationActsNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.node("n1"), w.node("n2")
	b := one.visitor().open()
	b.send(say("一"))
	c := one.conversation()
	said(t, c)
	_, err := two.web.Adopt(t.Context(), c.ID())
	must(t, err)
	if _, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Text: "迟到"}); !errors.Is(err, web.ErrMoved) {
		t.Errorf("say: %v", err)
	}
	for name, err := range map[string]error{
		"hold": c.Hold(t.Context()), "connect": c.Connect(t.Context(), "1001"), "close": c.Close(t.Context(), contact.AgentEnded),
	} {
		if !errors.Is(err, web.ErrMoved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e := nextEvent(t, c); e.Kind != contact.Gone || e.Cause != contact.NodeLost {
		t.Errorf("got %+v", e)
	}
	if s, err := two.store.Find(t.Context(), two.web.Ref(c.Arrival().Citizen.Reveal()), c.ID()); err != nil || s.Phase != web.Waiting || s.Node != "n2" {
		t.Errorf("state %+v, %v", s, err)
	}
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.node("n1"), w.node("n2")
	one.visitor().open().send(say("一"))
	two.visitor().open().send(say("二"))
	ours, theirs := one.conversation(), two.conversation()
	all := func(string) bool { return true }
	orphans := func(h *house, alive func(string) bool) []web.Opened {
		t.Helper()
		got, err := h.web.Orphans(t.Context(), alive)
		must(t, err)
		return got
	}
	for _, h := range []*house{one, two} {
		if got := orphans(h, all); len(got) != 0 {
			t.Errorf("all are alive, and yet: %v", got)
		}
	}
	one.stop() // between the script and its session, or after: the log knows no difference
	if got := orphans(two, func(n string) bool { return n == "n2" }); !slices.Equal(got, []web.Opened{{ID: ours.ID(), Node: "n1"}}) {
		t.Errorf("orphans %v, want %v", got, ours.ID())
	}
	adopted, err := two.web.Adopt(t.Context(), ours.ID())
	must(t, err)
	if m := said(t, adopted); m.Text != "一" {
		t.Errorf("heard %+v", m)
	}
	if got := orphans(two, all); len(got) != 0 {
		t.Errorf("adopted, and yet: %v", got)
	}
	three := w.node("n2") // the same name, as after a restart: it has nothing
	if got := orphans(three, all); len(got) != 2 || !slices.Contains(got, web.Opened{ID: theirs.ID(), Node: "n2"}) {
		t.Errorf("orphans %v", got)
	}
}

// The store kept the message and its answer was lost: the conversation is open,
// and nobody has it.
func TestALostAnswerLeavesAnOrphanOfOurOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost := &losing{}
	h := w.node("n1", func(o *web.Options) { lost.Store = o.Store; o.Store = lost })
	b := h.visitor().open()
	m := say("收到吗")
	b.send(m)
	b.next("nack")
	b.send(m)
	ack := b.next("ack")
	if len(h.received) != 0 {
		t.Error("received")
	}
	got, err := h.web.Orphans(t.Context(), func(string) bool { return true })
	if err != nil || len(got) != 1 || string(got[0].ID) != ack["conversation"] {
		t.Fatalf("orphans %v, %v", got, err)
	}
	c, err := h.web.Adopt(t.Context(), got[0].ID)
	must(t, err)
	if m := said(t, c); m.Text != "收到吗" {
		t.Errorf("heard %+v", m)
	}
}

type losing struct {
	web.Store
	once bool
}

func (l *losing) Append(ctx context.Context, p web.Post) (web.Posted, error) {
	got, err := l.Store.Append(ctx, p)
	if !l.once {
		l.once = true
		return web.Posted{}, context.DeadlineExceeded
	}
	return got, err
}

// A node dies between keeping the first message and its session: the others
// wait for the queue, then one of them receives it.
func TestTendReceivesOrphansOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead := w.node("dead")
	others := []*house{w.node("n1"), w.node("n2")}
	dead.visitor().open().send(say("有人吗"))
	lost := dead.conversation()
	dead.stop()
	living := func(context.Context) ([]string, error) { return []string{"n1", "n2"}, nil }
	ctx, stop := context.WithCancel(t.Context())
	var tending sync.WaitGroup
	defer tending.Wait()
	defer stop()
	looks := make(chan struct{}, 100)
	for _, h := range others {
		h.web.SetSeek(5 * time.Millisecond)
		tending.Go(func() {
			h.web.Tend(ctx, func(ctx context.Context) ([]string, error) {
				select {
				case looks <- struct{}{}:
				default:
				}
				return living(ctx)
			})
		})
	}
	for range 10 {
		<-looks
	}
	for _, h := range others {
		if len(h.received) != 0 {
			t.Error("the queue has had no time to order the adoption")
		}
		h.now.Add(21_000)
	}
	var got channels.Conversation
	select {
	case got = <-others[0].received:
	case got = <-others[1].received:
	case <-time.After(patience):
		t.Fatal("nobody received it")
	}
	if m := said(t, got); got.ID() != lost.ID() || m.Text != "有人吗" {
		t.Errorf("received %s: %+v", got.ID(), m)
	}
	for len(looks) > 0 {
		<-looks
	}
	for range 20 {
		<-looks
	}
	if n := len(others[0].received) + len(others[1].received); n != 0 {
		t.Errorf("it was received %d times more", n)
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.node("n1"), w.node("n2")
	one.visitor().open().send(say("一"))
	one.visitor().open().send(say("二"))
	kept, taken := one.conversation(), one.conversation()
	said(t, taken)
	_, err := two.web.Adopt(t.Context(), taken.ID())
	must(t, err)
	must(t, one.web.Rename(t.Context(), "n1-b"))
	open, err := one.store.Open(t.Context(), "", 10)
	must(t, err)
	for _, o := range open {
		if want := map[contact.ID]string{kept.ID(): "n1-b", taken.ID(): "n2"}[o.ID]; o.Node != want {
			t.Errorf("%s is at %s, want %s", o.ID, o.Node, want)
		}
	}
	if e := nextEvent(t, taken); e.Kind != contact.Gone || e.Cause != contact.NodeLost {
		t.Errorf("got %+v", e)
	}
}
