package recorder

import "hotline/media"

// Lengths in samples, which are 125 µs.
const (
	// tolerance is how far a packet's time and its arrival may differ: jitter,
	// and the drift of the sender's clock.
	tolerance = 120 * media.SampleRate / 1000
	// settle is how long all packets must be off before the place of a source
	// is corrected; a burst after a stall is over by then.
	settle = media.SampleRate / 2
	// ahead and behind are how far from its arrival a packet may be placed;
	// beyond, its numbers have jumped.
	ahead  = media.SampleRate
	behind = 2 * media.SampleRate
	// maxReorder is how many packets back a packet is late and not of another
	// count.
	maxReorder = 100
)

// track places the packets of one direction on the time axis of the call: by
// their timestamps within a source, by their arrival where a source begins.
type track struct {
	known  bool
	ssrc   uint32
	seq    uint16 // of the newest packet
	stamp  uint32 // its timestamp
	length int64  // its samples
	at     int64  // its place

	off   bool  // packets are off their place,
	since int64 // from that arrival on,
	by    int64 // the one least late by that much
}

// place says where the audio of p, which arrived at now, belongs; false where
// it has no place any more.
func (t *track) place(p *media.Packet, now int64) (int64, bool) {
	if !t.known || p.SSRC != t.ssrc {
		return t.anchor(p, now), true
	}
	step := int64(int16(p.Sequence - t.seq))
	at := t.at + int64(int32(p.Timestamp-t.stamp))
	if step <= 0 && step > -maxReorder {
		return at, at <= t.at && at > t.at-behind
	}
	if t.jumped(step, at, now) {
		return t.anchor(p, now), true
	}
	return t.follow(p, t.correct(at, now)), true
}

func (t *track) anchor(p *media.Packet, now int64) int64 {
	t.known, t.ssrc, t.off = true, p.SSRC, false
	return t.follow(p, now)
}

func (t *track) follow(p *media.Packet, at int64) int64 {
	t.seq, t.stamp, t.length, t.at = p.Sequence, p.Timestamp, int64(len(p.Payload)), at
	return at
}

// jumped says that the timestamps cannot follow those before: beyond what the
// window holds, or a step that neither the packets nor the clock explain.
func (t *track) jumped(step, at, now int64) bool {
	late := now - at
	if late > behind || late < -ahead {
		return true
	}
	return distance(late) > tolerance && distance(at-t.at-step*t.length) > tolerance
}

// correct moves the source when its packets have been off for a while: its
// clock drifts, or its first packet was late.
func (t *track) correct(at, now int64) int64 {
	by := at - now
	if distance(by) <= tolerance {
		t.off = false
		return at
	}
	if !t.off || (by > 0) != (t.by > 0) {
		t.off, t.since, t.by = true, now, by
	}
	t.by = max(t.by, by)
	if now-t.since < settle {
		return at
	}
	t.off = false
	return at - t.by
}

func distance(n int64) int64 { return max(n, -n) }
