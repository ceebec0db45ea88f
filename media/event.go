package media

import (
	"encoding/binary"
	"errors"
	"time"
)

// EventSize is the length in octets of one telephone-event (RFC 4733 §2.3).
const EventSize = 4

// eventSilence ends an event whose end packets were all lost.
const eventSilence = 120 * time.Millisecond

// digits are the keys of RFC 4733 §3.2 in the order of their codes.
const digits = "0123456789*#ABCD"

// ErrNotEvent says that a payload is too short to be a telephone-event.
var ErrNotEvent = errors.New("media: not a telephone-event")

// Event is the payload of one telephone-event packet.
type Event struct {
	Code     uint8
	End      bool
	Volume   uint8  // 0..63, in dBm0 below zero
	Duration uint16 // in 8 kHz units since the packet's timestamp
}

// ParseEvent reads the first event of a payload.
func ParseEvent(payload []byte) (Event, error) {
	if len(payload) < EventSize {
		return Event{}, ErrNotEvent
	}
	return Event{
		Code:     payload[0],
		End:      payload[1]&0x80 != 0,
		Volume:   payload[1] & 0x3f,
		Duration: binary.BigEndian.Uint16(payload[2:]),
	}, nil
}

// Append writes the event to dst.
func (e Event) Append(dst []byte) []byte {
	flags := e.Volume & 0x3f
	if e.End {
		flags |= 0x80
	}
	return binary.BigEndian.AppendUint16(append(dst, e.Code, flags), e.Duration)
}

// Key is the key that the event stands for; false for events that are no
// DTMF digit, such as hook flash.
func (e Event) Key() (rune, bool) {
	if int(e.Code) >= len(digits) {
		return 0, false
	}
	return rune(digits[e.Code]), true
}

// EventCode is the event code of a key; false when key is none of 0-9, *, #, A-D.
func EventCode(key rune) (uint8, bool) {
	for i, d := range digits {
		if d == key {
			return uint8(i), true
		}
	}
	return 0, false
}

// DigitReceiver turns the packets of telephone-events into keys, each once: a
// press is known by SSRC and timestamp, counts with its first packet that
// arrives, and is over with an end packet or after 120 ms without one. The
// zero value is ready. It is used by one goroutine.
type DigitReceiver struct {
	known     bool
	open      bool
	ssrc      uint32
	timestamp uint32
	duration  uint16
	heard     time.Time
}

// Receive takes one packet of kind Digit that arrived at now, and returns the
// key if a new press begins with it.
func (r *DigitReceiver) Receive(p *Packet, now time.Time) (rune, bool) {
	event, err := ParseEvent(p.Payload)
	if err != nil {
		return 0, false
	}
	key, ok := event.Key()
	if !ok || r.stale(p) {
		return 0, false
	}
	fresh := r.fresh(p, event, now)
	r.remember(p, event, now)
	return key, fresh
}

// stale says that p belongs to a press before the one that is known.
func (r *DigitReceiver) stale(p *Packet) bool {
	return r.known && p.SSRC == r.ssrc && int32(p.Timestamp-r.timestamp) < 0
}

// fresh says that p begins a press. Some gateways never change the timestamp;
// there a shorter duration after a pause tells the next press.
func (r *DigitReceiver) fresh(p *Packet, e Event, now time.Time) bool {
	if !r.known || p.SSRC != r.ssrc || p.Timestamp != r.timestamp {
		return true
	}
	paused := now.Sub(r.heard) >= eventSilence
	return paused && !e.End && e.Duration < r.duration
}

func (r *DigitReceiver) remember(p *Packet, e Event, now time.Time) {
	*r = DigitReceiver{
		known: true, open: !e.End, ssrc: p.SSRC, timestamp: p.Timestamp,
		duration: e.Duration, heard: now,
	}
}

// Open says whether a key is held down at now.
func (r *DigitReceiver) Open(now time.Time) bool {
	return r.open && now.Sub(r.heard) < eventSilence
}
