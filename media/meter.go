package media

import (
	"sync/atomic"
	"time"
)

// Meter counts the packets of one incoming stream, its losses and its jitter
// (RFC 3550 §6.4.1, A.1, A.8). One goroutine calls Receive, any may read.
// The zero value is ready.
type Meter struct {
	packets atomic.Uint64
	octets  atomic.Uint64
	lost    atomic.Int64
	jitter  atomic.Int64  // sixteenths of 8 kHz units
	last    atomic.Int64  // Unix nanoseconds of the newest packet; 0 before the first
	highest atomic.Uint64 // SSRC << 32 | extended sequence number

	begun   bool
	ssrc    uint32
	newest  uint16
	cycles  uint32 // wraps of newest, << 16
	transit int64
}

// maxJump is how far a sequence number may move before the stream counts as
// begun anew (RFC 3550 A.1 has 3000 for the same purpose).
const maxJump = 1000

// Receive counts one packet that arrived at now.
func (m *Meter) Receive(p *Packet, now time.Time) {
	m.packets.Add(1)
	m.octets.Add(uint64(len(p.Payload)))
	m.last.Store(now.UnixNano())
	if step := int(int16(p.Sequence - m.newest)); !m.begun || p.SSRC != m.ssrc || step > maxJump || step < -maxJump {
		m.begin(p, now)
	} else {
		m.advance(p, step)
		m.measure(p, now)
	}
}

func (m *Meter) begin(p *Packet, now time.Time) {
	m.begun, m.ssrc, m.newest, m.cycles = true, p.SSRC, p.Sequence, 0
	m.note()
	m.transit = transit(p, now)
}

// advance counts a gap as lost and takes a late packet back from it.
func (m *Meter) advance(p *Packet, step int) {
	switch {
	case step > 0:
		m.lost.Add(int64(step - 1))
		if p.Sequence < m.newest {
			m.cycles += 1 << 16
		}
		m.newest = p.Sequence
		m.note()
	case step < 0 && m.lost.Load() > 0:
		m.lost.Add(-1)
	}
}

func (m *Meter) note() { m.highest.Store(uint64(m.ssrc)<<32 | uint64(m.cycles|uint32(m.newest))) }

// Highest is the source that is received and its highest sequence number,
// extended by the wraps (RFC 3550 §6.4.1). Zero before the first packet.
func (m *Meter) Highest() (ssrc, sequence uint32) {
	v := m.highest.Load()
	return uint32(v >> 32), uint32(v)
}

func (m *Meter) measure(p *Packet, now time.Time) {
	if p.Kind != Audio {
		return
	}
	arrived := transit(p, now)
	d := int64(int32(arrived - m.transit))
	m.transit = arrived
	j := m.jitter.Load()
	m.jitter.Store(j + max(d, -d) - (j+8)>>4)
}

func transit(p *Packet, now time.Time) int64 {
	return now.UnixNano()/(int64(time.Second)/SampleRate) - int64(p.Timestamp)
}

// Fill writes what came in into s.
func (m *Meter) Fill(s *Stats) {
	s.In, s.InBytes = m.packets.Load(), m.octets.Load()
	s.Lost = uint64(max(m.lost.Load(), 0))
	s.Jitter = time.Duration(m.jitter.Load()>>4) * time.Second / SampleRate
	s.Last = m.Last()
}

// Last is when the newest packet arrived; zero before the first.
func (m *Meter) Last() time.Time {
	nanos := m.last.Load()
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos)
}
