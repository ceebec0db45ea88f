package recorder

import (
	"encoding/binary"

	"hotline/media"
)

const (
	formatALaw  = 6 // RFC 2361
	fmtSize     = 18
	headerSize  = 58
	frameOctets = channels // of one sample in both channels
	// maxFrames keeps the sizes of a file within their 32 bits: three days.
	maxFrames = 1 << 31 / frameOctets
)

// header is the beginning of a file that holds that many samples a channel and
// further octets of chunks after them.
func header(frames int64, further int) [headerSize]byte {
	data := uint32(frames * frameOctets)
	h := make([]byte, 0, headerSize)
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, headerSize-8+data+uint32(further))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, fmtSize)
	h = binary.LittleEndian.AppendUint16(h, formatALaw)
	h = binary.LittleEndian.AppendUint16(h, channels)
	h = binary.LittleEndian.AppendUint32(h, media.SampleRate)
	h = binary.LittleEndian.AppendUint32(h, media.SampleRate*frameOctets)
	h = binary.LittleEndian.AppendUint16(h, frameOctets)
	h = binary.LittleEndian.AppendUint16(h, 8)
	h = binary.LittleEndian.AppendUint16(h, 0)
	h = append(h, "fact"...)
	h = binary.LittleEndian.AppendUint32(h, 4)
	h = binary.LittleEndian.AppendUint32(h, uint32(frames))
	h = append(h, "data"...)
	h = binary.LittleEndian.AppendUint32(h, data)
	return [headerSize]byte(h)
}

// finished gives the samples of a file of that size that needs no repair: only
// the last write of an end leaves sizes that fit.
func finished(h [headerSize]byte, size int64) (frames int64, ok bool) {
	data := int64(binary.LittleEndian.Uint32(h[headerSize-4:]))
	further := int64(binary.LittleEndian.Uint32(h[4:])) - (headerSize - 8) - data
	if further < 0 || further > maxMarkOctets || headerSize+data+further != size {
		return 0, false
	}
	frames = data / frameOctets
	return frames, h == header(frames, int(further))
}
