package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/node"
)

// TestRedisKill: the private Redis of a node is killed while calls wait, ring
// and talk and drafts are written. Every citizen on the generator's own list has
// one record with a right cause, every ticket that an agent was told is at the
// unit, and no call rings at two desks at once.
func TestRedisKill(t *testing.T) {
	var data string
	c := startCity(t, func(cfg *node.Config) { withPlainLine(cfg); data = cfg.Node.Data })
	keys := redisOf(t, data)
	rest := c.supervisor()
	desks := []*headless.Agent{}
	l := &ledger{city: c, ringing: map[string]string{}, calls: map[string]*phone.Call{}}
	for _, account := range []string{"1001", "1002"} {
		desks = append(desks, c.agent(headless.Options{
			Account: account, AnswerAfter: 150 * time.Millisecond, TalkFor: 800 * time.Millisecond, WrapUp: 20 * time.Millisecond, Form: noise(),
		}))
		l.follow(t, account)
	}
	const calls, kills = 45, 5
	p, err := phone.New(t.Context(), c.dial(plainNumber), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	l.phone = p
	every := time.NewTicker(250 * time.Millisecond)
	defer every.Stop()
	for n := range calls {
		l.place(t, n)
		if n%(calls/kills) == 3 {
			kill(t, keys)
		}
		<-every.C
	}
	l.balances(t, rest, calls)
	l.delivered(t, desks)
	c.until("nothing is left", func() bool { return len(leftBehind(t, keys)) == 0 },
		func() string { return strings.Join(leftBehind(t, keys), " ") })
	next := gatewaytest.StartBaresip(t, c.dial(plainNumber), "13899999999", 600)
	c.await(rest, "that is served afterwards", func(r record) bool { return r.Caller == "+86138****9999" && connected(r) })
	next.Stop()
}

// kill ends the server by SIGKILL; its supervisor starts the next one.
func kill(t *testing.T, client *redis.Client) {
	t.Helper()
	var pid int
	for pid == 0 {
		text, err := client.Info(t.Context(), "server").Result()
		if err != nil {
			continue // the one before has just been killed
		}
		_, after, _ := strings.Cut(text, "process_id:")
		line, _, _ := strings.Cut(after, "\r\n")
		pid, _ = strconv.Atoi(line)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

// ledger is the generator's own account of what it did and saw.
type ledger struct {
	*city
	phone *phone.Phone
	calls map[string]*phone.Call // by the number as recorded

	mu      sync.Mutex
	ringing map[string]string // contact by desk that rings
}

func (l *ledger) place(t *testing.T, n int) {
	t.Helper()
	placed, err := l.phone.Place(t.Context(), phone.Options{
		Target: l.dial(plainNumber), From: fmt.Sprintf("1380000%04d", n),
		HangupAfter: 2*time.Second + rand.N(8*time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	l.calls[fmt.Sprintf("+86138****%04d", n)] = placed
}

// follow watches what rings at a desk.
func (l *ledger) follow(t *testing.T, account string) {
	t.Helper()
	w := l.watch(t, account)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for f := range w.client.Frames() {
			var d deskCall
			if json.Unmarshal(f.Data, &d) == nil && d.Contact != "" {
				l.saw(t, account, f.Type, d)
			}
		}
	}()
	t.Cleanup(func() { w.close(); <-done })
}

func (l *ledger) saw(t *testing.T, account, kind string, d deskCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case kind == "call.offered":
		if by, rings := l.ringing[d.Contact]; rings && by != account {
			t.Errorf("%s rings at %s and at %s", d.Contact, by, account)
		}
		l.ringing[d.Contact] = account
	case l.ringing[d.Contact] == account && (kind == "call.stopped" || kind == "call.changed" && d.State != "ringing" || kind == "call.ended"):
		delete(l.ringing, d.Contact)
	}
}

// balances: one record a citizen, with a cause that fits what the phone saw.
func (l *ledger) balances(t *testing.T, rest *headless.REST, calls int) {
	t.Helper()
	causes := map[string]int{}
	for masked, call := range l.calls {
		select {
		case <-call.Done():
		case <-time.After(patience):
			t.Fatalf("%s is still on the line", masked)
		}
		r := l.await1(t, rest, masked)
		causes[r.Cause]++
		served := r.Cause == "citizen_ended" || r.Cause == "agent_ended"
		abandoned := strings.HasPrefix(r.Cause, "abandoned_")
		if served != connected(r) || served == abandoned || call.Report().Answered.IsZero() {
			t.Errorf("record %+v, the phone saw %+v", r, call.Report().Cause)
		}
	}
	if causes["agent_ended"] < calls/4 {
		t.Errorf("causes %v: too few were served", causes)
	}
	t.Logf("%d calls, causes %v", calls, causes)
}

// await1 is the one record of a citizen.
func (l *ledger) await1(t *testing.T, rest *headless.REST, masked string) record {
	t.Helper()
	type list struct {
		Contacts []record `json:"contacts"`
	}
	var found []record
	ask(t, rest, "/contacts?limit=500", "of "+masked+" that ended", func(all list) bool {
		found = found[:0]
		for _, r := range all.Contacts {
			if r.Caller == masked {
				found = append(found, r)
			}
		}
		return len(found) > 0 && !found[0].Ended.IsZero()
	})
	if len(found) != 1 {
		t.Errorf("%s has %d records", masked, len(found))
	}
	return found[0]
}

// delivered: every number that an agent got is at the unit, once.
func (l *ledger) delivered(t *testing.T, desks []*headless.Agent) {
	t.Helper()
	promised := map[string]bool{}
	for _, a := range desks {
		for more := true; more; {
			select {
			case r := <-a.Reports():
				if r.Ticket != "" {
					promised[r.Ticket] = true
				}
			default:
				more = false
			}
		}
	}
	if len(promised) == 0 {
		t.Error("no ticket was written")
	}
	var missing []string
	l.until("every ticket is at its unit", func() bool {
		missing = missing[:0]
		arrived := map[string]int{}
		for _, d := range l.unit.Received() {
			arrived[d.Number]++
		}
		for number := range promised {
			if arrived[number] != 1 {
				missing = append(missing, number)
			}
		}
		return len(missing) == 0
	}, func() string { return fmt.Sprintf("missing %v", missing) })
	t.Logf("%d tickets", len(promised))
}
