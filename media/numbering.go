package media

import "time"

const (
	// reorderWindow is how many packets back a late one is still sent.
	reorderWindow = 64
	// maxTimestampJump is the longest silence within one source; beyond it the
	// source is taken to have begun anew.
	maxTimestampJump = 60 * SampleRate
	// maxPassed is the longest pause that a switch reproduces: a seat may be
	// silent over a weekend, and timestamps must not wrap past half their range.
	maxPassed = time.Hour
)

// numbering maps the numbers of the source that has its turn to those of the
// stream. Sequence numbers of the source are unwrapped to 64 bits.
type numbering struct {
	seq       uint16    // newest number sent
	timestamp uint32    // newest timestamp sent
	length    uint32    // samples of the newest packet
	sent      time.Time // when it was sent

	turn      *selection
	ssrc      uint32 // of the source
	floor     int64  // source numbers below are too late
	newest    int64  // newest source number
	seen      uint64 // bit i: newest-i has left
	first     uint32 // first timestamp of the source in this turn
	audio     uint32 // newest timestamp of audio of the source
	hasAudio  bool
	seqOffset uint16
	tsOffset  uint32
}

// assign gives out the packet's numbers, or false when p must be dropped.
func (n *numbering) assign(turn *selection, p *Packet, out *Packet, digits bool, now time.Time) bool {
	anew := n.begins(turn, p)
	if p.Kind == Digit && !digits {
		if !anew {
			n.skip(p)
		}
		return false
	}
	if anew {
		n.begin(turn, p, now)
	} else if !n.accept(p) {
		return false
	}
	out.Marker = p.Marker || anew
	out.Sequence, out.Timestamp = p.Sequence+n.seqOffset, p.Timestamp+n.tsOffset
	n.record(p, out, now)
	return true
}

// begins says that p is the first of a source: another turn, another SSRC, or
// numbers that cannot follow what came before.
func (n *numbering) begins(turn *selection, p *Packet) bool {
	if turn != n.turn || p.SSRC != n.ssrc {
		return true
	}
	step := int16(p.Sequence - uint16(n.newest))
	if step > maxJump || step < -maxJump {
		return true
	}
	if step <= 0 || p.Kind != Audio || !n.hasAudio {
		return false
	}
	ahead := int32(p.Timestamp - n.audio)
	return ahead < 0 || ahead > maxTimestampJump
}

func (n *numbering) begin(turn *selection, p *Packet, now time.Time) {
	n.turn, n.ssrc = turn, p.SSRC
	n.newest = 1<<16 | int64(p.Sequence)
	n.floor, n.seen, n.first, n.hasAudio = n.newest, 1, p.Timestamp, false
	n.seqOffset = n.seq + 1 - p.Sequence
	n.tsOffset = n.timestamp + n.passed(now) - p.Timestamp
}

// passed is the time since the newest packet in samples, in whole frames, at
// least that packet's own length.
func (n *numbering) passed(now time.Time) uint32 {
	least := max(n.length, FrameSamples)
	if n.sent.IsZero() {
		return least
	}
	frames := (min(now.Sub(n.sent), maxPassed) + FrameDuration/2) / FrameDuration
	return max(uint32(max(frames, 0))*FrameSamples, least)
}

// accept says whether p of the running source may leave: once, and not before
// what was the source's first.
func (n *numbering) accept(p *Packet) bool {
	number := n.unwrap(p.Sequence)
	if number < n.floor || n.early(p) {
		return false
	}
	return n.mark(number)
}

// early says that p's timestamp lies before the first of the turn: the rest of
// a digit pressed before it.
func (n *numbering) early(p *Packet) bool {
	behind := int32(n.first - p.Timestamp)
	return behind > 0 && behind <= maxTimestampJump
}

func (n *numbering) unwrap(seq uint16) int64 {
	return n.newest + int64(int16(seq-uint16(n.newest)))
}

// mark notes that number leaves; false if it has already, or is too old to tell.
func (n *numbering) mark(number int64) bool {
	ahead := number - n.newest
	switch {
	case ahead > 0:
		n.seen = n.seen<<min(uint64(ahead), reorderWindow) | 1
		n.newest = number
		return true
	case -ahead >= reorderWindow || n.seen>>uint64(-ahead)&1 != 0:
		return false
	default:
		n.seen |= 1 << uint64(-ahead)
		return true
	}
}

// skip closes the gap that a left-out packet would leave, so that the far end
// does not take it for loss.
func (n *numbering) skip(p *Packet) {
	number := n.unwrap(p.Sequence)
	if number <= n.newest {
		return
	}
	n.mark(number)
	n.floor = number
	n.seqOffset--
}

func (n *numbering) record(p *Packet, out *Packet, now time.Time) {
	if int16(out.Sequence-n.seq) > 0 {
		n.seq = out.Sequence
		n.sent = now
	}
	length := uint32(len(p.Payload))
	if p.Kind != Audio {
		length = 0
	} else if !n.hasAudio || int32(p.Timestamp-n.audio) > 0 {
		n.audio, n.hasAudio = p.Timestamp, true
	}
	if int32(out.Timestamp-n.timestamp) > 0 {
		n.timestamp, n.length = out.Timestamp, length
	}
}
