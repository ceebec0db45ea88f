package web_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

// Four tabs of one citizen send 50 messages each, every 25th write cuts the
// line: each message is kept once, all see one order, and each sender's is
// its own.
func TestChaosAllOnceInOneOrder(t *testing.T) {
	t.Parallel()
	const tabs, each, cutEvery = 4, 50, 25
	w := newWorld(t)
	nodes := []*house{w.node("n1"), w.node("n2")}
	for _, h := range nodes {
		h.web.Unlimited()
	}
	v := nodes[0].visitor()
	seen := make([][]string, tabs)
	var all sync.WaitGroup
	for i := range tabs {
		at := &visitor{nodes[i%2], v.id, v.token}
		b := &client{v: at, name: fmt.Sprint(i), cutEvery: cutEvery, total: tabs * each}
		for n := range each {
			b.outbox = append(b.outbox, map[string]any{"type": "send", "cmid": newID(), "text": fmt.Sprintf("%d-%d", i, n)})
		}
		all.Go(func() { seen[i] = b.run(t) })
	}
	all.Wait()
	for i := range tabs {
		if len(seen[i]) != tabs*each {
			t.Fatalf("tab %d saw %d messages, want %d", i, len(seen[i]), tabs*each)
		}
		if !slices.Equal(seen[i], seen[0]) {
			t.Errorf("tab %d saw another order", i)
		}
		var own []string
		for _, text := range seen[0] {
			if text[:1] == fmt.Sprint(i) {
				own = append(own, text)
			}
		}
		for n, text := range own {
			if text != fmt.Sprintf("%d-%d", i, n) {
				t.Fatalf("sender %d: its message %d is %s", i, n, text)
			}
		}
	}
	if n := len(nodes[0].received) + len(nodes[1].received); n != 1 {
		t.Errorf("%d conversations were received, want 1", n)
	}
	s, err := nodes[0].store.Current(t.Context(), nodes[0].web.Ref(v.id))
	if err != nil || s.Head != tabs*each {
		t.Errorf("head %d, %v", s.Head, err)
	}
}

// client is a page as docs/chat-protocol.md wants it: outbox, resume, order.
type client struct {
	v        *visitor
	name     string
	outbox   []map[string]any
	cutEvery int
	total    int
	writes   int
	cuts     int
	conv     string
	seen     map[int64]string
}

func (c *client) run(t *testing.T) []string {
	c.seen = map[int64]string{}
	deadline := time.Now().Add(2 * patience)
	for len(c.seen) < c.total || len(c.outbox) > 0 {
		if time.Now().After(deadline) {
			t.Errorf("client %s: %d unsent, %d seen", c.name, len(c.outbox), len(c.seen))
			break
		}
		c.connect(t)
	}
	if c.cuts == 0 {
		t.Errorf("client %s: the line was never cut", c.name)
	}
	var texts []string
	for _, seq := range slices.Sorted(maps.Keys(c.seen)) {
		texts = append(texts, c.seen[seq])
	}
	return texts
}

func (c *client) last() int64 {
	for n := int64(1); ; n++ {
		if _, ok := c.seen[n]; !ok {
			return n - 1
		}
	}
}

// window is how many messages a client may have sent and not seen acknowledged.
const window = 8

// connect is one connection's life: what is unacknowledged goes out in order.
func (c *client) connect(t *testing.T) {
	b := c.v.open("conversation", c.conv, "last_seq", c.last())
	defer func() { _ = b.conn.Close() }()
	sent := 0
	for c.push(b, &sent) {
		f, ok := <-b.in
		if !ok {
			return
		}
		switch f["type"] {
		case "ack":
			if c.outbox[0]["cmid"] == f["cmid"] {
				c.outbox = c.outbox[1:]
				sent--
			} else {
				t.Errorf("client %s: ack %v out of order", c.name, f)
			}
		case "nack":
			return
		case "event":
			c.see(t, f)
		}
	}
}

func (c *client) see(t *testing.T, f map[string]any) {
	c.conv = str(f, "conversation")
	if old, ok := c.seen[num(f, "seq")]; ok && old != str(f, "text") {
		t.Errorf("seq %d is %s and %s", num(f, "seq"), old, str(f, "text"))
	}
	c.seen[num(f, "seq")] = str(f, "text")
}

// push fills the window; every 25th write cuts the line instead. false: there
// is nothing more to do here.
func (c *client) push(b *tab, sent *int) bool {
	for *sent < min(len(c.outbox), window) {
		if c.writes++; c.writes%c.cutEvery == 0 {
			c.cuts++
			return false
		}
		if b.conn.WriteJSON(c.outbox[*sent]) != nil {
			return false
		}
		*sent++
	}
	return len(c.seen) < c.total || len(c.outbox) > 0
}
