package media

import (
	"encoding/binary"
	"errors"
)

// HeaderSize is the length in octets of an RTP header without CSRC and extension.
const HeaderSize = 12

// MaxDatagram is the longest RTP packet the house reads or writes, in octets.
const MaxDatagram = 1500

// ErrNotRTP says that a datagram is not a well-formed RTP packet (RFC 3550 §5.1).
var ErrNotRTP = errors.New("media: not an RTP packet")

// Header is the fixed part of an RTP packet.
type Header struct {
	Marker      bool
	PayloadType uint8 // 7 bits
	Sequence    uint16
	Timestamp   uint32
	SSRC        uint32
}

// ParseRTP reads one RTP packet. The payload is part of b, without CSRC,
// header extension and padding. It never allocates.
func ParseRTP(b []byte) (Header, []byte, error) {
	if len(b) < HeaderSize || b[0]>>6 != 2 {
		return Header{}, nil, ErrNotRTP
	}
	payload, ok := rtpPayload(b)
	if !ok {
		return Header{}, nil, ErrNotRTP
	}
	return Header{
		Marker:      b[1]&0x80 != 0,
		PayloadType: b[1] & 0x7f,
		Sequence:    binary.BigEndian.Uint16(b[2:]),
		Timestamp:   binary.BigEndian.Uint32(b[4:]),
		SSRC:        binary.BigEndian.Uint32(b[8:]),
	}, payload, nil
}

func rtpPayload(b []byte) ([]byte, bool) {
	start := HeaderSize + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < start+4 {
			return nil, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
		if b[len(b)-1] == 0 {
			return nil, false
		}
	}
	if start > end {
		return nil, false
	}
	return b[start:end:end], true
}

// Put writes the header into the first HeaderSize octets of b.
func (h Header) Put(b []byte) {
	_ = b[HeaderSize-1]
	b[0] = 2 << 6
	b[1] = h.PayloadType & 0x7f
	if h.Marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.Sequence)
	binary.BigEndian.PutUint32(b[4:], h.Timestamp)
	binary.BigEndian.PutUint32(b[8:], h.SSRC)
}
