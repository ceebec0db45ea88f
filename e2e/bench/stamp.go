package main

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// stampSize is how much of a payload's head we write. The relays pass it as
// it is: nobody transcodes.
const stampSize = len(stampMagic) + 4 + 4 + 8

// stampMagic tells our payloads from comfort noise and the like.
const stampMagic = "12345"

// stamp is what a packet's payload tells of itself.
type stamp struct {
	stream   uint32
	sequence uint32
	sent     int64 // Unix nanoseconds
}

func (s stamp) put(payload []byte) {
	at := payload[copy(payload, stampMagic):]
	binary.BigEndian.PutUint32(at, s.stream)
	binary.BigEndian.PutUint32(at[4:], s.sequence)
	binary.BigEndian.PutUint64(at[8:], uint64(s.sent))
}

func readStamp(payload []byte) (stamp, bool) {
	if len(payload) < stampSize || !bytes.HasPrefix(payload, []byte(stampMagic)) {
		return stamp{}, false
	}
	at := payload[len(stampMagic):]
	return stamp{
		stream:   binary.BigEndian.Uint32(at),
		sequence: binary.BigEndian.Uint32(at[4:]),
		sent:     int64(binary.BigEndian.Uint64(at[8:])),
	}, true
}

// Delays are counted in steps of 5 µs up to 250 ms; longer ones count as that.
const (
	delayStep  = 5 * time.Microsecond
	delaySteps = 50_000
)

// delays is a histogram that any goroutine may add to.
type delays struct{ counts [delaySteps]atomic.Uint32 }

func (d *delays) add(t time.Duration) {
	d.counts[min(max(t/delayStep, 0), delaySteps-1)].Add(1)
}

func (d *delays) reset() {
	for i := range d.counts {
		d.counts[i].Store(0)
	}
}

// percentile is the least delay that the part p of all packets did not exceed,
// 0 < p ≤ 1; zero when there was none.
func (d *delays) percentile(p float64) time.Duration {
	var total uint64
	for i := range d.counts {
		total += uint64(d.counts[i].Load())
	}
	want, seen := p*float64(total), uint64(0)
	for i := range d.counts {
		if seen += uint64(d.counts[i].Load()); total > 0 && float64(seen) >= want {
			return time.Duration(i+1) * delayStep
		}
	}
	return 0
}
