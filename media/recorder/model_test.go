package recorder

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/media"
)

// stage is a recorder whose clock and writer are the test's.
type stage struct {
	*Recorder

	folder string
	began  time.Time
	now    int64 // in samples
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{folder: t.TempDir(), began: accepted()}
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	s.Recorder = &Recorder{
		log: slog.New(slog.DiscardHandler), metrics: m, root: root, open: map[string]*Recording{},
		wake: make(chan struct{}, 1),
		now:  func() time.Time { return s.began.Add(time.Duration(s.now) * time.Second / media.SampleRate) },
	}
	return s
}

// source is one direction as the model knows it: what it sends is on its way
// for up to 60 ms, and belongs where it was said.
type source struct {
	packet   media.Packet
	next     int64 // when the next is said
	anchored bool
	way      []flying
	want     []byte // the model: samples by time
}

type flying struct {
	arrives, belongs int64
	p                media.Packet
}

// history drives one recording and its model.
type history struct {
	t     *rapid.T
	stage *stage
	rec   *Recording
	sides [channels]*source
}

// TestAgainstAModel: loss, jitter, reordering, duplicates, silence, telephone-
// events, other SSRCs, jumps of the timestamp, and the other law, against
// two slices of samples.
func TestAgainstAModel(t *testing.T) {
	t.Parallel()
	stage, runs := newStage(t), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		checkHistory(t, stage, fmt.Sprint("run-", runs))
	})
}

func FuzzAgainstAModel(f *testing.F) {
	stage, runs := newStage(f), 0
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		runs++
		checkHistory(t, stage, fmt.Sprintf("fuzz-%d-%d", os.Getpid(), runs))
	}))
}

func checkHistory(t *rapid.T, s *stage, id string) {
	s.now = 0
	rec, err := s.start(id, accepted())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		delete(s.open, rec.name)
		_ = rec.file.file.Close() // when the history was given up
	}()
	h := &history{t: t, stage: s, rec: rec}
	for i := range h.sides {
		h.sides[i] = &source{packet: media.Packet{
			SSRC: rapid.Uint32().Draw(t, "ssrc"), Sequence: rapid.Uint16().Draw(t, "seq"), Timestamp: rapid.Uint32().Draw(t, "stamp"),
		}}
	}
	for range rapid.IntRange(1, 400).Draw(t, "frames") {
		h.frame()
	}
	rec.End()
	if !rec.step(s.now, true) {
		t.Fatal("it goes on")
	}
	rec.finish()
	h.compare()
}

// frame is 20 ms of both directions.
func (h *history) frame() {
	for _, side := range h.sides {
		h.disturb(side)
		h.say(side)
		h.deliver(side, h.stage.now+media.FrameSamples)
	}
	h.stage.now += media.FrameSamples
	if rapid.IntRange(0, 24).Draw(h.t, "write") == 0 {
		h.rec.step(h.stage.now, false)
	}
}

// disturb changes how the source counts, or lets it be silent.
func (h *history) disturb(s *source) {
	switch rapid.IntRange(0, 40).Draw(h.t, "event") {
	case 0:
		s.packet.SSRC++
		s.packet.Sequence, s.packet.Timestamp = rapid.Uint16().Draw(h.t, "seq"), rapid.Uint32().Draw(h.t, "stamp")
		s.anchored = false
	case 1:
		s.packet.Timestamp += uint32(rapid.SampledFrom([]int{-240000, 240000, 1 << 30}).Draw(h.t, "jump"))
		s.anchored = false
	case 2:
		s.packet.Law = media.MuLaw - s.packet.Law
	case 3:
		s.next += int64(rapid.IntRange(1, 400).Draw(h.t, "silence")) * media.FrameSamples
	}
}

// say sends the frame that is due, unless the source is silent.
func (h *history) say(s *source) {
	now := h.stage.now
	if s.next > now {
		s.packet.Timestamp += media.FrameSamples // time passes, numbers of packets do not
		return
	}
	s.next = now
	delay := int64(rapid.IntRange(0, 480).Draw(h.t, "delay"))
	copies := rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 0, 2}).Draw(h.t, "copies")
	if !s.anchored {
		for _, f := range s.way { // a new count begins when the old has arrived
			h.arrive(s, f)
		}
		s.way, delay, copies = nil, 0, 1 // the place of the first is the place of all
	}
	p := s.packet
	p.Payload = fill(byte(rapid.IntRange(1, 120).Draw(h.t, "octet")), media.FrameSamples)
	if rapid.IntRange(0, 9).Draw(h.t, "digit") == 0 && s.anchored {
		p.Kind, p.Payload = media.Digit, media.Event{Code: 5}.Append(nil)
	}
	s.anchored = true
	for range copies {
		s.way = append(s.way, flying{now + delay, now, p})
	}
	s.packet.Sequence++
	s.packet.Timestamp += media.FrameSamples
}

// deliver lets all arrive that is due before until, in the order of arrival.
func (h *history) deliver(s *source, until int64) {
	slices.SortStableFunc(s.way, func(a, b flying) int { return int(a.arrives - b.arrives) })
	for len(s.way) > 0 && s.way[0].arrives < until {
		h.arrive(s, s.way[0])
		s.way = s.way[1:]
	}
}

func (h *history) arrive(s *source, f flying) {
	clock := h.stage.now
	h.stage.now = max(clock, f.arrives)
	defer func() { h.stage.now = clock }()
	side := &h.rec.said
	if s == h.sides[right] {
		side = &h.rec.heard
	}
	side.Write(&f.p)
	if f.p.Kind != media.Audio {
		return
	}
	for int64(len(s.want)) < f.belongs+media.FrameSamples {
		s.want = append(s.want, media.SilenceALaw)
	}
	copy(s.want[f.belongs:], f.p.Law.AppendConverted(nil, f.p.Payload, media.ALaw))
}

func (h *history) compare() {
	said, heard := read(h.t, h.stage.folder, h.rec.Path())
	for i, got := range [][]byte{said, heard} {
		want := h.sides[i].want
		for int64(len(want)) < h.stage.now {
			want = append(want, media.SilenceALaw)
		}
		if want = want[:h.stage.now]; !bytes.Equal(got, want) {
			h.t.Fatalf("channel %d: %d samples, want %d; they differ from %d on", i, len(got), len(want), differ(got, want))
		}
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestAStalledDisk: the writer stands still for 10 s, as in an fsync that takes
// as long. What the ring holds is kept, the rest is a marked gap, and the time
// axis is right after it.
func TestAStalledDisk(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	rec, err := s.start(id, accepted())
	if err != nil {
		t.Fatal(err)
	}
	said := newSender(rec.Said())
	for i := range 600 {
		if i == 500 {
			rec.step(s.now, false)
		}
		said.say(byte(1 + i/50))
		s.now += media.FrameSamples
	}
	rec.End()
	if !rec.step(s.now, false) {
		t.Fatal("it goes on")
	}
	rec.finish()
	left, _ := read(t, s.folder, rec.Path())
	if len(left) != 12*media.SampleRate {
		t.Fatalf("%d samples, want 12 s", len(left))
	}
	for second, want := range map[int]byte{0: 1, 1: 2, 2: 3, 3: 4, 7: media.SilenceALaw, 10: 11, 11: 12} {
		if got := left[second*media.SampleRate+4000]; got != want {
			t.Errorf("second %d holds %d, want %d", second, got, want)
		}
	}
	if got := labelled(t, filepath.Join(s.folder, named)); len(got) != 1 || got[0].to != 10*media.SampleRate {
		t.Errorf("marked %+v", got)
	}
}
