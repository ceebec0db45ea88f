package media

import (
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sequence []uint16
		lost     uint64
	}{
		"in order":             {[]uint16{1, 2, 3}, 0},
		"one lost":             {[]uint16{1, 3}, 1},
		"late":                 {[]uint16{1, 3, 2}, 0},
		"wraps":                {[]uint16{65534, 65535, 0, 1}, 0},
		"lost at the wrap":     {[]uint16{65534, 1}, 2},
		"begins anew":          {[]uint16{1, 2, 40000, 40001}, 0},
		"duplicate is no gain": {[]uint16{1, 1, 2}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m Meter
			now := time.Unix(100, 0)
			for _, s := range tt.sequence {
				m.Receive(&Packet{Sequence: s, SSRC: 1, Payload: make([]byte, 160)}, now)
			}
			var got Stats
			m.Fill(&got)
			if got.Lost != tt.lost || got.In != uint64(len(tt.sequence)) || got.InBytes != 160*got.In {
				t.Errorf("%+v, want lost %d", got, tt.lost)
			}
			if !m.Last().Equal(now) {
				t.Errorf("last = %v", m.Last())
			}
		})
	}
}

func TestMeterJitter(t *testing.T) {
	t.Parallel()
	var steady, uneven Meter
	now := time.Unix(100, 0)
	for i := range 500 {
		p := &Packet{Sequence: uint16(i), Timestamp: uint32(i) * 160}
		at := now.Add(time.Duration(i) * FrameDuration)
		steady.Receive(p, at)
		uneven.Receive(p, at.Add(time.Duration(i%2)*10*time.Millisecond))
	}
	var a, b Stats
	steady.Fill(&a)
	uneven.Fill(&b)
	if a.Jitter != 0 {
		t.Errorf("steady: %v", a.Jitter)
	}
	if b.Jitter < 9*time.Millisecond || b.Jitter > 10*time.Millisecond {
		t.Errorf("uneven: %v, want just under 10 ms", b.Jitter)
	}
	if !(&Meter{}).Last().IsZero() {
		t.Error("a packet out of nothing")
	}
}

func TestMeterHighest(t *testing.T) {
	t.Parallel()
	type received struct {
		ssrc     uint32
		sequence uint16
	}
	tests := map[string]struct {
		packets  []received
		ssrc     uint32
		sequence uint32
	}{
		"nothing yet":       {},
		"in order":          {[]received{{5, 1}, {5, 2}}, 5, 2},
		"a late one":        {[]received{{5, 1}, {5, 3}, {5, 2}}, 5, 3},
		"one wrap":          {[]received{{5, 65535}, {5, 0}, {5, 1}}, 5, 1<<16 | 1},
		"late at the wrap":  {[]received{{5, 65535}, {5, 1}, {5, 0}}, 5, 1<<16 | 1},
		"another source":    {[]received{{5, 65535}, {5, 0}, {6, 9}}, 6, 9},
		"a jump begins new": {[]received{{5, 65535}, {5, 0}, {5, 30000}}, 5, 30000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m Meter
			for _, p := range tt.packets {
				m.Receive(&Packet{SSRC: p.ssrc, Sequence: p.sequence}, time.Unix(100, 0))
			}
			if ssrc, sequence := m.Highest(); ssrc != tt.ssrc || sequence != tt.sequence {
				t.Errorf("%d of %d, want %d of %d", sequence, ssrc, tt.sequence, tt.ssrc)
			}
		})
	}
}
