package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/channels/web/redislog"
	"hotline/contact"
	"hotline/redisserver/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hall     = "12345"
	site     = "https://www.example.gov.cn"
	patience = 20 * time.Second
)

var refKey = []byte("0123456789abcdef0123456789abcdef")

func sites() web.Config {
	return web.Config{Accounts: []web.Account{
		{
			AppKey: "portal", Name: "市政府门户", Origins: []string{site, web.Self},
			Topics: []web.Topic{{Name: "heating", Title: web.Title{ZH: "供暖", EN: "Heating"}}},
		},
		{AppKey: "app", Name: "市民App", Apps: true},
		{AppKey: "other", Name: "别的站", Origins: []string{"https://other.example"}},
	}, Page: "portal"}
}

// world is one Redis with any number of nodes.
type world struct {
	t      *testing.T
	redis  *redistest.Redis
	client redis.UniversalClient
}

func newWorld(t *testing.T) *world {
	r := redistest.StartServer(t)
	return &world{t: t, redis: r, client: r.Client}
}

// house is one node's web chat.
type house struct {
	t        *testing.T
	web      *web.Web
	http     *httptest.Server
	received chan channels.Conversation
	now      atomic.Int64 // ms added to the clock
	stop     func()
	store    web.Store
}

func (w *world) node(name string, changes ...func(*web.Options)) *house {
	w.t.Helper()
	h := &house{t: w.t, received: make(chan channels.Conversation, 1000), store: redislog.New(w.client, hall)}
	o := web.Options{
		Config: sites(), Store: h.store, Node: name, Key: refKey,
		Receive: func(c channels.Conversation) { h.received <- c },
		Log:     slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		Now: func() time.Time { return time.Now().Add(time.Duration(h.now.Load()) * time.Millisecond) },
	}
	for _, c := range changes {
		c(&o)
	}
	var err error
	if h.web, err = web.New(o); err != nil {
		w.t.Fatal(err)
	}
	h.web.Start()
	h.http = httptest.NewServer(h.web.Handler())
	h.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.web.Close(ctx); err != nil {
			w.t.Error(err)
		}
		h.http.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	w.t.Cleanup(h.stop)
	return h
}

// call asks over HTTP as a page of the site.
func (h *house) call(method, path, token string, body any, origin string) (int, map[string]any, http.Header) {
	h.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	r, err := http.NewRequest(method, h.http.URL+path, bytes.NewReader(text))
	if err != nil {
		h.t.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	var answer map[string]any
	_ = json.NewDecoder(got.Body).Decode(&answer)
	return got.StatusCode, answer, got.Header
}

// visitor is a citizen's browser.
type visitor struct {
	h     *house
	id    string
	token string
}

func (h *house) visitor() *visitor {
	h.t.Helper()
	status, got, _ := h.call("POST", "/chat/v1/visitors", "", map[string]string{"app_key": "portal"}, site)
	if status != http.StatusCreated {
		h.t.Fatalf("POST /visitors: %d %v", status, got)
	}
	return &visitor{h, got["visitor_id"].(string), got["token"].(string)}
}

func (v *visitor) ticket() string {
	v.h.t.Helper()
	status, got, _ := v.h.call("POST", "/chat/v1/ws-ticket", v.token, nil, site)
	if status != http.StatusCreated {
		v.h.t.Fatalf("POST /ws-ticket: %d %v", status, got)
	}
	return got["ticket"].(string)
}

// tab is one socket of a browser.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	in   chan map[string]any // closed with the socket
	code chan int
}

func (h *house) dial(origin string, prepare ...func(*websocket.Conn)) *tab {
	h.t.Helper()
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	d := websocket.Dialer{Subprotocols: []string{web.Protocol}}
	conn, response, err := d.Dial(strings.Replace(h.http.URL, "http", "ws", 1)+"/chat/v1/ws", header)
	if err != nil {
		h.t.Fatalf("dial: %v %v", err, response)
	}
	_ = response.Body.Close()
	b := &tab{t: h.t, conn: conn, in: make(chan map[string]any, 10_000), code: make(chan int, 1)}
	for _, p := range prepare {
		p(conn)
	}
	ended := make(chan struct{})
	go b.listen(ended)
	h.t.Cleanup(func() { _ = conn.Close(); <-ended })
	return b
}

func (b *tab) listen(ended chan<- struct{}) {
	defer close(ended)
	defer close(b.in)
	for {
		var f map[string]any
		if err := b.conn.ReadJSON(&f); err != nil {
			code := -1
			if c, ok := errors.AsType[*websocket.CloseError](err); ok {
				code = c.Code
			}
			b.code <- code
			return
		}
		b.in <- f
	}
}

func (b *tab) send(f any) {
	b.t.Helper()
	if err := b.conn.WriteJSON(f); err != nil {
		b.t.Fatalf("write: %v", err)
	}
}

// next is the first frame of that type; others are dropped.
func (b *tab) next(kind string) map[string]any {
	b.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case f, ok := <-b.in:
			if !ok {
				b.t.Fatalf("socket ended before %s", kind)
			}
			if f["type"] == kind {
				return f
			}
		case <-limit:
			b.t.Fatalf("no %s", kind)
		}
	}
}

// closed is the code of the socket's end.
func (b *tab) closed() int {
	b.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case code := <-b.code:
			return code
		case <-b.in:
		case <-limit:
			b.t.Fatal("the socket does not end")
		}
	}
}

func (v *visitor) open(extra ...any) *tab {
	v.h.t.Helper()
	b := v.h.dial(site)
	hello := map[string]any{"type": "hello", "v": 1, "ticket": v.ticket(), "tab": "t"}
	for i := 0; i < len(extra); i += 2 {
		hello[extra[i].(string)] = extra[i+1]
	}
	b.send(hello)
	return b
}

func newID() string { return ulid.Make().String() }

func say(text string) map[string]any {
	return map[string]any{"type": "send", "cmid": newID(), "text": text}
}

// conversation is the next that was opened at the house.
func (h *house) conversation() channels.Conversation {
	h.t.Helper()
	select {
	case c := <-h.received:
		return c
	case <-time.After(patience):
		h.t.Fatal("no conversation was received")
		return nil
	}
}

func nextEvent(t *testing.T, c channels.Conversation) contact.Event {
	t.Helper()
	select {
	case e, ok := <-c.Events():
		if !ok {
			t.Fatal("the events have ended")
		}
		return e
	case <-time.After(patience):
		t.Fatal("no event")
	}
	return contact.Event{}
}

func said(t *testing.T, c channels.Conversation) contact.Message {
	t.Helper()
	e := nextEvent(t, c)
	if e.Kind != contact.Said {
		t.Fatalf("got %+v, want Said", e)
	}
	return e.Message
}

func num(f map[string]any, field string) int64 {
	n, _ := f[field].(float64)
	return int64(n)
}

func str(f map[string]any, field string) string {
	s, _ := f[field].(string)
	return s
}

func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never so: %s", what)
		}
	}
}
