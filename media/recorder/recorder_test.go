package recorder

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hotline/media"
)

// soxi asks sox about a file.
func soxi(t *testing.T, what, file string) float64 {
	t.Helper()
	// sox tells formats by their suffix.
	link := filepath.Join(t.TempDir(), "it.wav")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("soxi", what, link).CombinedOutput()
	if err != nil {
		t.Fatalf("soxi: %v\n%s", err, out)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatalf("soxi says %q", out)
	}
	return v
}

// talk is 3 s of both sides: the citizen from the first second on, the city
// from the second.
func talk(rec *Recording) {
	said, heard := newSender(rec.Said()), newSender(rec.Heard())
	for i := range 150 {
		if i >= 50 {
			said.say(0x11)
		}
		if i >= 100 {
			heard.say(0x22)
		}
		pass(media.FrameDuration)
	}
}

func TestBothChannels(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t, folder)
		rec := begin(t, r)
		talk(rec)
		if rec.Path() != named {
			t.Errorf("path %s, want %s", rec.Path(), named)
		}
		if _, err := os.Stat(filepath.Join(folder, named+openSuffix)); err != nil {
			t.Error(err)
		}
		rec.End()
		rec.End()
		<-rec.Done()
		rec.Said().Write(&media.Packet{}) // of no effect
		f, err := r.Open(named)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	said, heard := read(t, folder, named)
	if len(said) != 3*media.SampleRate || len(heard) != len(said) {
		t.Fatalf("%d and %d samples, want 3 s", len(said), len(heard))
	}
	if where(said, 0x11) != 8000 || count(said, 0x11) != 16000 || count(said, media.SilenceALaw) != 8000 {
		t.Errorf("said from %d on, %d samples", where(said, 0x11), count(said, 0x11))
	}
	if where(heard, 0x22) != 16000 || count(heard, 0x22) != 8000 || count(heard, 0x11) != 0 {
		t.Errorf("heard from %d on, %d samples", where(heard, 0x22), count(heard, 0x22))
	}
	judgeBySox(t, filepath.Join(folder, named))
	if _, err := os.Stat(filepath.Join(folder, named+openSuffix)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the open file is still there: %v", err)
	}
}

// judgeBySox lets another program read the file.
func judgeBySox(t *testing.T, file string) {
	t.Helper()
	for what, want := range map[string]float64{"-r": 8000, "-c": 2, "-b": 13, "-D": 3} {
		if got := soxi(t, what, file); math.Abs(got-want) > 0.001 && (what != "-b" || got != 8) {
			t.Errorf("soxi %s: %v, want %v", what, got, want)
		}
	}
	if out, err := exec.Command("soxi", "-e", file).Output(); err != nil || strings.TrimSpace(string(out)) != "A-law" {
		t.Errorf("soxi -e: %q, %v", out, err)
	}
	raw, err := exec.Command("sox", file, "-t", "raw", "-e", "a-law", "-b", "8", "-", "remix", "1").Output()
	if err != nil || len(raw) != 3*media.SampleRate || count(raw, 0x11) != 2*media.SampleRate {
		t.Errorf("sox reads %d samples of the left channel, %d of them the citizen's, %v", len(raw), count(raw, 0x11), err)
	}
}

// What carriers do to numbers changes neither the length nor the place (±1 %).
func TestLengthWhateverTheNumbersDo(t *testing.T) {
	t.Parallel()
	const packets = 500 // 10 s
	tests := map[string]func(s *sender, i int){
		"sequence wraps":              func(s *sender, i int) { s.packet.Sequence = uint16(65300 + i) },
		"timestamp wraps":             func(s *sender, i int) { s.packet.Timestamp = uint32(0xffff0000 + i*media.FrameSamples) },
		"timestamp jumps 30 s":        at(250, func(s *sender) { s.packet.Timestamp += 240000 }),
		"timestamp jumps 30 s back":   at(250, func(s *sender) { s.packet.Timestamp -= 240000 }),
		"other SSRC":                  at(250, func(s *sender) { s.packet.SSRC, s.packet.Sequence, s.packet.Timestamp = 99, 3, 1<<31 }),
		"other SSRC, again and again": func(s *sender, i int) { s.packet.SSRC = uint32(i / 50) },
		"other payload type":          at(250, func(s *sender) { s.packet.Law = media.MuLaw }),
	}
	for name, disturb := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				rec := begin(t, newRecorder(t, folder))
				s := newSender(rec.Said())
				for i := range packets {
					disturb(s, i)
					octet := byte(0x11)
					if s.packet.Law == media.MuLaw {
						octet = media.ALaw.AppendConverted(nil, []byte{octet}, media.MuLaw)[0]
					}
					s.say(octet)
					pass(media.FrameDuration)
				}
				rec.End()
				<-rec.Done()
			})
			said, _ := read(t, folder, named)
			if n := len(said); n != 10*media.SampleRate {
				t.Errorf("%d samples, want 10 s", n)
			}
			converted := media.MuLaw.AppendConverted(nil, media.ALaw.AppendConverted(nil, []byte{0x11}, media.MuLaw), media.ALaw)[0]
			n := count(said, 0x11)
			if converted != 0x11 {
				n += count(said, converted)
			}
			if n < len(said)*99/100 {
				t.Errorf("%d of %d samples are there", n, len(said))
			}
		})
	}
}

// at does something once, before that packet.
func at(packet int, do func(*sender)) func(*sender, int) {
	return func(s *sender, i int) {
		if i == packet {
			do(s)
		}
	}
}

// TestAnHourInStep: the citizen's phone counts 150 ppm too fast, the city's side
// as much too slow. Both click each minute, and the clicks stay together.
func TestAnHourInStep(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		rec := begin(t, newRecorder(t, folder))
		done := make(chan struct{}, channels)
		for sink, drift := range map[media.Sink]float64{rec.Said(): 1 + 150e-6, rec.Heard(): 1 - 150e-6} {
			go func() {
				clickEachMinute(newSender(sink), drift)
				done <- struct{}{}
			}()
		}
		<-done
		<-done
		rec.End()
		<-rec.Done()
	})
	said, heard := read(t, folder, named)
	if off := distance(int64(len(said) - 3600*media.SampleRate)); off > 8*media.FrameSamples {
		t.Errorf("%d samples, want an hour", len(said))
	}
	const within = tolerance + 2*media.FrameSamples
	for minute := 1; minute < 60; minute++ {
		from := minute*60*media.SampleRate - media.SampleRate
		a, b := where(said[from:], 0x33), where(heard[from:], 0x33)
		if a < 0 || b < 0 || max(a, b)-min(a, b) > 2*within || a < media.SampleRate-within || b > media.SampleRate+within {
			t.Errorf("minute %d: clicks at %d and %d, want both near %d", minute, a, b, media.SampleRate)
		}
	}
}

// clickEachMinute sends an hour of packets on a clock of that speed.
func clickEachMinute(s *sender, speed float64) {
	began, clicked := time.Now(), time.Duration(0)
	for i := range int(3600 * 50 * speed) {
		due := time.Duration(float64(i) * float64(media.FrameDuration) / speed)
		pass(due - time.Since(began))
		if minute := time.Since(began).Truncate(time.Minute); minute > clicked {
			clicked = minute
			s.say(0x33)
			continue
		}
		s.say(0x11)
	}
}

// labelled reads the marks of a file.
func labelled(t *testing.T, file string) []mark {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if int(le.Uint32(b[4:])) != len(b)-8 {
		t.Errorf("the file has %d octets and tells of %d", len(b), le.Uint32(b[4:])+8)
	}
	b = b[headerSize+int(le.Uint32(b[headerSize-4:])):]
	if len(b) == 0 {
		return nil
	}
	found := make([]mark, le.Uint32(b[8:]))
	for i := range found {
		found[i].from = int64(le.Uint32(b[12+24*i+20:]))
	}
	b = b[8+le.Uint32(b[4:]):][12:] // LIST, size, adtl
	for i := range found {
		size := le.Uint32(b[4:])
		if got := strings.Trim(string(b[12:8+size]), "\x00"); got != gapLabel {
			t.Errorf("a mark is labelled %q", got)
		}
		b = b[8+size+size%2:]
		found[i].to = found[i].from + int64(le.Uint32(b[12:]))
		b = b[8+le.Uint32(b[4:]):]
	}
	return found
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	r := newRecorder(t, t.TempDir())
	begin(t, r)
	for name, id := range map[string]string{
		"a path": "../" + id, "nothing": "", "twice": id, "too long": strings.Repeat("x", 65), "a hidden file": ".x",
	} {
		if _, err := r.Start(id, accepted()); err == nil {
			t.Errorf("%s: began", name)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := r.Start("other", accepted()); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// Close ends what is open, and names it.
func TestCloseEndsAll(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := newRecorder(t, folder)
	rec := begin(t, r)
	newSender(rec.Said()).say(0x11)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-rec.Done()
	if _, err := os.Stat(filepath.Join(folder, named)); err != nil {
		t.Error(err)
	}
}

// A folder that takes no file costs the recording, and says so; nothing waits.
func TestAFolderThatTakesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "2026-11-25"), nil, 0o600); err != nil { // where the day's folder should be
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		rec := begin(t, newRecorder(t, folder))
		talk(rec)
		rec.End()
		<-rec.Done()
		if rec.Path() != "" {
			t.Errorf("it names %s", rec.Path())
		}
	})
}

func TestOpenServesFinishedFilesOnly(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := newRecorder(t, folder)
	if err := os.WriteFile(filepath.Join(folder, "..", filepath.Base(folder)+".wav"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	begin(t, r)
	for _, name := range []string{"", ".", named, named + openSuffix, "../" + filepath.Base(folder) + ".wav", "/etc/passwd"} {
		if f, err := r.Open(name); err == nil {
			_ = f.Close()
			t.Errorf("%q was opened", name)
		}
	}
}

func TestConfigNamesItsFields(t *testing.T) {
	t.Parallel()
	if err := (Config{Folder: "x"}).Validate(); err != nil {
		t.Error(err)
	}
	if _, err := New(Options{Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("error %v, want the folder named", err)
	}
}

func TestTakingAllocatesNothing(t *testing.T) {
	rec := begin(t, newRecorder(t, t.TempDir()))
	s := newSender(rec.Heard())
	s.packet.Law, s.packet.Payload = media.MuLaw, fill(0x11, media.FrameSamples)
	if n := testing.AllocsPerRun(1000, func() { s.to.Write(&s.packet); s.skip(1) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkTake(b *testing.B) {
	rec := begin(b, newRecorder(b, b.TempDir()))
	s := newSender(rec.Heard())
	s.packet.Payload = fill(0x11, media.FrameSamples)
	b.ReportAllocs()
	for b.Loop() {
		s.to.Write(&s.packet)
		s.skip(1)
	}
}

// BenchmarkSecond is what a second of one call costs: 100 packets, two writes.
func BenchmarkSecond(b *testing.B) {
	s := newStage(b)
	s.block = make([]byte, 0, ringSamples*channels)
	rec, err := s.start(id, accepted())
	if err != nil {
		b.Fatal(err)
	}
	said, heard := newSender(rec.Said()), newSender(rec.Heard())
	said.packet.Payload = fill(0x11, media.FrameSamples)
	heard.packet.Payload = said.packet.Payload
	b.ReportAllocs()
	for b.Loop() {
		for i := range 50 {
			for _, side := range []*sender{said, heard} {
				side.to.Write(&side.packet)
				side.skip(1)
			}
			if s.now += media.FrameSamples; i%25 == 0 {
				rec.step(s.now%(60*media.SampleRate), false)
			}
		}
	}
}
