package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hotline/contact"
	"hotline/database/databasetest"
	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/records"
	"hotline/records/sqlstore"
)

const (
	callEvery = 700 * time.Millisecond
	talkFor   = time.Second
)

// TestRollingRestart: callers come all the time while both nodes of a hall are
// drained and started again, one after the other. Everyone is served to the end
// of the talk, by agents who move by themselves, and has one record.
func TestRollingRestart(t *testing.T) {
	h := newHouse(t)
	accounts := []string{"1001", "1002", "1003", "1004"}
	binary := built(t)
	north, south := h.replaceable("north", binary, accounts), h.replaceable("south", binary, accounts)
	north.begin()
	south.begin()
	store, err := sqlstore.New(t.Context(), databasetest.Open(t, h.db))
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range accounts {
		home, other := north, south
		if i%2 == 1 {
			home, other = south, north
		}
		a := home.agent(headless.Options{
			Account: id, Others: []string{other.url()}, AnswerAfter: 50 * time.Millisecond, TalkFor: talkFor, WrapUp: 10 * time.Millisecond,
		})
		t.Cleanup(func() {
			if err := a.Err(); err != nil {
				t.Errorf("agent %s ended: %v", id, err)
			}
		})
	}
	c := newCarrier(t, north, south)
	c.start()
	interrupted := c.restart(north, store)
	interrupted = append(interrupted, c.restart(south, store)...)
	pause(t, 2*time.Second)
	c.stop()

	all := c.settled(store)
	for _, id := range interrupted {
		if !slices.ContainsFunc(all, func(r records.Record) bool { return r.Contact == id && whole(r) }) {
			t.Errorf("%s was in a talk when its node was sent away: not whole", id)
		}
	}
	allReady(&north.city, accounts)
	for range accounts { // each of them serves, wherever the desk is now
		c.place(north)
	}
	last := c.settled(store)[:len(accounts)]
	served := map[contact.AgentID]bool{}
	for _, r := range last {
		served[r.Agent] = true
	}
	if len(served) != len(accounts) {
		t.Errorf("after all %v served %d callers at once, want %v", served, len(accounts), accounts)
	}
}

// whole says that the talk went to its end.
func whole(r records.Record) bool {
	return (r.Cause == contact.AgentEnded || r.Cause == contact.CitizenEnded) && !r.Connected.IsZero() &&
		r.TalkEnded.Sub(r.Connected) >= talkFor-200*time.Millisecond
}

// allReady waits until the hall knows every agent as ready.
func allReady(c *city, accounts []string) {
	c.t.Helper()
	type board struct {
		Agents []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"agents"`
	}
	ask(c.t, c.supervisor(), "/board", "of four that are ready", func(b board) bool {
		ready := 0
		for _, a := range b.Agents {
			if a.State == "ready" && slices.Contains(accounts, a.ID) {
				ready++
			}
		}
		return ready == len(accounts)
	})
}

// replaceable is a node whose process ends and begins again, at the same
// addresses with the same file.
type replaceable struct {
	process

	name, binary, file string
}

// built is the program of this tree.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "hotline")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/hotline").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func (h *house) replaceable(name, binary string, accounts []string) *replaceable {
	h.t.Helper()
	data := h.t.TempDir()
	r := &replaceable{process: process{city: city{t: h.t}}, name: name, binary: binary, file: filepath.Join(data, "hotline.yaml")}
	var seeds strings.Builder
	for _, id := range accounts {
		fmt.Fprintf(&seeds, "    - { id: %q, name: 话务员, role: agent, password: %s, skills: [general] }\n", id, password(id))
	}
	text := fmt.Sprintf(`node: { name: %s, data: %s, ref_key: %q, drain_limit: 30s }
http: { listen: "127.0.0.1:%d", admin: "127.0.0.1:0" }
redis: { url: %q }
database: { url: %q }
sip:
  udp: 127.0.0.1:%d
  tcp: 127.0.0.1:0
  area_code: "010"
  trunks: [{ name: carrier, addresses: [127.0.0.0/8], media: [127.0.0.0/8] }]
rtp: { port_min: 0, port_max: 0 }
webrtc: { listen: "0.0.0.0:0", listen_tcp: "" }
lines: [{ name: plain, title: { zh: 市民热线, en: "Citizens' line" }, skill: general, ring: 60s, numbers: [%q] }]
people:
  accounts:
    - { id: "2001", name: 班长, role: supervisor, password: %q }
%s`, name, data, houseKey, freeTCP(h.t), h.redis.url(), h.db, freeUDP(h.t), plainNumber, password("2001"), seeds.String())
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if r.cmd != nil && r.cmd.ProcessState == nil {
			r.kill()
		}
	})
	return r
}

// begin starts the process and returns once it serves.
func (r *replaceable) begin() {
	r.t.Helper()
	r.cmd = exec.CommandContext(context.Background(), r.binary, "serve", "--config", r.file)
	logs, err := r.cmd.StderrPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	seen := io.Reader(logs)
	if testing.Verbose() {
		seen = io.TeeReader(logs, os.Stderr)
	}
	r.read(seen)
}

func freeTCP(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
}

func freeUDP(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.LocalAddr().(*net.UDPAddr).Port //nolint:forcetypeassert // of a UDP listener
}

// carrier brings a stream of callers to the nodes in turn, and to the other one
// when the first has no room (503), as trunks do.
type carrier struct {
	t     *testing.T
	phone *phone.Phone
	nodes []*replaceable
	over  chan struct{}
	done  chan struct{}
	await sync.WaitGroup

	mu      sync.Mutex
	out     *replaceable // gets no calls for now
	placed  int
	refused int // by a node, then served by the other
}

func newCarrier(t *testing.T, nodes ...*replaceable) *carrier {
	t.Helper()
	p, err := phone.New(t.Context(), nodes[0].dial(plainNumber), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return &carrier{t: t, phone: p, nodes: nodes, over: make(chan struct{}), done: make(chan struct{})}
}

// start lets the callers come until stop.
func (c *carrier) start() {
	go func() {
		defer close(c.done)
		every := time.NewTicker(callEvery)
		defer every.Stop()
		for turn := 0; ; turn++ {
			c.place(c.next(turn))
			select {
			case <-every.C:
			case <-c.over:
				return
			}
		}
	}()
}

func (c *carrier) stop() { close(c.over); <-c.done }

// next is whose turn it is.
func (c *carrier) next(turn int) *replaceable {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.nodes[turn%2]; n != c.out {
		return n
	}
	return c.nodes[(turn+1)%2]
}

func (c *carrier) block(n *replaceable) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = n
}

// place begins a call; it is looked after until it has ended.
func (c *carrier) place(at *replaceable) {
	c.mu.Lock()
	n := c.placed
	c.placed++
	c.mu.Unlock()
	c.await.Go(func() {
		from := fmt.Sprintf("1380000%04d", n)
		r := c.call(at, from)
		if r.Answered.IsZero() && r.Status == 503 {
			c.mu.Lock()
			c.refused++
			c.mu.Unlock()
			r = c.call(c.nodes[1-slices.Index(c.nodes, at)], from)
		}
		if r.Answered.IsZero() {
			c.t.Errorf("caller %d was not answered: status %d, %v", n, r.Status, r.Cause)
		}
	})
}

func (c *carrier) call(at *replaceable, from string) phone.Report {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	call, err := c.phone.Place(ctx, phone.Options{Target: at.dial(plainNumber), From: from})
	if err != nil {
		c.t.Errorf("caller %s: %v", from, err)
		return phone.Report{}
	}
	r, err := call.Wait(ctx)
	if err != nil {
		c.t.Errorf("caller %s is on the line for %s: %v", from, time.Since(r.Placed), err)
	}
	return r
}

// restart drains a node in which somebody talks, waits until it has ended by
// itself, and starts it again. The contacts are those that talked there.
func (c *carrier) restart(n *replaceable, store *sqlstore.Store) []contact.ID {
	c.t.Helper()
	pause(c.t, 1500*time.Millisecond)
	var talking []contact.ID
	n.until("somebody talks at "+n.name, func() bool {
		talking = talking[:0]
		for _, r := range c.records(store) {
			if strings.HasPrefix(r.Node, n.name) && !r.Connected.IsZero() && r.TalkEnded.IsZero() && r.Ended.IsZero() {
				talking = append(talking, r.Contact)
			}
		}
		return len(talking) > 0
	}, func() string { return "nobody" })
	c.block(n)
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	began := time.Now()
	c.place(n) // the carrier does not know it yet
	if err := n.ended(); err != nil {
		c.t.Fatalf("%s did not end well: %v", n.name, err)
	}
	drained := time.Since(began)
	n.begin()
	c.t.Logf("%s: drained in %s, back after %s, %d talked", n.name, drained, time.Since(began), len(talking))
	c.block(nil)
	return talking
}

// ended waits for the process's own end.
func (r *replaceable) ended() error {
	late := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer late.Stop()
	return r.cmd.Wait()
}

func (c *carrier) records(store *sqlstore.Store) []records.Record {
	c.t.Helper()
	all, err := store.Recent(c.t.Context(), 500)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// settled waits until every caller has left and every record is closed: one a
// caller, and each talk whole. The newest are first.
func (c *carrier) settled(store *sqlstore.Store) []records.Record {
	c.t.Helper()
	c.await.Wait()
	var all []records.Record
	c.nodes[0].until("all records are closed", func() bool {
		all = c.records(store)
		return !slices.ContainsFunc(all, func(r records.Record) bool { return r.Ended.IsZero() })
	}, func() string { return fmt.Sprintf("%+v", all) })
	callers, waited := map[string]int{}, time.Duration(0)
	for _, r := range all {
		callers[fmt.Sprint(r.Citizen)]++
		waited = max(waited, r.Connected.Sub(r.Accepted))
		if !whole(r) {
			c.t.Errorf("cause %v, talked %s: %+v", r.Cause, r.TalkEnded.Sub(r.Connected), r)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(callers) != c.placed || len(all) != c.placed {
		c.t.Errorf("%d callers, %d records of %d", c.placed, len(all), len(callers))
	}
	c.t.Logf("%d callers, the longest wait %s, %d refused by a node that drained and served by the other", c.placed, waited, c.refused)
	return all
}
