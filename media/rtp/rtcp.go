package rtp

import (
	"encoding/binary"
	"errors"
	"time"
)

// Packet types of RTCP (RFC 3550 §12.1).
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
	// Packet types lie in this range: others are RTP with a marker (RFC 5761 §4).
	typeFirst, typeLast = 192, 223

	itemCNAME = 1 // of SDES

	headSize  = 4 + 4 // header and SSRC
	infoSize  = 20    // of a sender, in an SR
	blockSize = 24    // one reception report
)

var errNotRTCP = errors.New("rtp: not an RTCP packet")

// block is one reception report (RFC 3550 §6.4.1).
type block struct {
	ssrc     uint32 // whose packets it is about
	fraction uint8  // lost since the last report, of 256
	lost     int32  // 24 bits, signed
	highest  uint32
	jitter   uint32 // timestamp units
	lastSR   uint32 // middle 32 bits of the NTP time of our last SR; 0 for none
	delay    uint32 // since it came, in 1/65536 s
}

// compound is what we need of a datagram of RTCP.
type compound struct {
	ssrc   uint32 // who reports
	report bool   // an SR or RR is in it
	sender bool   // an SR
	ntp    uint32 // middle 32 bits of its NTP time
	about  block  // of ours; about.ssrc 0 for none
	bye    bool
}

// parseRTCP reads a compound packet, checked as RFC 3550 A.2 asks, except that it
// need not begin with a report (RFC 5506): baresip sends a farewell alone, and an
// APP packet to open a firewall. What is about others than ours is passed over.
// It never allocates.
func parseRTCP(b []byte, ours uint32) (compound, error) {
	var c compound
	if len(b) == 0 {
		return c, errNotRTCP
	}
	for len(b) > 0 {
		size, ok := c.take(b, ours)
		if !ok {
			return compound{}, errNotRTCP
		}
		b = b[size:]
	}
	return c, nil
}

// take reads the first packet of b and returns its length.
func (c *compound) take(b []byte, ours uint32) (int, bool) {
	if len(b) < 4 || b[0]>>6 != 2 || b[1] < typeFirst || b[1] > typeLast {
		return 0, false
	}
	size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
	if size > len(b) {
		return 0, false
	}
	if b[0]&0x20 != 0 && size != len(b) {
		return 0, false // only the last one may be padded
	}
	count := int(b[0] & 0x1f)
	switch b[1] {
	case typeSR:
		if size < headSize+infoSize {
			return 0, false
		}
		c.ssrc, c.report, c.sender = binary.BigEndian.Uint32(b[4:]), true, true
		c.ntp = binary.BigEndian.Uint32(b[headSize+2:])
		return size, c.blocks(b[headSize+infoSize:size], count, ours)
	case typeRR:
		if size < headSize {
			return 0, false
		}
		c.ssrc, c.report = binary.BigEndian.Uint32(b[4:]), true
		return size, c.blocks(b[headSize:size], count, ours)
	case typeBYE:
		c.bye = true
	}
	return size, true
}

func (c *compound) blocks(b []byte, count int, ours uint32) bool {
	if len(b) < count*blockSize {
		return false
	}
	for ; count > 0; count, b = count-1, b[blockSize:] {
		if binary.BigEndian.Uint32(b) == ours {
			c.about = parseBlock(b)
		}
	}
	return true
}

func parseBlock(b []byte) block {
	return block{
		ssrc:     binary.BigEndian.Uint32(b),
		fraction: b[4],
		lost:     int32(binary.BigEndian.Uint32(b[4:])<<8) >> 8,
		highest:  binary.BigEndian.Uint32(b[8:]),
		jitter:   binary.BigEndian.Uint32(b[12:]),
		lastSR:   binary.BigEndian.Uint32(b[16:]),
		delay:    binary.BigEndian.Uint32(b[20:]),
	}
}

func (r block) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, r.ssrc)
	b = binary.BigEndian.AppendUint32(b, uint32(r.fraction)<<24|uint32(r.lost)&0xffffff)
	b = binary.BigEndian.AppendUint32(b, r.highest)
	b = binary.BigEndian.AppendUint32(b, r.jitter)
	b = binary.BigEndian.AppendUint32(b, r.lastSR)
	return binary.BigEndian.AppendUint32(b, r.delay)
}

// sender is the sender's part of an SR.
type sender struct {
	ntp             uint64
	timestamp       uint32
	packets, octets uint32
}

func (s sender) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, s.ntp)
	b = binary.BigEndian.AppendUint32(b, s.timestamp)
	b = binary.BigEndian.AppendUint32(b, s.packets)
	return binary.BigEndian.AppendUint32(b, s.octets)
}

// appendHead begins a packet whose body has that many octets after the SSRC.
func appendHead(b []byte, kind uint8, count, body int, ssrc uint32) []byte {
	b = append(b, 2<<6|uint8(count), kind)
	b = binary.BigEndian.AppendUint16(b, uint16((headSize+body)/4-1))
	return binary.BigEndian.AppendUint32(b, ssrc)
}

// appendReport adds an SR, or an RR when s is nil, about at most one source.
func appendReport(b []byte, ssrc uint32, s *sender, about block) []byte {
	kind, count, body := uint8(typeRR), 0, 0
	if s != nil {
		kind, body = typeSR, infoSize
	}
	if about.ssrc != 0 {
		count, body = 1, body+blockSize
	}
	b = appendHead(b, kind, count, body, ssrc)
	if s != nil {
		b = s.append(b)
	}
	if about.ssrc != 0 {
		b = about.append(b)
	}
	return b
}

// appendName adds the SDES packet with the canonical name.
func appendName(b []byte, ssrc uint32, name string) []byte {
	body := (2 + len(name) + 4) / 4 * 4 // ended by one to four zero octets
	end := len(b) + headSize + body
	b = appendHead(b, typeSDES, 1, body, ssrc)
	b = append(b, itemCNAME, uint8(len(name)))
	b = append(b, name...)
	for len(b) < end {
		b = append(b, 0)
	}
	return b
}

func appendBye(b []byte, ssrc uint32) []byte { return appendHead(b, typeBYE, 1, 0, ssrc) }

// ntpEpoch is 1970 as NTP counts seconds, from 1900.
const ntpEpoch = 2208988800

func ntpTime(t time.Time) uint64 {
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// ntpMiddle is the form in which reports tell it back: 1/65536 s.
func ntpMiddle(t time.Time) uint32 { return uint32(ntpTime(t) >> 16) }

func ntpSpan(d time.Duration) uint32 { return uint32(d << 16 / time.Second) }

func ntpDuration(n uint32) time.Duration { return time.Duration(n) * time.Second >> 16 }
