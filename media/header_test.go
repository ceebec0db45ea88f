package media

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pion/rtp"
)

func TestParseRTP(t *testing.T) {
	t.Parallel()
	plain := []byte{0x80, 0x88, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8}
	tests := map[string]struct {
		packet  []byte
		payload []byte
		bad     bool
	}{
		"plain":               {packet: append(bytes.Clone(plain), 9, 9), payload: []byte{9, 9}},
		"empty payload":       {packet: plain, payload: []byte{}},
		"csrc":                {packet: append([]byte{0x81}, append(bytes.Clone(plain[1:]), 0, 0, 0, 1, 9)...), payload: []byte{9}},
		"extension":           {packet: append([]byte{0x90}, append(bytes.Clone(plain[1:]), 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 9)...), payload: []byte{9}},
		"padding":             {packet: append([]byte{0xa0}, append(bytes.Clone(plain[1:]), 9, 0, 2)...), payload: []byte{9}},
		"short":               {packet: plain[:11], bad: true},
		"nothing":             {packet: nil, bad: true},
		"version 1":           {packet: append([]byte{0x40}, plain[1:]...), bad: true},
		"csrc missing":        {packet: append([]byte{0x82}, plain[1:]...), bad: true},
		"extension missing":   {packet: append([]byte{0x90}, plain[1:]...), bad: true},
		"extension too long":  {packet: append([]byte{0x90}, append(bytes.Clone(plain[1:]), 0, 0, 255, 255)...), bad: true},
		"padding of nothing":  {packet: append([]byte{0xa0}, append(bytes.Clone(plain[1:]), 9, 0)...), bad: true},
		"padding beyond":      {packet: append([]byte{0xa0}, append(bytes.Clone(plain[1:]), 9, 3)...), bad: true},
		"padding of a header": {packet: append([]byte{0xa0}, append(bytes.Clone(plain[1:11]), 1)...), bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, payload, err := ParseRTP(tt.packet)
			if tt.bad {
				if !errors.Is(err, ErrNotRTP) {
					t.Errorf("err = %v", err)
				}
				return
			}
			if err != nil || !bytes.Equal(payload, tt.payload) {
				t.Errorf("payload = %v, err = %v", payload, err)
			}
			if want := (Header{true, 8, 0x1234, 0x01020304, 0x05060708}); h != want {
				t.Errorf("header = %+v", h)
			}
		})
	}
}

// FuzzParseRTP holds our reading of a packet to pion's.
func FuzzParseRTP(f *testing.F) {
	f.Add([]byte{0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xd5})
	f.Add([]byte{0x91, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 1})
	f.Add([]byte{0xa0, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xd5, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, err := ParseRTP(b)
		var theirs rtp.Header
		n, theirErr := theirs.Unmarshal(b)
		if err != nil {
			return
		}
		if b[0]&0x10 != 0 {
			return // pion reads the elements of an extension, which we step over
		}
		if theirErr != nil {
			t.Fatalf("we read what pion refuses: %v", theirErr)
		}
		if h != (Header{theirs.Marker, theirs.PayloadType, theirs.SequenceNumber, theirs.Timestamp, theirs.SSRC}) {
			t.Fatalf("%+v, pion has %+v", h, theirs)
		}
		if !bytes.HasPrefix(b[n:], payload) {
			t.Fatal("payload is elsewhere")
		}
		again := make([]byte, HeaderSize)
		h.Put(again)
		if back, _, err := ParseRTP(again); err != nil || back != h {
			t.Fatalf("round trip: %+v, %v", back, err)
		}
	})
}
