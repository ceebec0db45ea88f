package engine

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func start(t testing.TB, o Options) *Engine {
	t.Helper()
	o.Log = quiet()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeEngine(t, e) })
	return e
}

func closeEngine(t testing.TB, e *Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := e.Close(ctx); err != nil {
		t.Error(err)
	}
}

// pair is two ends of a local datagram socket; near is watched.
type pair struct {
	t         testing.TB
	near, far int
	buffer    [64]byte
}

func newPair(t testing.TB) *pair {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return &pair{t: t, near: fds[0], far: fds[1]}
}

func (p *pair) send(b byte) {
	if _, err := unix.Write(p.far, []byte{b}); err != nil {
		p.t.Error(err)
	}
}

// take reads one datagram; false when there is none.
func (p *pair) take() (byte, bool) {
	n, err := unix.Read(p.near, p.buffer[:])
	return p.buffer[0], err == nil && n > 0
}

func next[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func modes() map[string]Options {
	return map[string]Options{
		"one loop":     {Config: Config{Loops: 1}},
		"three loops":  {Config: Config{Loops: 3}},
		"holds its P":  {Config: Config{Loops: 1}, Hold: true},
		"by processor": {},
	}
}

func TestWatchReportsWhatCameAndWhen(t *testing.T) {
	t.Parallel()
	for name, o := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, p, got := start(t, o), newPair(t), make(chan byte, 10)
			begun := time.Now()
			remove, err := e.Watch(p.near, func(now time.Time) {
				if now.Before(begun) || time.Since(now) > time.Minute {
					t.Errorf("woke at %v", now)
				}
				if b, ok := p.take(); ok {
					got <- b
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			defer remove()
			for b := range byte(5) {
				p.send(b)
				if g := next(t, got); g != b {
					t.Fatalf("got %d, want %d", g, b)
				}
			}
		})
	}
}

// What a reader leaves is reported again, after others had their turn: a flood
// on one socket does not hold up another.
func TestAFloodedSocketLeavesOthersTheirTurn(t *testing.T) {
	t.Parallel()
	e := start(t, Options{Config: Config{Loops: 1}})
	loud, calm := newPair(t), newPair(t)
	var flood atomic.Int64
	heard := make(chan int64, 1)
	watchAll(t, e, map[int]func(time.Time){
		loud.near: func(time.Time) { // never empty
			if _, ok := loud.take(); ok {
				flood.Add(1)
				_, _ = unix.Write(loud.far, []byte{1})
			}
		},
		calm.near: func(time.Time) {
			if _, ok := calm.take(); ok {
				heard <- flood.Load()
			}
		},
	})
	for range 5 {
		loud.send(1)
	}
	for range 100 {
		before := flood.Load()
		calm.send(1)
		next(t, heard)
		for flood.Load() == before { // the flood goes on as well
			runtime.Gosched()
		}
	}
}

func watchAll(t *testing.T, e *Engine, all map[int]func(time.Time)) {
	t.Helper()
	for fd, ready := range all {
		remove, err := e.Watch(fd, ready)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(remove)
	}
}

func TestNothingRunsAfterRemove(t *testing.T) {
	t.Parallel()
	for name, o := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, p := start(t, o), newPair(t)
			p.send(1) // left unread: the loop comes again and again
			for range 200 {
				var removed atomic.Bool
				ran := make(chan struct{}, 1)
				remove, err := e.Watch(p.near, func(time.Time) {
					if removed.Load() {
						t.Error("ran after remove")
					}
					select {
					case ran <- struct{}{}:
					default:
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				next(t, ran)
				remove()
				removed.Store(true)
				remove()
			}
		})
	}
}

// Sockets come and go while packets arrive, descriptors are used again.
func TestWatchAndRemoveUnderTraffic(t *testing.T) {
	t.Parallel()
	e := start(t, Options{Config: Config{Loops: 2}})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for i := range 100 {
				briefly(t, e, byte(i))
			}
		})
	}
	callers.Wait()
	for _, l := range e.loops {
		if n := l.size(); n != 0 {
			t.Errorf("%d left behind", n)
		}
	}
}

func briefly(t *testing.T, e *Engine, want byte) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Error(err)
		return
	}
	got, closed := make(chan byte, 1), atomic.Bool{}
	remove, err := e.Watch(fds[0], func(time.Time) {
		if closed.Load() {
			t.Error("called for a closed descriptor")
		}
		var b [1]byte
		if n, _ := unix.Read(fds[0], b[:]); n == 1 {
			select {
			case got <- b[0]:
			default:
			}
		}
	})
	if err != nil {
		t.Error(err)
		return
	}
	for range 3 {
		_, _ = unix.Write(fds[1], []byte{want})
	}
	select {
	case b := <-got:
		if b != want {
			t.Errorf("got %d, want %d: someone else's", b, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing came")
	}
	remove()
	closed.Store(true)
	_, _ = unix.Close(fds[0]), unix.Close(fds[1])
}

func TestAPanicCostsOneSocketItsReader(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	e := start(t, Options{Config: Config{Loops: 1}, Registerer: reg})
	bad, good, got := newPair(t), newPair(t), make(chan byte, 1)
	var calls atomic.Int64
	removeBad, err := e.Watch(bad.near, func(time.Time) { calls.Add(1); panic("a number nobody may read") })
	if err != nil {
		t.Fatal(err)
	}
	watchAll(t, e, map[int]func(time.Time){good.near: func(time.Time) {
		if b, ok := good.take(); ok {
			got <- b
		}
	}})
	bad.send(1)
	for calls.Load() == 0 {
		runtime.Gosched()
	}
	good.send(7)
	if b := next(t, got); b != 7 {
		t.Errorf("got %d", b)
	}
	bad.send(2)
	good.send(8)
	next(t, got)
	removeBad()
	if calls.Load() != 1 {
		t.Errorf("called %d times", calls.Load())
	}
	if n := values(t, reg)["hotline_engine_panics_total"]; n != 1 {
		t.Errorf("%v panics counted", n)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	e, p, got := start(t, Options{Config: Config{Loops: 2}, Registerer: reg}), newPair(t), make(chan byte, 1)
	watchAll(t, e, map[int]func(time.Time){p.near: func(time.Time) {
		if b, ok := p.take(); ok {
			got <- b
		}
	}})
	p.send(1)
	next(t, got)
	deadline := time.Now().Add(10 * time.Second)
	for {
		seen := values(t, reg)
		if seen["hotline_engine_events_total"] >= 1 && seen["hotline_engine_wakes_total"] >= 1 &&
			seen["hotline_engine_loops"] == 2 && seen["hotline_engine_watched"] == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v", seen)
		}
	}
}

func values(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		seen[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return seen
}

func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	e, err := New(Options{Config: Config{Loops: 1}, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	p, inside, leave := newPair(t), make(chan struct{}), make(chan struct{})
	remove, err := e.Watch(p.near, func(time.Time) { close(inside); <-leave; p.take() })
	if err != nil {
		t.Fatal(err)
	}
	p.send(1)
	next(t, inside)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Close(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a hanging reader, err = %v", err)
	}
	close(leave)
	closeEngine(t, e)
	closeEngine(t, e)
	remove()
	if _, err := e.Watch(p.near, func(time.Time) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("watch after close: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, maxLoops + 1} {
		if _, err := New(Options{Config: Config{Loops: n}, Log: quiet()}); err == nil || !strings.Contains(err.Error(), "loops") {
			t.Errorf("loops %d: %v", n, err)
		}
	}
	reg := prometheus.NewRegistry()
	e := start(t, Options{Registerer: reg})
	if _, err := New(Options{Registerer: reg, Log: quiet()}); err == nil {
		t.Error("metrics registered twice without an error")
	}
	if _, err := e.Watch(-1, func(time.Time) {}); err == nil {
		t.Error("no descriptor, no error")
	}
	if e.Loops() < 1 {
		t.Errorf("%d loops", e.Loops())
	}
}

// A loop in use holds its P; a collection interrupts it all the same, and an
// idle one lets go.
func TestHoldingStopsNeitherCollectorNorOthers(t *testing.T) {
	e, p, got := start(t, Options{Config: Config{Loops: 1}, Hold: true}), newPair(t), make(chan byte, 1)
	watchAll(t, e, map[int]func(time.Time){p.near: func(time.Time) {
		if b, ok := p.take(); ok {
			got <- b
		}
	}})
	for i := range byte(20) {
		p.send(i)
		runtime.GC()
		next(t, got)
	}
}

// A call has a busy socket and a calm one, always in this order: both kinds are
// spread over the loops.
func TestPairsAreSpread(t *testing.T) {
	t.Parallel()
	e, busy := start(t, Options{Config: Config{Loops: 2}}), map[*loop]int{}
	for range 100 {
		for _, isBusy := range []bool{true, false} {
			w, err := e.idlest().watch(newPair(t).near, func(time.Time) {})
			if err != nil {
				t.Fatal(err)
			}
			if isBusy {
				busy[w.loop]++
			}
		}
	}
	if a, b := busy[e.loops[0]], busy[e.loops[1]]; a < 20 || b < 20 || e.loops[0].size() != e.loops[1].size() {
		t.Errorf("%d and %d busy ones of %d and %d", a, b, e.loops[0].size(), e.loops[1].size())
	}
}

// rested is a loop that no goroutine runs.
func rested(t testing.TB, hold bool) *loop {
	t.Helper()
	l, err := newLoop(quiet(), hold)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.free)
	return l
}

func TestAnIdleLoopLetsGoOfItsProcessor(t *testing.T) {
	t.Parallel()
	l, p := rested(t, true), newPair(t)
	if _, err := l.watch(p.near, func(time.Time) { p.take() }); err != nil {
		t.Fatal(err)
	}
	p.send(1)
	if l.idle < patience || !l.turn() || l.idle != 0 {
		t.Errorf("idle for %v after an event", l.idle)
	}
	for begun := time.Now(); l.idle < patience; {
		if !l.turn() || time.Since(begun) > 10*time.Second {
			t.Fatal("it holds on")
		}
	}
}

// turns returns one packet's way through a loop.
func turns(t testing.TB, hold bool) func() {
	l, p := rested(t, hold), newPair(t)
	if _, err := l.watch(p.near, func(time.Time) { p.take() }); err != nil {
		t.Fatal(err)
	}
	one := []byte{1}
	return func() {
		if _, err := unix.Write(p.far, one); err != nil {
			t.Error(err)
		}
		l.turn()
	}
}

func TestAPacketAllocatesNothing(t *testing.T) {
	for _, hold := range []bool{false, true} {
		if n := testing.AllocsPerRun(1000, turns(t, hold)); n != 0 {
			t.Errorf("%v allocations a packet, hold %v", n, hold)
		}
	}
}

// BenchmarkPacket is a write to a local socket, the wait, and the read.
func BenchmarkPacket(b *testing.B) {
	for name, hold := range map[string]bool{"hold": true, "yield": false} {
		b.Run(name, func(b *testing.B) {
			packet := turns(b, hold)
			b.ReportAllocs()
			for b.Loop() {
				packet()
			}
		})
	}
}
