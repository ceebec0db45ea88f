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

func TestAPanickingSinkEndsItsOwnPlayback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWheel(quiet())
		defer w.Close()
		bad, good := &listener{onWrite: func() { panic("what was said") }}, &listener{}
		a := Tone(500, 100*time.Millisecond, 0.5)
		first, second := w.Play(bad, a, true), w.Play(good, a, false)
		<-first.Done()
		<-second.Done()
		if bad.count() != 1 || good.count() != 5 {
			t.Errorf("heard %d and %d frames", bad.count(), good.count())
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

// A thousand people hear the same music, each through a stream of their own: a
// turn of the wheel allocates nothing.
func TestSharedMusicAllocatesNothing(t *testing.T) {
	const people = 1000
	music := Tone(500, time.Second, 0.5)
	w := &Wheel{log: quiet()}
	turning := &turning{wheel: w}
	streams := make([]*media.OutStream, people)
	for i := range streams {
		streams[i] = media.NewOutStream(media.OutConfig{Writer: nowhere{}})
		source := streams[i].NewSource()
		streams[i].Select(source)
		w.Play(source, music, true)
	}
	turning.admit()
	const rounds = 100
	n := testing.AllocsPerRun(rounds-1, func() { // runs once more to warm up
		for range slots {
			turning.turn()
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a frame of %d people", n, people)
	}
	for i, s := range streams {
		var got media.Stats
		if s.Fill(&got); got.Out != rounds || got.OutBytes != rounds*media.FrameSamples {
			t.Fatalf("person %d heard %d packets, %d octets", i, got.Out, got.OutBytes)
		}
	}
}

type nowhere struct{}

func (nowhere) WritePacket(*media.Packet) error { return nil }

func (nowhere) Write(*media.Packet) {}

func BenchmarkFrame(b *testing.B) {
	p := &Playing{to: nowhere{}, audio: Tone(500, time.Second, 1).alaw, loop: true, done: make(chan struct{})}
	b.ReportAllocs()
	for b.Loop() {
		p.step()
	}
}

// BenchmarkSharedMusic is a frame for each of a thousand people.
func BenchmarkSharedMusic(b *testing.B) {
	w := &Wheel{log: quiet()}
	turning, music := &turning{wheel: w}, Tone(500, time.Second, 0.5)
	for range 1000 {
		s := media.NewOutStream(media.OutConfig{Writer: nowhere{}})
		source := s.NewSource()
		s.Select(source)
		w.Play(source, music, true)
	}
	turning.admit()
	b.ReportAllocs()
	for b.Loop() {
		for range slots {
			turning.turn()
		}
	}
}
