package web_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/contact"
)

// Rule 1: a message is kept once; the same again has the same answer.
func TestRule1AMessageIsKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	b.next("welcome")
	first := say("路灯坏了")
	b.send(first)
	ack := b.next("ack")
	if ack["cmid"] != first["cmid"] || num(ack, "seq") != 1 || str(ack, "id") == "" || str(ack, "conversation") == "" {
		t.Fatalf("ack %v", ack)
	}
	b.send(first)
	if again := b.next("ack"); again["id"] != ack["id"] || again["seq"] != ack["seq"] || again["at"] != ack["at"] {
		t.Errorf("repeat: %v, first %v", again, ack)
	}
	other := map[string]any{"type": "send", "cmid": first["cmid"], "text": "别的"}
	b.send(other)
	if n := b.next("nack"); n["code"] != "cmid_reused" || n["cmid"] != first["cmid"] || n["retry_ms"] != nil {
		t.Errorf("nack %v", n)
	}
	status, got, _ := h.call("POST", "/chat/v1/conversations/current/messages", v.token, first, site)
	if status != http.StatusCreated || got["id"] != ack["id"] {
		t.Errorf("over HTTP: %d %v", status, got)
	}
	if status, got, _ := h.call("POST", "/chat/v1/conversations/current/messages", v.token, other, site); status != http.StatusConflict || got["code"] != "cmid_reused" {
		t.Errorf("over HTTP: %d %v", status, got)
	}
	if got, err := h.store.Read(t.Context(), contact.ID(str(ack, "conversation")), 0, 100); err != nil || len(got) != 1 {
		t.Errorf("the log holds %v, %v; want one message", got, err)
	}
	key := "{" + hall + "}:web:k:" + h.web.Ref(v.id) + ":" + first["cmid"].(string)
	if left := w.client.PTTL(t.Context(), key).Val(); left < 7*24*time.Hour-time.Minute || left > 7*24*time.Hour {
		t.Errorf("remembered for %v, want 7 days", left)
	}
}

// Rule 1 after the conversation's end: a repeat of what was said in it opens
// no new one.
func TestRule1ARepeatAfterTheEndOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	m := say("你好")
	b.send(m)
	first := b.next("ack")
	if err := h.conversation().Close(t.Context(), contact.AgentEnded); err != nil {
		t.Fatal(err)
	}
	b.send(m)
	if again := b.next("ack"); again["conversation"] != first["conversation"] || again["id"] != first["id"] {
		t.Errorf("got %v, want %v", again, first)
	}
	b.send(say("还有一件事"))
	if next := b.next("ack"); next["conversation"] == first["conversation"] || num(next, "seq") != 1 {
		t.Errorf("got %v: closed is final", next)
	}
	h.conversation()
}

// Rule 2: seq is dense, over messages and all else.
func TestRule2SeqIsDense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	b.send(say("一"))
	c := h.conversation()
	must(t, c.Connect(t.Context(), "1001"))
	must(t, c.Connect(t.Context(), "1001")) // again, as after an error: shown once
	m, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Agent: "1001", Text: "您好"})
	if err != nil || m.Seq != 2 || m.From != contact.ByAgent {
		t.Errorf("said %+v, %v", m, err)
	}
	must(t, c.Close(t.Context(), contact.AgentEnded))
	kinds := []string{"message", "joined", "message", "closed"}
	for i, kind := range kinds {
		e := b.next("event")
		if num(e, "seq") != int64(i+1) || e["kind"] != kind || e["conversation"] != string(c.ID()) {
			t.Errorf("event %d: %v", i+1, e)
		}
	}
	status, got, _ := h.call("GET", "/chat/v1/conversations/"+string(c.ID())+"/messages?after=1&limit=2", v.token, nil, "")
	events, _ := got["events"].([]any)
	if status != http.StatusOK || len(events) != 2 || num(events[0].(map[string]any), "seq") != 2 || num(got, "head_seq") != 4 {
		t.Errorf("after 1: %d %v", status, got)
	}
}

// Rule 3: the socket begins to watch before it reads, and what no news tells
// of is found by the clock.
func TestRule3LostNewsCostsTwoSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deaf := func(o *web.Options) { o.Store = mute{o.Store} }
	h := w.node("n1", deaf)
	v := h.visitor()
	one, two := v.open(), v.open()
	one.next("welcome")
	two.next("welcome")
	one.send(say("没人通知"))
	begun := time.Now()
	if e := two.next("event"); e["text"] != "没人通知" || time.Since(begun) > 2*time.Second+patience/4 {
		t.Errorf("%v after %v", e, time.Since(begun))
	}
	if m := said(t, h.conversation()); m.Text != "没人通知" {
		t.Errorf("the session heard %+v", m)
	}
}

// mute is a store whose news are all lost.
type mute struct{ web.Store }

func (mute) Subscribe(ctx context.Context) (<-chan web.Poke, error) {
	none := make(chan web.Poke)
	context.AfterFunc(ctx, func() { close(none) })
	return none, nil
}

// Rule 4: after one message was put off, those behind it are too, until it has
// come again.
func TestRule4TheOrderIsTheCitizens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := &failing{}
	h := w.node("n1", func(o *web.Options) { broken.Store = o.Store; o.Store = broken })
	v := h.visitor()
	b := v.open()
	b.next("welcome")
	broken.fail(1)
	one, two := say("一"), say("二")
	b.send(one)
	b.send(two)
	for _, m := range []map[string]any{one, two} {
		if n := b.next("nack"); n["code"] != "try_again" || n["cmid"] != m["cmid"] || num(n, "retry_ms") <= 0 {
			t.Errorf("nack %v", n)
		}
	}
	b.send(one)
	b.send(two)
	for i, m := range []map[string]any{one, two} {
		if a := b.next("ack"); a["cmid"] != m["cmid"] || num(a, "seq") != int64(i+1) {
			t.Errorf("ack %v", a)
		}
	}
}

// failing is a store that does not keep the next n messages.
type failing struct {
	web.Store
	mu   sync.Mutex
	left int
}

func (f *failing) fail(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = n
}

func (f *failing) Append(ctx context.Context, p web.Post) (web.Posted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left > 0 {
		f.left--
		return web.Posted{}, context.DeadlineExceeded
	}
	return f.Store.Append(ctx, p)
}

// Rule 5: who connects again goes on where it left off; of very much it is told
// that there is more.
func TestRule5ResumeByLastSeq(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	h.web.Unlimited()
	v := h.visitor()
	b := v.open()
	b.send(say("一"))
	ack := b.next("ack")
	c := h.conversation()
	for i := range 5 {
		if _, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Text: strings.Repeat("回", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	again := v.open("conversation", ack["conversation"], "last_seq", 4)
	if hi := again.next("welcome"); num(hi, "head_seq") != 6 || hi["state"] != "waiting" || hi["visitor_id"] != v.id || num(hi, "ping_s") != 25 {
		t.Errorf("welcome %v", hi)
	}
	for _, want := range []int64{5, 6} {
		if e := again.next("event"); num(e, "seq") != want {
			t.Errorf("event %v, want seq %d", e, want)
		}
	}
	for range 250 {
		if _, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Text: "多"}); err != nil {
			t.Fatal(err)
		}
	}
	far := v.open("conversation", ack["conversation"], "last_seq", 6)
	if g := far.next("gap"); num(g, "from") != 7 || num(g, "to") != 206 {
		t.Errorf("gap %v", g)
	}
	if e := far.next("event"); num(e, "seq") != 207 {
		t.Errorf("after the gap: %v", e)
	}
}

// Rule 5 over an end: a page that slept sees the end, then the next conversation.
func TestRule5ResumeOverAnEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	b.send(say("一"))
	first := b.next("ack")
	must(t, h.conversation().Close(t.Context(), contact.AgentEnded))
	b.send(say("二"))
	second := b.next("ack")
	asleep := v.open("conversation", first["conversation"], "last_seq", 1)
	if e := asleep.next("event"); e["kind"] != "closed" || e["conversation"] != first["conversation"] || e["cause"] != "agent_ended" {
		t.Errorf("got %v", e)
	}
	if e := asleep.next("event"); e["text"] != "二" || e["conversation"] != second["conversation"] || num(e, "seq") != 1 {
		t.Errorf("got %v", e)
	}
	atEnd := v.open("conversation", first["conversation"], "last_seq", 2)
	if e := atEnd.next("event"); e["text"] != "二" {
		t.Errorf("got %v", e)
	}
}

// Rule 6: both sides have a sign of life; who gives none is dead.
func TestRule6TwoPingsMissedIsDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	h.web.SetPing(500 * time.Millisecond)
	v := h.visitor()
	alive := v.open()
	dead := h.dial(site, func(c *websocket.Conn) { c.SetPingHandler(func(string) error { return nil }) })
	dead.send(map[string]any{"type": "hello", "v": 1, "ticket": v.ticket()})
	dead.next("welcome")
	if code := dead.closed(); code != websocket.CloseGoingAway {
		t.Errorf("closed with %d", code)
	}
	for range 3 {
		if p := alive.next("ping"); str(p, "now") == "" {
			t.Errorf("ping %v", p)
		}
	}
}

// Rule 9: exact origins; none at all only for apps, with key and ticket.
func TestRule9Origins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	address := strings.Replace(h.http.URL, "http", "ws", 1) + "/chat/v1/ws"
	for name, x := range map[string]struct {
		origin, query string
		status        int
	}{
		"the site":         {site, "", 101},
		"this house":       {h.http.URL, "", 101},
		"a stranger":       {"https://evil.example", "", 403},
		"a prefix":         {site + ".evil.example", "", 403},
		"another scheme":   {"http://www.example.gov.cn", "", 403},
		"another port":     {site + ":8443", "", 403},
		"null":             {"null", "", 403},
		"none":             {"", "", 403},
		"none, a site":     {"", "?app_key=portal", 403},
		"none, an app":     {"", "?app_key=app", 101},
		"none, no account": {"", "?app_key=nobody", 403},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if x.origin != "" {
				header.Set("Origin", x.origin)
			}
			conn, got, err := websocket.DefaultDialer.Dial(address+x.query, header)
			if err == nil {
				_ = conn.Close()
			}
			if got == nil {
				t.Fatal(err)
			}
			defer func() { _ = got.Body.Close() }()
			if got.StatusCode != x.status {
				t.Errorf("got %v, %v; want %d", got, err, x.status)
			}
		})
	}
	b := h.dial("https://other.example") // listed, but not for this ticket's site
	b.send(map[string]any{"type": "hello", "v": 1, "ticket": h.visitor().ticket()})
	if code := b.closed(); code != 4403 {
		t.Errorf("closed with %d, want 4403", code)
	}
}

// Rule 10: one message a second, ten at once; characters; bytes.
func TestRule10LimitsOfAVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	h.now.Store(1)
	v := h.visitor()
	b := v.open()
	b.next("welcome")
	for range 10 {
		b.send(say("快"))
		b.next("ack")
	}
	late := say("太快")
	b.send(late)
	if n := b.next("nack"); n["code"] != "rate" || num(n, "retry_ms") < 1 || num(n, "retry_ms") > 1000 {
		t.Errorf("nack %v", n)
	}
	status, got, header := h.call("POST", "/chat/v1/conversations/current/messages", v.token, say("也太快"), site)
	if status != http.StatusTooManyRequests || got["code"] != "rate" || header.Get("Retry-After") == "" || header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("over HTTP: %d %v %v", status, got, header)
	}
	h.now.Add(2000)
	b.send(late)
	b.next("ack")
	for text, code := range map[string]string{strings.Repeat("长", 4001): "too_long", " \n": "empty", "\u0000": "empty"} {
		b.send(say(text))
		if n := b.next("nack"); n["code"] != code || n["retry_ms"] != nil {
			t.Errorf("%.10q: nack %v, want %s", text, n, code)
		}
	}
	h.now.Add(20000)
	b.send(say(strings.Repeat("长", 4000)))
	b.next("ack")
	_ = b.conn.WriteMessage(websocket.TextMessage, make([]byte, 64<<10+1))
	if code := b.closed(); code != websocket.CloseMessageTooBig {
		t.Errorf("closed with %d, want 1009", code)
	}
	if status, got, _ := h.call("POST", "/chat/v1/conversations/current/messages", v.token, say(strings.Repeat("a", 64<<10)), site); status != 413 {
		t.Errorf("over HTTP: %d %v", status, got)
	}
}

// Rule 10: each of visitor, address and account has its limit.
func TestRule10EachGateHolds(t *testing.T) {
	t.Parallel()
	for name, g := range map[string][3]int{"visitor": {2, 100, 100}, "address": {100, 6, 100}, "account": {100, 100, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newWorld(t).node("n1")
			h.web.SetGates(g[0], g[1], g[2])
			v := h.visitor() // an address's gate: visitor, ticket, socket
			b := v.open()
			b.next("welcome")
			for range 2 {
				b.send(say("好"))
				b.next("ack")
			}
			kept := 2
			for range 2 {
				b.send(say("好"))
				f := <-b.in
				for f["type"] != "ack" && f["type"] != "nack" {
					f = <-b.in
				}
				if f["type"] == "ack" {
					kept++
				}
			}
			if kept > 3 {
				t.Errorf("%d were kept", kept)
			}
		})
	}
}

// Rule 10: who goes on after a hundred refusals is closed.
func TestRule10AFloodIsClosed(t *testing.T) {
	t.Parallel()
	h := newWorld(t).node("n1")
	h.web.SetGates(1, 1000, 1000)
	b := h.visitor().open()
	b.next("welcome")
	for range 150 {
		if b.conn.WriteJSON(say("洪水")) != nil {
			break
		}
	}
	if code := b.closed(); code != 4429 {
		t.Errorf("closed with %d, want 4429", code)
	}
}

// Rule 10: of more than five sockets the oldest goes, on whichever node.
func TestRule10FiveSocketsAVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.node("n1"), w.node("n2")
	v := one.visitor()
	oldest := v.open()
	oldest.next("welcome")
	there := &visitor{two, v.id, v.token}
	for range 4 {
		there.open().next("welcome")
	}
	there.open().next("welcome")
	if code := oldest.closed(); code != 4409 {
		t.Errorf("closed with %d, want 4409", code)
	}
}

// Rule 11: read marks move only forward; typing is shown at most each 3 s, and
// expires in 6.
func TestRule11ReadAndTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.node("n1")
	v := h.visitor()
	b := v.open()
	for range 3 {
		b.send(say("好"))
	}
	var ack map[string]any
	for range 3 {
		ack = b.next("ack")
	}
	id := str(ack, "conversation")
	for _, x := range []struct{ seq, want int64 }{{2, 2}, {1, 2}, {3, 3}, {99, 3}} {
		b.send(map[string]any{"type": "read", "conversation": id, "seq": x.seq})
		b.send(map[string]any{"type": "send", "cmid": "bad"}) // answered after the mark is kept
		b.next("nack")
		if _, got, _ := h.call("GET", "/chat/v1/conversations/current", v.token, nil, ""); num(got, "read_seq") != x.want {
			t.Errorf("read %d: kept %d, want %d", x.seq, num(got, "read_seq"), x.want)
		}
	}
	c := h.conversation()
	typing := func(on bool) { must(t, c.Typing(t.Context(), on)) }
	typing(true)
	if s := b.next("signal"); s["signal"] != "typing" || s["on"] != true || num(s, "expires_ms") != 6000 {
		t.Errorf("signal %v", s)
	}
	typing(true) // too soon: not shown
	typing(false)
	typing(false) // is off already
	h.now.Add(3000)
	typing(true)
	for _, on := range []bool{false, true} {
		if s := b.next("signal"); s["signal"] != "typing" || s["on"] != on {
			t.Errorf("signal %v, want on %v", s, on)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
