package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/node"
	"hotline/people"
)

// deskMemory bounds what a seat remembers by design: results of commands for ten
// minutes, at most 4,096, a thousand events, and 256 contacts that its agent may see.
const deskMemory = 4 << 20

// TestTenThousandContacts lets calls of every kind go through a whole node:
// served, given up in the greeting, the queue and the ring, refused, ended by the
// agent. Afterwards it holds what it held before. HOTLINE_CALLS says how many, six
// hundred otherwise.
func TestTenThousandContacts(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §15",
		"thousands of calls of every kind, and goroutines, sockets, memory and keys are as before")
	many := 600
	if text := os.Getenv("HOTLINE_CALLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		many = n
	}
	var data string
	desks := []string{"1001", "1002", "1003", "1004", "1005"}
	c := startCity(t, func(cfg *node.Config) {
		withPlainLine(cfg)
		data = cfg.Node.Data
		for _, id := range desks[2:] {
			cfg.People.Accounts = append(cfg.People.Accounts, account(id, people.Agent))
		}
	})
	keys := redisOf(t, data)
	crowd := &crowd{city: c}
	c.sipp("leave", plainNumber, crowd.list(20, 100), "-r", "20") // while nobody is at a desk
	for _, id := range desks {
		a := c.agent(headless.Options{
			Account: id, AnswerAfter: 20 * time.Millisecond, TalkFor: 150 * time.Millisecond, WrapUp: time.Millisecond, Keep: time.Second,
		})
		go func() {
			for range a.Reports() {
			}
		}()
	}
	crowd.calls(100) // pools fill
	c.backTo(census{1 << 20, 1 << 20, 1 << 20}, keys)
	before, heap := c.census(), heapInUse()
	began := time.Now()
	crowd.calls(many)
	took := time.Since(began)
	c.backTo(before, keys)
	after := heapInUse()
	c.until("the memory was given back", func() bool { after = heapInUse(); return after < heap+uint64(len(desks))*deskMemory },
		func() string { return fmt.Sprintf("%d KiB, %d before", after>>10, heap>>10) })
	crowd.counted(t, many+120)
	t.Logf("%d calls in %s; before %+v, after %+v, heap %d and %d KiB", many, took.Round(time.Second), before, c.census(), heap>>10, after>>10)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// crowd are citizens of all kinds.
type crowd struct {
	*city
	used int
}

// calls lets n citizens call: of ten, five hang up within moments of the answer,
// three in the greeting, one dials a wrong number, one stays until the agent leaves.
func (c *crowd) calls(n int) {
	c.t.Helper()
	var all sync.WaitGroup
	for _, kind := range []struct {
		scenario, number string
		share, longest   int // tenths; ms
		rate, at         string
	}{
		{"leave", plainNumber, 5, 400, "15", "12"},
		{"leave", "12345", 3, 300, "9", "12"},
		{"refused", "99999", 1, 1, "3", "5"},
		{"stay", plainNumber, 1, 1, "3", "24"},
	} {
		list := c.list(max(1, n*kind.share/10), kind.longest)
		all.Go(func() { c.sipp(kind.scenario, kind.number, list, "-r", kind.rate, "-l", kind.at) })
	}
	all.Wait()
}

func (c *crowd) list(n, longest int) []string {
	var list []string
	for range n {
		c.used++
		list = append(list, fmt.Sprintf("138%08d;%d", c.used, rand.IntN(longest)))
	}
	return list
}

// counted compares the house's own sum with what was dialled.
func (c *crowd) counted(t *testing.T, want int) {
	t.Helper()
	sum, lines := 0, map[string]int{}
	for _, cause := range []string{
		"abandoned_greeting", "abandoned_queue", "abandoned_ringing", "refused_unknown", "citizen_ended", "agent_ended",
	} {
		lines[cause] = int(c.metric(fmt.Sprintf("hotline_session_contacts_total{cause=%q}", cause)))
		sum += lines[cause]
		if lines[cause] == 0 {
			t.Errorf("no call was %s", cause)
		}
	}
	if sum != want {
		t.Errorf("the house counts %d calls (%v), %d were made", sum, lines, want)
	}
	t.Logf("%v", lines)
}
