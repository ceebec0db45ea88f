package gatewaytest

import (
	"bytes"
	"encoding/binary"
)

// linearWAV is a WAV file of 16-bit mono samples, as other programs read it.
func linearWAV(samples []int16, rate int) []byte {
	var b bytes.Buffer
	size := uint32(2 * len(samples))
	b.WriteString("RIFF")
	for _, field := range []any{
		36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(rate), uint32(2 * rate), uint16(2), uint16(16), []byte("data"), size, samples,
	} {
		_ = binary.Write(&b, binary.LittleEndian, field) // a bytes.Buffer takes all
	}
	return b.Bytes()
}
