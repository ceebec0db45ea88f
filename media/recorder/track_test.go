package recorder

import (
	"testing"

	"pgregory.net/rapid"

	"hotline/media"
)

// arrival is one packet and when it arrived, in samples.
type arrival struct {
	now  int64
	p    media.Packet
	want int64 // its place; -1: none
}

func packet(ssrc uint32, seq uint16, stamp uint32) media.Packet {
	return media.Packet{SSRC: ssrc, Sequence: seq, Timestamp: stamp, Payload: make([]byte, media.FrameSamples)}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	const f, second = media.FrameSamples, media.SampleRate
	tests := map[string][]arrival{
		"in order": {
			{1000, packet(1, 1, 500), 1000},
			{1000 + f, packet(1, 2, 500+f), 1000 + f},
		},
		"jitter": {
			{1000, packet(1, 1, 0), 1000},
			{1000 + 3*f, packet(1, 2, f), 1000 + f},
			{1000 + 3*f, packet(1, 3, 2*f), 1000 + 2*f},
		},
		"sequence and timestamp wrap": {
			{0, packet(1, 65535, 0xffffff60), 0},
			{f, packet(1, 0, 0), f},
		},
		"reordered": {
			{0, packet(1, 1, 0), 0},
			{2 * f, packet(1, 3, 2*f), 2 * f},
			{2 * f, packet(1, 2, f), f},
			{3 * f, packet(1, 4, 3*f), 3 * f},
		},
		"pause without packets": {
			{0, packet(1, 1, 0), 0},
			{5 * second, packet(1, 2, 5*second), 5 * second},
		},
		"loss": {
			{0, packet(1, 1, 0), 0},
			{10 * f, packet(1, 11, 10*f), 10 * f},
		},
		"a stall and its burst": {
			{0, packet(1, 1, 0), 0},
			{second, packet(1, 2, f), f},
			{second, packet(1, 3, 2*f), 2 * f},
			{second, packet(1, 50, 49*f), 49 * f},
			{second + f, packet(1, 51, 50*f), 50 * f},
		},
		"other SSRC": {
			{0, packet(1, 1, 0), 0},
			{f, packet(2, 900, 77777), f},
		},
		"timestamp jumps 30 s ahead": {
			{0, packet(1, 1, 0), 0},
			{f, packet(1, 2, 30*second), f},
			{2 * f, packet(1, 3, 30*second+f), 2 * f},
		},
		"timestamp jumps 30 s back": {
			{40 * second, packet(1, 1, 60*second), 40 * second},
			{40*second + f, packet(1, 2, 30*second), 40*second + f},
		},
		"timestamp jumps half a second": {
			{0, packet(1, 1, 0), 0},
			{f, packet(1, 2, second/2), f},
		},
		"late packet of before the jump": {
			{0, packet(1, 1, 0), 0},
			{2 * f, packet(1, 3, 30*second), 2 * f},
			{2 * f, packet(1, 2, f), -1},
		},
		"late packet from the future": {
			{0, packet(1, 5, 0), 0},
			{f, packet(1, 4, 5*f), -1},
		},
		"sequence begins anew": {
			{0, packet(1, 40000, 0), 0},
			{f, packet(1, 5, 3*second), f},
		},
	}
	for name, arrivals := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var track track
			for i, a := range arrivals {
				at, ok := track.place(&a.p, a.now)
				if ok != (a.want >= 0) || ok && at != a.want {
					t.Errorf("packet %d: at %d, %v; want %d", i, at, ok, a.want)
				}
			}
		})
	}
}

// A first packet that was late is put right within a second.
func TestALateBeginningIsCorrected(t *testing.T) {
	t.Parallel()
	var track track
	var at int64
	for i := range 60 {
		now := int64(i) * media.FrameSamples
		if i == 0 {
			now = 2000
		}
		p := packet(1, uint16(i), uint32(i)*media.FrameSamples)
		at, _ = track.place(&p, now)
	}
	if off := at - 59*media.FrameSamples; off != 0 {
		t.Errorf("still %d samples off", off)
	}
}

// Whatever packets come, a track never places one far ahead of its arrival.
func TestPlaceIsNotFarAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var track track
		now := int64(0)
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			now += int64(rapid.IntRange(0, 4000).Draw(t, "passed"))
			p := packet(uint32(rapid.IntRange(1, 2).Draw(t, "ssrc")), rapid.Uint16().Draw(t, "seq"), rapid.Uint32().Draw(t, "stamp"))
			if at, ok := track.place(&p, now); ok && at > now+ahead {
				t.Fatalf("arrived at %d, placed at %d", now, at)
			}
		}
	})
}
