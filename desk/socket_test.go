package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"

	"hotline/desk"
	"hotline/desk/headless"
	"hotline/routing"
	"hotline/tickets"
)

func (w *world) socketURL() string {
	return "ws" + strings.TrimPrefix(w.server.URL, "http") + "/desk/socket"
}

// raw opens a socket that speaks for itself.
func (w *world) raw(r *headless.REST) *websocket.Conn {
	w.t.Helper()
	header := http.Header{"Origin": {w.server.URL}, "Cookie": {"__Host-hotline=" + r.Token()}}
	conn, resp, err := websocket.DefaultDialer.DialContext(w.ctx(), w.socketURL(), header)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

const helloFrame = `{"v":1,"type":"hello","data":{"epoch":"","last_seq":0,"tab":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","phone":"ask","build":"test"}}`

// rawClose reads until the socket ends and returns its code.
func rawClose(t *testing.T, conn *websocket.Conn) int {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		_, _, err := conn.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return closed.Code
		}
		if err != nil {
			t.Fatalf("no close frame: %v", err)
		}
	}
}

func TestWhoMayOpenASocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) { c.Origins = []string{"https://desk.example"} })
	token := w.signIn("1001").Token()
	tests := map[string]struct {
		origin, cookie string
		status         int
	}{
		"own origin":        {w.server.URL, token, http.StatusSwitchingProtocols},
		"configured origin": {"https://desk.example", token, http.StatusSwitchingProtocols},
		"no origin":         {"", token, http.StatusForbidden},
		"null":              {"null", token, http.StatusForbidden},
		"foreign":           {"https://evil.example", token, http.StatusForbidden},
		"own host, https":   {"https" + strings.TrimPrefix(w.server.URL, "http"), token, http.StatusForbidden},
		"own as a prefix":   {w.server.URL + ".evil.example", token, http.StatusForbidden},
		"not signed in":     {w.server.URL, "", http.StatusUnauthorized},
		"a guessed token":   {w.server.URL, "token-99", http.StatusUnauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			if tt.cookie != "" {
				header.Set("Cookie", "__Host-hotline="+tt.cookie)
			}
			conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(), w.socketURL(), header)
			if err == nil {
				_ = conn.Close()
			}
			if resp != nil {
				defer func() { _ = resp.Body.Close() }()
			}
			if resp == nil || resp.StatusCode != tt.status {
				t.Errorf("got %v, %v, want status %d", resp, err, tt.status)
			}
		})
	}
}

func TestHello(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"another frame first": `{"v":1,"id":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","type":"agent.state","data":{"state":"ready"}}`,
		"no tab":              `{"v":1,"type":"hello","data":{"epoch":"","last_seq":0,"phone":"ask","build":""}}`,
		"an unknown key":      `{"v":1,"type":"hello","data":{"tab":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","colour":"red"}}`,
		"a wrong wish":        `{"v":1,"type":"hello","data":{"tab":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","phone":"steal"}}`,
		"no JSON":             `hello`,
		"another version":     strings.Replace(helloFrame, `"v":1`, `"v":2`, 1),
	}
	for name, first := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			conn := w.raw(w.signIn("1001"))
			if err := conn.WriteMessage(websocket.TextMessage, []byte(first)); err != nil {
				t.Fatal(err)
			}
			if code := rawClose(t, conn); code != 4400 {
				t.Errorf("closed with %d, want 4400", code)
			}
		})
	}
}

func TestResumeBringsWhatWasMissed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	known, epoch := s.seq, s.client.Welcome().Epoch
	_ = s.client.Close()
	w.desk.TicketChanged("1001", c.Contact.ID, "20261124-0000001-3", tickets.Delivered)
	w.desk.TicketChanged("1001", c.Contact.ID, "20261124-0000002-1", tickets.Delivered)

	back := w.open(s.rest, headless.Hello{Epoch: epoch, LastSeq: known})
	welcome := back.client.Welcome()
	if !welcome.Resumed || welcome.Snapshot != nil || welcome.Seq < known+2 {
		t.Fatalf("welcome is %+v after event %d", welcome, known)
	}
	back.seq = known // the missed events follow the welcome, without a gap
	back.awaitType("ticket.changed")
	back.awaitType("ticket.changed")
	if back.seq != welcome.Seq {
		t.Errorf("resumed up to event %d of %d", back.seq, welcome.Seq)
	}
}

func TestWhatCannotBeResumedGetsASnapshot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		epoch func(string) string
		seq   uint64
	}{
		"another epoch":  {func(string) string { return "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5" }, 1},
		"no epoch":       {func(string) string { return "" }, 0},
		"a future event": {func(e string) string { return e }, 4711},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.ready("1001")
			back := w.open(s.rest, headless.Hello{Epoch: tt.epoch(s.client.Welcome().Epoch), LastSeq: tt.seq, Phone: "view"})
			welcome := back.client.Welcome()
			if welcome.Resumed || welcome.Snapshot == nil || welcome.Snapshot.Agent.State != "ready" {
				t.Errorf("welcome is %+v", welcome)
			}
		})
	}
}

func TestMoreThanTheMemoryHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sit("1001")
	known, epoch := s.client.Welcome().Seq, s.client.Welcome().Epoch
	_ = s.client.Close()
	id := newCall(1).Contact.ID
	for range 1001 {
		w.desk.TicketChanged("1001", id, "20261124-0000001-3", tickets.Delivered)
	}
	if w.open(s.rest, headless.Hello{Epoch: epoch, LastSeq: known, Phone: "view"}).client.Welcome().Resumed {
		t.Error("resumed over 1,001 events")
	}
	late := w.open(s.rest, headless.Hello{Epoch: epoch, LastSeq: known + 1, Phone: "view"})
	if welcome := late.client.Welcome(); !welcome.Resumed || welcome.Seq != known+1001 {
		t.Errorf("welcome is %+v, want a resume of 1,000 events", welcome)
	}
}

func TestACommandHasOneEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	id, hold := ulid.Make().String(), object{"contact": c.Contact.ID}
	for range 3 {
		if err := s.client.DoAs(s.ctx(), id, "call.hold", hold); err != nil {
			t.Fatal(err)
		}
	}
	back := w.open(s.rest, headless.Hello{Phone: "take"})
	if err := back.client.DoAs(s.ctx(), id, "call.hold", hold); err != nil {
		t.Fatal(err)
	}
	if n := w.hall.count("hold"); n != 1 {
		t.Errorf("held %d times, want once", n)
	}
	wrong := ulid.Make().String()
	for range 2 {
		var refusal *headless.Error
		if err := back.client.DoAs(s.ctx(), wrong, "agent.state", object{"state": "asleep"}); !errors.As(err, &refusal) || refusal.Field != "state" {
			t.Errorf("got %v, want the same refusal twice", err)
		}
	}
}

func TestARepeatWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	block := make(chan struct{})
	w.hall.mu.Lock()
	w.hall.block, w.hall.entered = block, make(chan string, 2)
	w.hall.mu.Unlock()
	id, hold := ulid.Make().String(), object{"contact": c.Contact.ID}
	first := make(chan error, 1)
	go func() { first <- s.client.DoAs(context.Background(), id, "call.hold", hold) }()
	<-w.hall.entered
	back := w.open(s.rest, headless.Hello{Phone: "view"})
	second := make(chan error, 1)
	go func() { second <- back.client.DoAs(context.Background(), id, "call.hold", hold) }()
	// The view's command is no repeat of its own, and is read after the other.
	back.refused("conflict", "call.resume", object{"contact": c.Contact.ID})
	close(block)
	if err := errors.Join(<-first, <-second); err != nil || w.hall.count("hold") != 1 {
		t.Errorf("%v, held %d times", err, w.hall.count("hold"))
	}
}

func TestBadCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	tests := []struct {
		name, kind string
		data       object
		code       string
		field      string
	}{
		{"unknown type", "call.teleport", object{}, "unknown_field", "type"},
		{"unknown key", "agent.state", object{"state": "ready", "mood": "good"}, "unknown_field", "mood"},
		{"wrong type", "agent.state", object{"state": 7}, "invalid_field", "state"},
		{"no such state", "agent.state", object{"state": "talking"}, "invalid_field", "state"},
		{"no reason", "agent.state", object{"state": "break"}, "invalid_field", "reason"},
		{"a reason of one's own", "agent.state", object{"state": "break", "reason": "fishing"}, "invalid_field", "reason"},
		{"another's contact", "call.hold", object{"contact": "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"}, "stale", "contact"},
		{"no on", "call.mute", object{"contact": "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"}, "invalid_field", "on"},
		{"a ring that is none", "call.accept", object{"contact": "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", "token": 1}, "stale", ""},
		{"a token of text", "call.accept", object{"contact": "x", "token": "1"}, "invalid_field", "token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var refusal *headless.Error
			err := s.client.Do(s.ctx(), tt.kind, tt.data)
			if !errors.As(err, &refusal) || refusal.Code != tt.code || refusal.Field != tt.field {
				t.Errorf("got %v, want %s of %q", err, tt.code, tt.field)
			}
		})
	}
}

func TestTheSecondDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	other := w.sit("1001")
	welcome := other.client.Welcome()
	if welcome.Phone || string(welcome.Other) == "null" || welcome.Snapshot.Call == nil {
		t.Fatalf("welcome is %+v, want the other desk named and the call shown", welcome)
	}
	other.refused("conflict", "call.hold", object{"contact": c.Contact.ID})
	other.do("phone.take", object{})
	if f := s.awaitType("phone.lost"); f.Seq != 0 || !strings.Contains(string(f.Data), "127.0.0.1") {
		t.Errorf("phone.lost is %+v", f)
	}
	other.do("call.hold", object{"contact": c.Contact.ID})
	s.awaitCall("held") // the old desk stays as a view
	s.refused("conflict", "call.resume", object{"contact": c.Contact.ID})
}

func TestTheSameTabTakesThePhoneBackUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tab := ulid.Make().String()
	r := w.signIn("1001")
	w.open(r, headless.Hello{Tab: tab})
	if !w.open(r, headless.Hello{Tab: tab}).client.Welcome().Phone {
		t.Error("the tab did not get its phone back")
	}
	if w.open(r, headless.Hello{Tab: tab, Phone: "view"}).client.Welcome().Phone {
		t.Error("a view got the phone")
	}
}

func TestTooManyDesksOfOneAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.signIn("1001")
	for range 8 {
		w.open(r, headless.Hello{Phone: "view"})
	}
	_, err := headless.Open(w.ctx(), w.server.URL, r.Token(), headless.Hello{})
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != 4429 {
		t.Errorf("the ninth desk: %v, want 4429", err)
	}
}

func TestSocketsThatSayNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.signIn("1001")
	for range 16 {
		w.raw(r)
	}
	_, err := headless.Open(w.ctx(), w.server.URL, r.Token(), headless.Hello{})
	if err == nil || !strings.Contains(err.Error(), "429") {
		t.Errorf("the seventeenth: %v, want 429", err)
	}
	if s := w.sit("1002"); !s.client.Welcome().Phone {
		t.Error("another agent suffers from it")
	}
}

func TestSignOutClosesTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	if err := s.rest.SignOut(s.ctx()); err != nil {
		t.Fatal(err)
	}
	s.awaitType("kicked")
	if code := s.closeCode(); code != 4401 {
		t.Errorf("closed with %d, want 4401", code)
	}
	w.awaitQueue("1001", routing.Offline)
}

func TestASignInThatEndsElsewhereClosesItsDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) { c.Recheck = 20 * time.Millisecond })
	s := w.ready("1001")
	w.staff.mu.Lock()
	w.staff.away = true // not knowing is no reason to close
	w.staff.mu.Unlock()
	s.do("agent.state", object{"state": "break", "reason": "rest"})
	w.staff.mu.Lock()
	w.staff.away = false
	clear(w.staff.tokens)
	w.staff.mu.Unlock()
	if code := s.closeCode(); code != 4401 {
		t.Errorf("closed with %d, want 4401", code)
	}
}

func TestSignOutInATalkHandsTheCitizenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	s.talk("1001")
	w.desk.Kick("1001")
	if code := s.closeCode(); code != 4401 {
		t.Errorf("closed with %d, want 4401", code)
	}
	w.awaitQueue("1001", routing.Offline)
	if n := w.hall.count("lost"); n != 1 {
		t.Errorf("the session heard of it %d times, want once", n)
	}
}

func TestNoPong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) { c.PingEvery, c.PongWithin = 20*time.Millisecond, 60*time.Millisecond })
	s := w.sit("1001")
	s.client.Mute(true)
	if code := s.closeCode(); code != 4408 {
		t.Errorf("closed with %d, want 4408", code)
	}
}

func TestADeskThatNeverReadsIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	healthy := w.sit("1002")
	conn := w.raw(w.signIn("1001"))
	if err := conn.WriteMessage(websocket.TextMessage, []byte(helloFrame)); err != nil {
		t.Fatal(err)
	}
	seat := w.open(w.signIn("1001"), headless.Hello{Phone: "view"})
	id := newCall(1).Contact.ID
	number := strings.Repeat("9", 16<<10) // so that the kernel's buffers fill up
	// What the healthy view has read was written to the other's queue as well:
	// more than the queue and the kernel's buffers hold together.
	for range 2500 {
		w.desk.TicketChanged("1001", id, number, tickets.Delivered)
		seat.awaitType("ticket.changed")
	}
	w.awaitMetric("hotline_desk_sockets_closed_total", "slow", 1)
	healthy.do("agent.state", object{"state": "break", "reason": "rest"})
	healthy.awaitState("break", "rest")
}

func TestAFrameTooBig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn := w.raw(w.signIn("1001"))
	big := strings.Replace(helloFrame, `"test"`, `"`+strings.Repeat("x", 64<<10)+`"`, 1)
	if err := conn.WriteMessage(websocket.TextMessage, []byte(big)); err != nil {
		t.Fatal(err)
	}
	if code := rawClose(t, conn); code != websocket.CloseMessageTooBig {
		t.Errorf("closed with %d, want 1009", code)
	}
}

func TestADeskThatSendsTooMuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn := w.raw(w.signIn("1001"))
	if err := conn.WriteMessage(websocket.TextMessage, []byte(helloFrame)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 1000 {
			if conn.WriteMessage(websocket.TextMessage, []byte(`{"v":1,"id":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","type":"x","data":{}}`)) != nil {
				return
			}
		}
	}()
	if code := rawClose(t, conn); code != 4429 {
		t.Errorf("closed with %d, want 4429", code)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sit("1001")
	w.desk.Drain(1500 * time.Millisecond)
	var d struct {
		After int `json:"reconnect_after_ms"`
	}
	if err := json.Unmarshal(s.awaitType("drain").Data, &d); err != nil || d.After != 1500 {
		t.Errorf("drain is %+v, %v", d, err)
	}
	if code := s.closeCode(); code != websocket.CloseServiceRestart {
		t.Errorf("closed with %d, want 1012", code)
	}
}

func TestARestartedNodeSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.open(w.signIn("1001"), headless.Hello{Epoch: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", LastSeq: 17})
	if a := s.client.Welcome().Snapshot.Agent; a.State != "not_ready" || a.Reason != "restarted" {
		t.Errorf("agent is %+v", a)
	}
}
