package main

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hotline/media"
)

func TestStamp(t *testing.T) {
	t.Parallel()
	want := stamp{stream: 7, sequence: 1 << 31, sent: math.MaxInt64}
	payload := make([]byte, media.FrameSamples)
	want.put(payload)
	if got, ok := readStamp(payload); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for name, other := range map[string][]byte{
		"short": payload[:stampSize-1], "silence": make([]byte, media.FrameSamples), "nothing": nil,
	} {
		if got, ok := readStamp(other); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDelays(t *testing.T) {
	t.Parallel()
	var d delays
	if d.percentile(0.5) != 0 {
		t.Error("a percentile of nothing")
	}
	for i := range 100 {
		d.add(time.Duration(i) * time.Millisecond)
	}
	d.add(-time.Second) // clocks may step
	d.add(time.Hour)
	for p, want := range map[float64]time.Duration{0.5: 50 * time.Millisecond, 0.98: 99 * time.Millisecond, 1: delaySteps * delayStep} {
		if got := d.percentile(p); got < want-2*time.Millisecond || got > want+2*time.Millisecond {
			t.Errorf("p%v = %v, want about %v", p*100, got, want)
		}
	}
	d.reset()
	if d.percentile(1) != 0 {
		t.Error("not reset")
	}
}

func TestStreamWindow(t *testing.T) {
	t.Parallel()
	refuses := errors.New("refused")
	fails := false
	var heard []stamp
	s := newStream(3, towardFirst, func(packet []byte) error {
		if fails {
			return refuses
		}
		_, payload, err := media.ParseRTP(packet)
		if err != nil {
			return err
		}
		got, _ := readStamp(payload)
		heard = append(heard, got)
		return nil
	})
	for range 3 {
		s.emit()
	}
	s.mark()
	for range 20 {
		s.emit()
	}
	s.finish()
	for range 10 {
		s.emit()
	}
	for i, h := range heard {
		if h.stream != 3 || int(h.sequence) != i {
			t.Fatalf("packet %d says %+v", i, h)
		}
		if h.sequence%5 != 0 { // every fifth is lost
			s.counts(h.sequence)
		}
	}
	if s.sent() != 20 || s.lost() != 4 || s.refused.Load() != 0 {
		t.Errorf("sent %d, lost %d, refused %d", s.sent(), s.lost(), s.refused.Load())
	}
	fails = true
	s.emit()
	if s.refused.Load() != 1 {
		t.Error("a refusal is not counted")
	}
}

func TestNothingCountsBeforeTheFirstWindow(t *testing.T) {
	t.Parallel()
	s := newStream(0, towardFirst, func([]byte) error { return nil })
	if s.counts(0) || s.counts(math.MaxUint32) {
		t.Error("counted")
	}
}

func TestArrival(t *testing.T) {
	t.Parallel()
	control := make([]byte, unix.SizeofCmsghdr+16)
	binary.NativeEndian.PutUint64(control, uint64(len(control)))
	binary.NativeEndian.PutUint32(control[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(control[12:], unix.SO_TIMESTAMPNS)
	binary.NativeEndian.PutUint64(control[16:], 3)
	binary.NativeEndian.PutUint64(control[24:], 7)
	if got := arrival(control); got != 3_000_000_007 {
		t.Errorf("got %d", got)
	}
	if arrival(nil) != 0 || arrival(control[:20]) != 0 {
		t.Error("a time stamp out of nothing")
	}
	control[12]++
	if arrival(control) != 0 {
		t.Error("another message was taken for a time stamp")
	}
}

// Both ends of some calls, joined without a relay: everything arrives, at once.
func TestGeneratorHearsItself(t *testing.T) {
	t.Parallel()
	g := &Generator{}
	defer func() {
		if err := g.close(); err != nil {
			t.Error(err)
		}
	}()
	var far Opened
	if err := g.Open(OpenArgs{Calls: 5}, &far); err != nil {
		t.Fatal(err)
	}
	if err := g.Connect(Joined{}, &Nothing{}); err == nil {
		t.Error("connected to nowhere")
	}
	if err := g.Connect(Joined{First: far.Second, Second: far.First}, &Nothing{}); err != nil {
		t.Fatal(err)
	}
	if err := g.Mark(Nothing{}, &Nothing{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range *g.streams.Load() {
		for s.got.Load() < 5 {
			<-time.After(media.FrameDuration)
		}
	}
	var m Measured
	if err := g.Measure(Nothing{}, &m); err != nil {
		t.Fatal(err)
	}
	if m.Lost != 0 || m.Refused != 0 || m.FirstP50 <= 0 || m.SecondP99 <= 0 {
		t.Errorf("%+v", m)
	}
}

func TestPacerGivesEveryStreamItsSlot(t *testing.T) {
	t.Parallel()
	sent := make(chan time.Time, 1000)
	streams := make([]*stream, 2*slots)
	for i := range streams {
		streams[i] = newStream(i, towardFirst, func([]byte) error { return nil })
	}
	streams[0] = newStream(0, towardFirst, func([]byte) error { sent <- time.Now(); return nil })
	p := newPacer(streams)
	for i, s := range p.slots {
		if len(s) != 2 {
			t.Errorf("slot %d has %d streams", i, len(s))
		}
	}
	go p.run()
	first := <-sent
	var last time.Time
	for range 10 {
		last = <-sent
	}
	p.stop()
	// Late on a busy machine, never early.
	if took := last.Sub(first); took < 10*media.FrameDuration-5*slot {
		t.Errorf("11 packets in %v", took)
	}
}

// The relay and the attackers in one process: what the product's rooms let in.
func TestRelayLetsNobodyIn(t *testing.T) {
	t.Parallel()
	r, err := newRelay(false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	s, err := newScene(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var near Joined
	if err := r.JoinTrunks(s.far(), &near); err != nil {
		t.Fatal(err)
	}
	s.join(near)
	for _, v := range s.calls {
		for frame := 0; v.callee.heard[citizen].Load() < 5 || v.citizen.heard[callee].Load() < 5; frame++ {
			v.attacker.speak(frame)
			v.citizen.speak(frame)
			v.callee.speak(frame)
			<-time.After(time.Millisecond)
		}
	}
	if d := s.damage(0, 1); d != (damage{}) {
		t.Errorf("%+v", d)
	}
}

func TestRelayAnswersBrowsers(t *testing.T) {
	t.Parallel()
	r, err := newRelay(false)
	if err != nil {
		t.Fatal(err)
	}
	g := &Generator{}
	defer func() {
		if err := errors.Join(g.close(), r.close()); err != nil {
			t.Error(err)
		}
	}()
	var far Opened
	if err := g.Open(OpenArgs{Calls: 2, Browsers: true}, &far); err != nil {
		t.Fatal(err)
	}
	var near Joined
	if err := r.JoinBrowsers(far, &near); err != nil {
		t.Fatal(err)
	}
	if err := g.Connect(near, &Nothing{}); err != nil {
		t.Fatal(err)
	}
	for _, s := range *g.streams.Load() {
		s.mark()
	}
	for _, s := range *g.streams.Load() {
		for s.got.Load() < 5 {
			<-time.After(media.FrameDuration)
		}
	}
}

func TestSpeaking(t *testing.T) {
	t.Parallel()
	c, e, a := &mouthpiece{who: citizen}, &mouthpiece{who: callee}, &mouthpiece{who: attacker}
	late := victim{citizen: c, callee: e, attacker: a}
	early := victim{early: true, citizen: c, callee: e, attacker: a}
	tests := map[string]struct {
		call  victim
		frame int
		want  int
	}{
		"late, before":     {late, lateFrom - 1, 2},
		"late, attacked":   {late, lateFrom, 3},
		"early, alone":     {early, 0, 1},
		"early, all":       {early, firstSilence, 3},
		"early, over":      {early, firstUntil, 2},
		"late, very first": {late, 0, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.call.speaking(tt.frame); len(got) != tt.want || (len(got) == 3 && got[0] != a) {
				t.Errorf("%d speak", len(got))
			}
		})
	}
}

// A child that is not there is an error, not a hang.
func TestPipeCloses(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	p := pipe{r, w}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Write([]byte("x")); err == nil {
		t.Error("wrote into a closed pipe")
	}
}
