package prompt

import (
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"hotline/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// listener notes what arrives and when.
type listener struct {
	mu      sync.Mutex
	packets []media.Packet
	at      []time.Time
	heard   []byte
	onWrite func()
}

func (l *listener) Write(p *media.Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.packets = append(l.packets, *p)
	l.at = append(l.at, time.Now())
	l.heard = append(l.heard, p.Payload...)
	if l.onWrite != nil {
		l.onWrite()
	}
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.packets)
}

func TestPlayOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWheel(quiet())
		defer w.Close()
		l, a := &listener{}, Tone(1000, time.Second, 0.5)
		begun := time.Now()
		<-w.Play(l, a, false).Done()
		if took := time.Since(begun); took < time.Second || took > time.Second+media.FrameDuration {
			t.Errorf("took %v", took)
		}
		if string(l.heard) != string(a.AppendALaw(nil)) {
			t.Error("heard something else")
		}
		for i := 1; i < len(l.packets); i++ {
			p, q := l.packets[i-1], l.packets[i]
			if q.Sequence != p.Sequence+1 || q.Timestamp != p.Timestamp+160 || l.at[i].Sub(l.at[i-1]) != media.FrameDuration {
				t.Fatalf("packet %d: +%d, +%d, after %v", i, q.Sequence-p.Sequence, q.Timestamp-p.Timestamp, l.at[i].Sub(l.at[i-1]))
			}
		}
	})
}

func TestPlayInALoopUntilStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWheel(quiet())
		defer w.Close()
		l, a := &listener{}, Tone(500, 100*time.Millisecond, 0.5)
		p := w.Play(l, a, true)
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		p.Stop()
		p.Stop()
		<-p.Done()
		n := l.count()
		if n < 49 || n > 52 {
			t.Errorf("%d frames in a second", n)
		}
		if string(l.heard[:len(a.alaw)]) != string(l.heard[len(a.alaw):2*len(a.alaw)]) {
			t.Error("the second round differs")
		}
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		if l.count() != n {
			t.Error("heard after Done")
		}
	})
}

func TestManyAreSpreadOverTheFrame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWheel(quiet())
		defer w.Close()
		a, slot := Tone(500, time.Second, 0.5), map[time.Duration]int{}
		begun := time.Now()
		var all []*Playing
		var listeners []*listener
		for range 200 {
			l := &listener{}
			listeners = append(listeners, l)
			all = append(all, w.Play(l, a, false))
		}
		for _, p := range all {
			<-p.Done()
		}
		for _, l := range listeners {
			slot[l.at[10].Sub(begun)%media.FrameDuration]++
		}
		for at, n := range slot {
			if n != 200/slots {
				t.Errorf("%d at %v", n, at)
			}
		}
		if len(slot) != slots {
			t.Errorf("%d slots in use", len(slot))
		}
	})
}

func TestLostTimeIsSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWheel(quiet())
		defer w.Close()
		l := &listener{}
		l.onWrite = func() {
			if len(l.packets) == 5 {
				time.Sleep(time.Minute) //nolint:forbidigo // the machine is suspended
			}
		}
		<-w.Play(l, Tone(500, 400*time.Millisecond, 0.5), false).Done()
		if gap := l.at[6].Sub(l.at[5]); gap < media.FrameDuration-slotTime {
			t.Errorf("a burst after the pause: %v", gap)
		}
	})
}

func TestPlayNothing(t *testing.T) {
	t.Parallel()
	w := NewWheel(quiet())
	<-w.Play(&listener{}, Audio{}, true).Done()
	w.Close()
	<-w.Play(&listener{}, Tone(1, time.Second, 1), true).Done()
	w.Close()
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	w := NewWheel(quiet())
	a := w.Play(&listener{}, Tone(1, time.Hour/60, 1), true)
	b := w.Play(&listener{}, Tone(1, time.Hour/60, 1), false)
	w.Close()
	<-a.Done()
	<-b.Done()
}

func TestPlayingAllocatesNothing(t *testing.T) {
	p := &Playing{to: nowhere{}, audio: Tone(500, time.Second, 1).alaw, loop: true, done: make(chan struct{})}
	if n := testing.AllocsPerRun(1000, func() { p.step() }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

type nowhere struct{}

func (nowhere) Write(*media.Packet) {}

func BenchmarkFrame(b *testing.B) {
	p := &Playing{to: nowhere{}, audio: Tone(500, time.Second, 1).alaw, loop: true, done: make(chan struct{})}
	b.ReportAllocs()
	for b.Loop() {
		p.step()
	}
}
