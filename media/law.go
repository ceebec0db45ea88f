package media

import "github.com/zaf/g711"

// String is the encoding's name in SDP.
func (l Law) String() string {
	if l == MuLaw {
		return "PCMU"
	}
	return "PCMA"
}

// PayloadType is the law's static RTP payload type (RFC 3551).
func (l Law) PayloadType() uint8 {
	if l == MuLaw {
		return PayloadPCMU
	}
	return PayloadPCMA
}

// Silence is the octet of a silent sample.
func (l Law) Silence() byte {
	if l == MuLaw {
		return SilenceMuLaw
	}
	return SilenceALaw
}

// Decode gives the linear 16-bit sample of one octet.
func (l Law) Decode(octet byte) int16 {
	if l == MuLaw {
		return g711.DecodeUlawFrame(octet)
	}
	return g711.DecodeAlawFrame(octet)
}

// Encode gives the octet nearest to a linear 16-bit sample.
func (l Law) Encode(sample int16) byte {
	if l == MuLaw {
		return g711.EncodeUlawFrame(sample)
	}
	return g711.EncodeAlawFrame(sample)
}

// AppendLinear appends the linear samples of payload to dst.
func (l Law) AppendLinear(dst []int16, payload []byte) []int16 {
	for _, octet := range payload {
		dst = append(dst, l.Decode(octet))
	}
	return dst
}

// AppendConverted appends payload, which is in law l, to dst in law to, by the
// tables of ITU-T G.711. It allocates only when dst is too short.
func (l Law) AppendConverted(dst, payload []byte, to Law) []byte {
	if l == to {
		return append(dst, payload...)
	}
	switch l {
	case ALaw:
		for _, octet := range payload {
			dst = append(dst, g711.Alaw2UlawFrame(octet))
		}
	default:
		for _, octet := range payload {
			dst = append(dst, g711.Ulaw2AlawFrame(octet))
		}
	}
	return dst
}
