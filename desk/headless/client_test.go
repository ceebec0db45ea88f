package headless

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"hotline/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

// script is a node that says what the test tells it to.
type script struct {
	t    *testing.T
	url  string
	conn chan *websocket.Conn
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{t: t, conn: make(chan *websocket.Conn, 1)}
	upgrader := websocket.Upgrader{CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == s.url }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie(cookieName); err != nil || c.Value != "token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		s.conn <- conn
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// meet opens a client and answers its hello.
func (s *script) meet(ctx context.Context, answer string) (*Client, *websocket.Conn, error) {
	s.t.Helper()
	hello := make(chan *websocket.Conn, 1)
	go func() {
		conn := <-s.conn
		var f Frame
		if err := conn.ReadJSON(&f); err != nil || f.Type != "hello" || f.ID != "" {
			s.t.Errorf("hello is %+v, %v", f, err)
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte(answer)); err != nil {
			s.t.Error(err)
		}
		hello <- conn
	}()
	c, err := Open(ctx, s.url, "token", Hello{})
	conn := <-hello
	s.t.Cleanup(func() { _ = conn.Close() })
	return c, conn, err
}

const welcome = `{"v":1,"type":"welcome","data":{"epoch":"e","seq":4,"node":"n1","phone":true,"new_key":1,"snapshot":{"agent":{"state":"ready"}}}}`

func (s *script) say(conn *websocket.Conn, frames ...string) {
	s.t.Helper()
	for _, f := range frames {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestAClientFollowsTheProtocol(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := newScript(t)
	c, conn, err := s.meet(ctx, welcome)
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Welcome(); w.Epoch != "e" || w.Seq != 4 || w.Snapshot.Agent.State != "ready" {
		t.Errorf("welcome is %+v", w)
	}
	s.say(conn, `{"v":1,"type":"ping","data":{"at":"2026-11-24T08:15:30.125Z"}}`)
	var pong Frame
	if err := conn.ReadJSON(&pong); err != nil || pong.Type != "pong" || string(pong.Data) != `{"at":"2026-11-24T08:15:30.125Z"}` {
		t.Errorf("pong is %+v, %v", pong, err)
	}
	s.say(conn, `{"v":1,"type":"from.the.future","seq":5,"data":{}}`, `{"v":1,"type":"call.ended","seq":6,"data":{"contact":"x"}}`)
	for _, want := range []uint64{5, 6} {
		if f := <-c.Frames(); f.Seq != want {
			t.Errorf("frame is %+v, want event %d", f, want)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if !errors.Is(c.Err(), ErrClosed) {
		t.Errorf("ended with %v", c.Err())
	}
}

func TestCommandsAreAnsweredByID(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := newScript(t)
	c, conn, err := s.meet(ctx, welcome)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	results := make(chan error, 2)
	go func() { results <- c.DoAs(ctx, "A", "call.hold", struct{}{}) }()
	var first Frame
	if err := conn.ReadJSON(&first); err != nil || first.ID != "A" {
		t.Fatalf("command is %+v, %v", first, err)
	}
	s.say(conn,
		`{"v":1,"id":"B","type":"ack","data":{}}`, // nobody asked
		`{"v":1,"id":"A","type":"error","data":{"error":{"code":"stale","message":"晚了","field":"contact"}}}`)
	var refusal *Error
	if err := <-results; !errors.As(err, &refusal) || refusal.Code != "stale" || refusal.Field != "contact" {
		t.Errorf("got %v, want stale", err)
	}
	go func() { results <- c.DoAs(ctx, "C", "call.hold", struct{}{}) }()
	if err := conn.ReadJSON(&first); err != nil || first.ID != "C" {
		t.Fatalf("command is %+v, %v", first, err)
	}
	_ = conn.Close()
	if err := <-results; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want closed", err)
	}
}

func TestOpenIsRefused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := newScript(t)
	if _, err := Open(ctx, s.url, "guess", Hello{}); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("with a guessed token: %v", err)
	}
	var refusal *Error
	_, _, err := s.meet(ctx, `{"v":1,"type":"error","data":{"error":{"code":"invalid_field","field":"tab","message":""}}}`)
	if !errors.As(err, &refusal) || refusal.Field != "tab" {
		t.Errorf("got %v, want the refusal", err)
	}
	if _, _, err := s.meet(ctx, `not JSON`); err == nil {
		t.Error("took nonsense for a welcome")
	}
}

func TestSignInNeedsTheCookie(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		cookie string
		body   string
		ok     bool
	}{
		"good":       {200, cookieName, `{}`, true},
		"no cookie":  {200, "session", `{}`, false},
		"refused":    {401, cookieName, `{"error":{"code":"unauthenticated"}}`, false},
		"not a node": {502, cookieName, `<html>`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: tt.cookie, Value: "t", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			r, err := SignIn(t.Context(), server.URL, "1001", "secret")
			if (err == nil) != tt.ok {
				t.Fatalf("got %v, want ok=%v", err, tt.ok)
			}
			if tt.ok && r.Token() != "t" {
				t.Errorf("token is %q", r.Token())
			}
			if r != nil {
				r.CloseIdle()
			}
		})
	}
}

func TestALineSpeaksOnlyWhenTold(t *testing.T) {
	t.Parallel()
	l := &line{}
	if payload, _ := l.frame(nil); len(payload) != 0 {
		t.Errorf("a silent line sends %d octets", len(payload))
	}
	l.speak([]int16{1000, -1000, 2000}) // shorter than a frame: it repeats
	payload, first := l.frame(nil)
	if len(payload) != media.FrameSamples || !first {
		t.Errorf("first frame: %d octets, marker %v", len(payload), first)
	}
	if payload[0] != payload[3] || payload[0] == payload[1] {
		t.Error("the speech does not repeat")
	}
	if _, first := l.frame(nil); first {
		t.Error("the marker is set within a spurt")
	}
	l.hush()
	if payload, _ := l.frame(nil); len(payload) != 0 {
		t.Error("hushed, and still speaking")
	}
}

func TestWhatIsHeardIsMeasured(t *testing.T) {
	t.Parallel()
	for _, hz := range []float64{440, 1000, 1750.5} {
		samples := Sine(hz)
		if got := loudest(samples); math.Abs(got-hz) > 1 {
			t.Errorf("%.1f Hz measures as %.1f", hz, got)
		}
		if got := level(samples); math.Abs(got-0.4/math.Sqrt2) > 0.01 {
			t.Errorf("level is %.3f", got)
		}
	}
	if level(nil) != 0 || level(make([]int16, 800)) != 0 {
		t.Error("silence has a level")
	}
}
