package media

import (
	"errors"
	"testing"
	"time"
)

// eventPacket is one packet as a phone sends it.
type eventPacket struct {
	ssrc, timestamp uint32
	key             rune
	duration        uint16
	end             bool
	after           time.Duration // since the packet before
}

func (e eventPacket) packet() *Packet {
	code, ok := EventCode(e.key)
	if !ok {
		code = 16 // hook flash
	}
	event := Event{Code: code, End: e.end, Volume: 10, Duration: e.duration}
	return &Packet{Kind: Digit, SSRC: e.ssrc, Timestamp: e.timestamp, Payload: event.Append(nil)}
}

// press is what Chromium and phones send: one timestamp, the end three times.
func press(ssrc, timestamp uint32, key rune) []eventPacket {
	const step = 20 * time.Millisecond
	return []eventPacket{
		{ssrc, timestamp, key, 160, false, step},
		{ssrc, timestamp, key, 320, false, step},
		{ssrc, timestamp, key, 800, true, step},
		{ssrc, timestamp, key, 800, true, 0},
		{ssrc, timestamp, key, 800, true, 0},
	}
}

func TestDigitReceiver(t *testing.T) {
	t.Parallel()
	one := press(1, 1000, '5')
	tests := map[string]struct {
		packets []eventPacket
		want    string
	}{
		"one press":                       {one, "5"},
		"twice the same key":              {append(press(1, 1000, '5'), press(1, 3000, '5')...), "55"},
		"a number":                        {append(append(press(1, 1000, '1'), press(1, 3000, '2')...), press(1, 5000, '#')...), "12#"},
		"first packets lost":              {one[2:], "5"},
		"all but the last lost":           {one[4:], "5"},
		"end packets lost":                {append(one[:2:2], press(1, 3000, '6')...), "56"},
		"reordered":                       {[]eventPacket{one[2], one[0], one[1]}, "5"},
		"late packet of the press before": {append(press(1, 3000, '6'), one[0]), "6"},
		"own SSRC for digits":             {append(press(1, 1000, '5'), press(2, 1000, '5')...), "55"},
		"hook flash is no key":            {[]eventPacket{{1, 1000, 'x', 160, false, 0}}, ""},
		"timestamp never changes": {append(one[:2:2],
			eventPacket{1, 1000, '5', 160, false, 500 * time.Millisecond}), "55"},
		"long press": {[]eventPacket{
			{1, 1000, '5', 160, false, 0},
			{1, 1000, '5', 8000, false, time.Second},
			{1, 1000, '5', 8000, true, time.Second},
		}, "5"},
		"timestamps wrap": {append(press(1, 0xffffff00, '1'), press(1, 100, '2')...), "12"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r DigitReceiver
			now := time.Unix(0, 0)
			got := ""
			for _, e := range tt.packets {
				now = now.Add(e.after)
				if key, ok := r.Receive(e.packet(), now); ok {
					got += string(key)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDigitReceiverOpen(t *testing.T) {
	t.Parallel()
	var r DigitReceiver
	now := time.Unix(0, 0)
	packets := press(1, 1000, '5')
	r.Receive(packets[0].packet(), now)
	if !r.Open(now) || r.Open(now.Add(eventSilence)) {
		t.Error("a press must be open for 120 ms after its newest packet")
	}
	r.Receive(packets[2].packet(), now)
	if r.Open(now) {
		t.Error("open after its end")
	}
}

func TestEventRoundTrip(t *testing.T) {
	t.Parallel()
	for _, key := range digits {
		code, ok := EventCode(key)
		e, err := ParseEvent(Event{Code: code, End: true, Volume: 63, Duration: 0xabcd}.Append(nil))
		if got, known := e.Key(); !ok || err != nil || !known || got != key || !e.End || e.Duration != 0xabcd {
			t.Errorf("%q: %+v, %v", key, e, err)
		}
	}
	if _, ok := EventCode('E'); ok {
		t.Error("E is no key")
	}
}

func FuzzDigitReceiver(f *testing.F) {
	f.Add([]byte{5, 0x0a, 0, 160}, uint32(1000), uint32(1))
	f.Add([]byte{5, 0x8a, 3, 32, 0}, uint32(0), uint32(0))
	f.Add([]byte{5}, uint32(1), uint32(1))
	f.Fuzz(func(t *testing.T, payload []byte, timestamp, ssrc uint32) {
		var r DigitReceiver
		now := time.Unix(0, 0)
		p := &Packet{Kind: Digit, Timestamp: timestamp, SSRC: ssrc, Payload: payload}
		_, err := ParseEvent(payload)
		key, fresh := r.Receive(p, now)
		if fresh && (errors.Is(err, ErrNotEvent) || key == 0) {
			t.Fatal("a key out of nothing")
		}
		if _, again := r.Receive(p, now); again {
			t.Fatal("the same packet counted twice")
		}
	})
}
