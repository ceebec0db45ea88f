package rtp

import (
	"testing"
	"time"

	"hotline/media"
)

// clocked is a session whose ticks the test gives; nothing is listened to.
type clocked struct {
	*Session
	now    time.Time
	source *media.Source
	next   media.Packet
}

func newClocked(t *testing.T, c Config) *clocked {
	t.Helper()
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(newPorts(Options{Config: c, Log: silentLog()}, m), pair{audio: -1, control: -1})
	s.started = true
	s.sending.Store(true)
	source := s.out.NewSource()
	s.out.Select(source)
	k := &clocked{Session: s, now: time.Now(), source: source}
	k.tick(k.now)
	return k
}

// pass lets time go by; each second act is called, if there is one.
func (k *clocked) pass(d time.Duration, act func()) {
	for end := k.now.Add(d); k.now.Before(end); {
		k.now = k.now.Add(tickEvery)
		if act != nil && k.now.Sub(end)%time.Second == 0 {
			act()
		}
		k.tick(k.now)
	}
}

func (k *clocked) says() { k.inlet.Take(&media.Packet{}, k.now) }

func (k *clocked) reported() { k.reports.far.learn(compound{ssrc: 1, report: true}, k.now) }

func (k *clocked) isSilent() bool {
	select {
	case <-k.silent:
		return true
	default:
		return false
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	hold := func(k *clocked, held bool) { k.held.Store(held) }
	tests := map[string]struct {
		life func(*clocked)
		want bool
	}{
		"never a packet": {func(k *clocked) { k.pass(61*time.Second, nil) }, true},
		"not yet":        {func(k *clocked) { k.pass(59*time.Second, nil) }, false},
		"speaks on":      {func(k *clocked) { k.pass(time.Hour, k.says) }, false},
		"spoke in between": {func(k *clocked) {
			k.pass(30*time.Second, k.says)
			k.pass(59*time.Second, nil)
		}, false},
		"fell silent": {func(k *clocked) {
			k.pass(30*time.Second, k.says)
			k.pass(61*time.Second, nil)
		}, true},
		"reports are no audio": {func(k *clocked) { k.pass(61*time.Second, k.reported) }, true},
		"held is no sign of that": {func(k *clocked) {
			hold(k, true)
			k.pass(time.Hour, nil)
		}, false},
		"held and reporting": {func(k *clocked) {
			hold(k, true)
			k.pass(time.Hour, k.reported)
		}, false},
		"held, then its reports stop": {func(k *clocked) {
			hold(k, true)
			k.pass(10*time.Second, k.reported)
			k.pass(61*time.Second, nil)
		}, true},
		"held, with a last word only": {func(k *clocked) {
			k.pass(30*time.Second, func() { k.says(); k.reported() })
			hold(k, true)
			k.pass(tickEvery, nil)
			k.reported()
			k.pass(time.Hour, nil)
		}, false},
		"taken back and silent": {func(k *clocked) {
			hold(k, true)
			k.pass(time.Hour, nil)
			hold(k, false)
			k.pass(61*time.Second, nil)
		}, true},
		"taken back, not yet": {func(k *clocked) {
			hold(k, true)
			k.pass(time.Hour, nil)
			hold(k, false)
			k.pass(59*time.Second, nil)
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newClocked(t, Config{Silence: time.Minute})
			tt.life(k)
			if k.isSilent() != tt.want {
				t.Errorf("silent = %v", k.isSilent())
			}
		})
	}
}

func TestSilenceForEver(t *testing.T) {
	t.Parallel()
	k := newClocked(t, Config{})
	k.pass(2*time.Hour, nil)
	if k.isSilent() {
		t.Error("silent without a limit")
	}
}

// hears lets something be sent, as far as the stream knows.
func (k *clocked) hears() {
	k.sending.Store(false) // no socket
	k.next.Sequence++
	k.next.Timestamp += media.FrameSamples
	k.next.Payload = []byte{media.SilenceALaw}
	k.source.Write(&k.next)
	k.sending.Store(true)
}

func TestOutgoingGaps(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		life func(*clocked)
		want float64
	}{
		"nothing to say yet": {func(k *clocked) { k.pass(time.Minute, nil) }, 0},
		"all the time": {func(k *clocked) {
			for range 500 {
				k.hears()
				k.pass(tickEvery, nil)
			}
		}, 0},
		"one gap, however long": {func(k *clocked) {
			k.hears()
			k.pass(time.Minute, nil)
		}, 1},
		"two gaps": {func(k *clocked) {
			k.hears()
			k.pass(3*time.Second, nil)
			k.hears()
			k.pass(3*time.Second, nil)
		}, 2},
		"paused by the peer": {func(k *clocked) {
			k.hears()
			k.sending.Store(false)
			k.pass(time.Minute, nil)
			k.sending.Store(true)
			k.pass(gapLimit/2, nil)
		}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newClocked(t, Config{})
			tt.life(k)
			if got := count(t, k.ports.metrics.gaps); got != tt.want {
				t.Errorf("%v gaps, want %v", got, tt.want)
			}
		})
	}
}
