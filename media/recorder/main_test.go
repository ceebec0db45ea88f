package recorder

import (
	"context"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/media"
)

// childRole makes the test binary do a child's work instead of the tests.
const childRole = "HOTLINE_RECORDER_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childRole) {
	case "":
		goleak.VerifyTestMain(m)
	case "record":
		os.Exit(recordUntilKilled(os.Args[1]))
	case "full disk":
		os.Exit(recordOnAFullDisk(os.Args[1]))
	}
}

const id = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"

// accepted is late in the evening of the 24th in UTC, and the 25th in China.
func accepted() time.Time { return time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC) }

const named = "2026-11-25/" + id + ".wav"

func newRecorder(t testing.TB, folder string) *Recorder {
	t.Helper()
	r, err := New(Options{Config: Config{Folder: folder, Enabled: true}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func begin(t testing.TB, r *Recorder) *Recording {
	t.Helper()
	rec, err := r.Start(id, accepted())
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// sender is one source of packets of 20 ms; each sample of a packet is octet.
type sender struct {
	to     media.Sink
	packet media.Packet
}

func newSender(to media.Sink) *sender {
	return &sender{to: to, packet: media.Packet{SSRC: 7, Sequence: 65530, Timestamp: 0xffffff00}}
}

// say sends one packet whose samples are all octet.
func (s *sender) say(octet byte) {
	s.packet.Payload = fill(octet, media.FrameSamples)
	s.to.Write(&s.packet)
	s.skip(1)
}

// skip leaves n packets out.
func (s *sender) skip(n int) {
	s.packet.Sequence += uint16(n)
	s.packet.Timestamp += uint32(n) * media.FrameSamples
}

func fill(octet byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = octet
	}
	return b
}

// pass lets time go by: in a test with a clock of its own none is lost.
func pass(d time.Duration) { <-time.After(d) }

// judge is a test, or a run of a property.
type judge interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// read gives both channels of a recording as its header tells them.
func read(t judge, folder, name string) (said, heard []byte) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < headerSize {
		t.Fatalf("%s has %d octets: no header", name, len(b))
	}
	data := b[headerSize:][:binary.LittleEndian.Uint32(b[headerSize-4:])]
	for i := 0; i < len(data); i += frameOctets {
		said, heard = append(said, data[i+left]), append(heard, data[i+right])
	}
	return said, heard
}

// count is how many samples are octet.
func count(samples []byte, octet byte) int {
	n := 0
	for _, s := range samples {
		if s == octet {
			n++
		}
	}
	return n
}

// where is the first sample that is octet, or -1.
func where(samples []byte, octet byte) int {
	for i, s := range samples {
		if s == octet {
			return i
		}
	}
	return -1
}
