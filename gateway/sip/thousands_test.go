package sip

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

const (
	manyCalls  = 10_000
	fewerCalls = 2_000 // in a hurry
	atOnce     = 32
	// lingering is how long the stack remembers a finished transaction.
	lingering = 32 * time.Second
	// heapSlack is what may stay of a run: pools and tables that have grown.
	heapSlack = 6 << 20
)

// fate is what becomes of a call: what the citizen dials, does and must see.
type fate struct {
	number string
	play   func(*line)
	cause  contact.Cause
}

func fates() []fate {
	return []fate{
		{"12345", answeredAndEnded, contact.CitizenEnded},
		{"12346", cancelled, contact.CitizenEnded},
		{"12347", turnedAway, contact.RefusedClosed},
		{"12345", neverAcknowledged, contact.MediaLost},
		{"12345", endedBeforeTheACK, contact.CitizenEnded},
	}
}

// Ten thousand calls of every kind through one node. Afterwards it is as it was:
// every call has its cause, and no goroutine, socket or memory stays.
func TestTenThousandCalls(t *testing.T) { //nolint:paralleltest // sockets, goroutines and memory are counted
	gatewaytest.Tried(t, gatewaytest.PeerRawSockets, "RFC 3261 §15", "thousands of calls answered, cancelled, refused, never acknowledged, ended before the ACK: goroutines, sockets, ports and heap are back where they began")
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
	registry := prometheus.NewRegistry()
	n := startNode(t, nil, func(o *Options) {
		o.Registerer = registry
		o.Timers = Timers{T1: 80 * time.Millisecond, T2: 320 * time.Millisecond}
		o.OnCall = func(in gateway.Inbound) { receive(t.Context(), in) }
	})
	total := manyCalls
	if testing.Short() {
		total = fewerCalls
	}
	t.Run("warm up", func(t *testing.T) { n.callMany(t, "warm", total/20) }) //nolint:paralleltest // as above
	n.wantAllGone(t)
	goroutines, open, heap := runtime.NumGoroutine(), sockets(t), heapNow()
	counted := endings(t, registry)
	began := time.Now()
	t.Run("calls", func(t *testing.T) { n.callMany(t, "call", total) }) //nolint:paralleltest // as above
	t.Logf("%d calls in %v", total, time.Since(began).Round(time.Millisecond))
	n.wantAllGone(t)
	wantEndings(t, counted, endings(t, registry), total)
	if now := sockets(t); now != open {
		t.Errorf("%d sockets are open, %d were", now, open)
	}
	within(t, lingering+10*time.Second, "goroutines", func() (int, bool) {
		now := runtime.NumGoroutine()
		return now - goroutines, now <= goroutines
	})
	within(t, lingering+10*time.Second, "heap", func() (int, bool) {
		grown := int(heapNow()) - int(heap)
		return grown, grown < heapSlack
	})
	t.Logf("goroutines %d, were %d; heap %+d KiB", runtime.NumGoroutine(), goroutines, (int(heapNow())-int(heap))>>10)
}

// receive is the house: by the number dialled.
func receive(ctx context.Context, in gateway.Inbound) {
	go func() {
		for range in.Events() { // read to the end
		}
	}()
	switch in.Arrival().Called {
	case "12345":
		_ = in.Answer(ctx)
	case "12346":
		_ = in.Ring(ctx)
	default:
		_ = in.Refuse(ctx, contact.RefusedClosed)
	}
}

// callMany plays total calls, the fates in turn, atOnce at a time.
func (n *node) callMany(t *testing.T, name string, total int) {
	t.Helper()
	var next atomic.Int64
	var callers sync.WaitGroup
	for range atOnce {
		p := newPeer(t, n.Addrs().UDP)
		callers.Go(func() {
			for i := next.Add(1); i <= int64(total) && !t.Failed(); i = next.Add(1) {
				f := fates()[int(i)%len(fates())]
				f.play(p.newLine(n, name+itoa(int(i)), f.number))
			}
		})
	}
	callers.Wait()
}

func (p *peer) newLine(n *node, id, number string) *line {
	return &line{
		peer: p, callID: id, from: "<sip:13812345678@x>;tag=f" + id, to: "<sip:" + number + "@127.0.0.1>",
		contact: "<sip:c@" + p.conn.LocalAddr().String() + ">", target: "sip:" + number + "@" + n.Addrs().UDP.String(),
	}
}

func answeredAndEnded(l *line) {
	l.establish("", someSDP)
	l.hangUp()
}

func cancelled(l *line) {
	seq := l.ask("INVITE", "", someSDP)
	l.write("CANCEL", seq, "b1", "", "")
	l.status("487", "INVITE", seq)
	l.write("ACK", seq, "b1", "", "")
}

func turnedAway(l *line) {
	seq := l.ask("INVITE", "", someSDP)
	l.status("480", "INVITE", seq)
	l.write("ACK", seq, "b1", "", "")
}

// neverAcknowledged answers no BYE either.
func neverAcknowledged(l *line) { l.status("200", "INVITE", l.ask("INVITE", "", someSDP)) }

func endedBeforeTheACK(l *line) {
	l.to = header(l.status("200", "INVITE", l.ask("INVITE", "", someSDP)), "To")
	l.hangUp()
}

func (n *node) wantAllGone(t *testing.T) {
	t.Helper()
	select {
	case <-n.chores.idle():
	case <-time.After(lingering):
		t.Errorf("%d calls are left", n.Calls())
	}
}

// endings counts the inbound calls that ended, by cause.
func endings(t *testing.T, registry *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != "hotline_gateway_sip_calls_ended_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if labels := m.GetLabel(); labels[1].GetValue() == inbound { // by name: cause, direction
				out[labels[0].GetValue()] = int(m.GetCounter().GetValue())
			}
		}
	}
	return out
}

// wantEndings holds the node's ledger to the callers'.
func wantEndings(t *testing.T, before, after map[string]int, total int) {
	t.Helper()
	want := map[string]int{}
	for i := 1; i <= total; i++ {
		want[fates()[i%len(fates())].cause.String()]++
	}
	for cause, now := range after {
		if got := now - before[cause]; got != want[cause] {
			t.Errorf("%d calls ended with %s, want %d", got, cause, want[cause])
		}
	}
}

// within waits until a measure is well.
func within(t *testing.T, limit time.Duration, what string, well func() (int, bool)) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		over, ok := well()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: %d more than before", what, over)
			return
		}
	}
}

func heapNow() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
