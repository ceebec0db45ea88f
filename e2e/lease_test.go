package e2e

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/config"
	"hotline/database/databasetest"
	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/node"
)

// strait stands between a node and Redis, and can be cut: what is sent then
// arrives once it is mended, as over a network that drops packets for a while.
type strait struct {
	socket string
	to     string
	listen net.Listener
	conns  sync.WaitGroup

	mu   sync.Mutex
	open chan struct{} // closed while it is open
	ends []net.Conn
}

func newStrait(t *testing.T, to string) *strait {
	t.Helper()
	w := &strait{socket: filepath.Join(t.TempDir(), "w"), to: to, open: make(chan struct{})}
	close(w.open)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", w.socket)
	if err != nil {
		t.Fatal(err)
	}
	w.listen = l
	w.conns.Go(w.accept)
	t.Cleanup(w.close)
	return w
}

func (w *strait) accept() {
	for {
		near, err := w.listen.Accept()
		if err != nil {
			return
		}
		far, err := (&net.Dialer{}).DialContext(context.Background(), "unix", w.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.ends = append(w.ends, near, far)
		w.mu.Unlock()
		w.conns.Go(func() { w.copy(far, near) })
		w.conns.Go(func() { w.copy(near, far) })
	}
}

func (w *strait) copy(to io.WriteCloser, from io.Reader) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		<-w.whole()
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (w *strait) whole() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

func (w *strait) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = make(chan struct{})
}

func (w *strait) mend() { close(w.whole()) }

func (w *strait) close() {
	_ = w.listen.Close()
	w.mu.Lock()
	for _, c := range w.ends {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.conns.Wait()
}

// TestANodeThatWasTakenForDead: a node is cut off from Redis for longer than its
// lease while another sweeps. Its talk goes on, its callers keep their places,
// and its agent is in one call only.
func TestANodeThatWasTakenForDead(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "a node loses its lease",
		"the talk goes on, with audio both ways, while the node is declared dead and registers anew")
	server := startRedis(t)
	w := newStrait(t, server.socket)
	db := databasetest.PostgresURL(t)
	shared := func(url string) func(*node.Config) {
		return func(cfg *node.Config) {
			withPlainLine(cfg)
			cfg.Redis.URL, cfg.Database.URL = config.NewSecret(url), db
		}
	}
	c := startCity(t, shared("unix://"+w.socket))
	other := startCity(t, shared(server.url()))
	keys := redis.NewClient(&redis.Options{Network: "unix", Addr: server.socket})
	defer func() { _ = keys.Close() }()

	rest := c.supervisor()
	heard := make(chan []int16, 1)
	talker := c.agent(headless.Options{
		Account: "1001", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(440), Keep: 2 * time.Minute,
		Heard: func(_ headless.Report, samples []int16) { heard <- samples },
	})
	citizen := gatewaytest.StartBaresip(t, c.dial(plainNumber), "13800000001", 600)
	talk := c.await(rest, "of the talk", connected1)
	callers := &queueing{city: c, rest: rest}
	callers.call(t, "13800000002")
	callers.call(t, "13800000003")

	w.cut()
	other.until("the node is declared dead", func() bool { return other.metric("hotline_routing_nodes_lost_total") == 1 }, func() string { return other.admin("/healthz") })
	other.until("its contacts are swept", func() bool { return stateOf(t, keys, talk.Contact) == "lost" }, func() string { return stateOf(t, keys, talk.Contact) })
	w.mend()
	for contact, want := range map[string]string{talk.Contact: "talking", callers.contacts[0]: "wait", callers.contacts[1]: "wait"} {
		other.until("the contact lives again", func() bool { return stateOf(t, keys, contact) == want }, func() string { return contact + " is " + stateOf(t, keys, contact) })
	}
	callers.call(t, "13800000004")
	next := c.agent(headless.Options{Account: "1002", AnswerAfter: time.Millisecond, TalkFor: 300 * time.Millisecond, WrapUp: time.Millisecond})
	for n, contact := range callers.contacts {
		if r := c.report(next); r.Contact != contact || !r.Answered {
			t.Errorf("the other agent's call %d is %+v, want %s", n+1, r, contact)
		}
	}
	lasted := time.Since(talk.Connected)
	toned(t, "the citizen", citizen.Heard(), 440, lasted)
	if r := c.report(talker); r.Contact != talk.Contact || r.Cause != "citizen_ended" {
		t.Errorf("the talker reports %+v", r)
	}
	toned(t, "the agent", <-heard, 600, lasted)
	select {
	case r := <-talker.Reports():
		t.Errorf("the talker had another call: %+v", r)
	default:
	}
	c.until("nothing is left", func() bool { return len(leftBehind(t, keys)) == 0 }, func() string { return "" })
}

func connected1(r record) bool { return r.Agent == "1001" && connected(r) }

func stateOf(t *testing.T, keys *redis.Client, contact string) string {
	t.Helper()
	return keys.HGet(t.Context(), "{12345}:c:"+contact, "state").Val()
}

// queueing are citizens who wait, one after the other.
type queueing struct {
	*city
	rest     *headless.REST
	phone    *phone.Phone
	contacts []string
}

func (q *queueing) call(t *testing.T, number string) {
	t.Helper()
	if q.phone == nil {
		p, err := phone.New(t.Context(), q.dial(plainNumber), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close(context.Background()) })
		q.phone = p
	}
	if _, err := q.phone.Place(t.Context(), phone.Options{Target: q.dial(plainNumber), From: number}); err != nil {
		t.Fatal(err)
	}
	masked := "+86138****" + number[len(number)-4:]
	q.until("the sign-in is seen", func() bool { return q.rest.Call(t.Context(), http.MethodGet, "/session", nil, nil) == nil }, func() string { return "" })
	q.contacts = append(q.contacts, q.await(q.rest, "of "+masked, func(r record) bool { return r.Caller == masked }).Contact)
}
