package prompt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"hotline/media"
)

// Format tags of a WAV file (RFC 2361).
const (
	formatPCM   = 1
	formatALaw  = 6
	formatMuLaw = 7
)

// maxWAV is the longest file that is read: half an hour of linear audio.
const maxWAV = 30 * 60 * media.SampleRate * 2

// chunkHeader is the length of a chunk's name and size.
const chunkHeader = 8

var errNotWAV = errors.New("wav: not a WAV file")

// wavFormat is the beginning of a fmt chunk.
type wavFormat struct {
	tag, channels uint16
	rate          uint32
	bits          uint16
}

// ReadWAV reads a WAV file of 8 kHz, one channel, in 16-bit linear, A-law or
// µ-law. Errors name the property that does not fit. A file that ends early
// gives what is there: recordings cut off by a crash are like that.
func ReadWAV(r io.Reader) (Audio, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxWAV+1))
	if err != nil {
		return Audio{}, fmt.Errorf("wav: %w", err)
	}
	if len(file) > maxWAV {
		return Audio{}, fmt.Errorf("wav: longer than %d octets", maxWAV)
	}
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return Audio{}, errNotWAV
	}
	return readChunks(file[12:])
}

// readChunks finds format and samples; other chunks are stepped over.
func readChunks(rest []byte) (Audio, error) {
	var format wavFormat
	for len(rest) >= chunkHeader {
		name, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[chunkHeader:]
		body := rest[:min(size, uint64(len(rest)))]
		switch name {
		case "fmt ":
			var err error
			if format, err = readFormat(body); err != nil {
				return Audio{}, err
			}
		case "data":
			if format.tag == 0 {
				return Audio{}, errors.New("wav: no format before the samples")
			}
			return decodeSamples(format.tag, body), nil
		}
		rest = rest[min(size+size%2, uint64(len(rest))):]
	}
	return Audio{}, errors.New("wav: no samples")
}

func readFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, fmt.Errorf("wav: format of %d octets: want 16", len(b))
	}
	f := wavFormat{
		tag:      binary.LittleEndian.Uint16(b),
		channels: binary.LittleEndian.Uint16(b[2:]),
		rate:     binary.LittleEndian.Uint32(b[4:]),
		bits:     binary.LittleEndian.Uint16(b[14:]),
	}
	return f, f.check()
}

func (f wavFormat) check() error {
	bits := uint16(8)
	if f.tag == formatPCM {
		bits = 16
	}
	switch {
	case f.tag != formatPCM && f.tag != formatALaw && f.tag != formatMuLaw:
		return fmt.Errorf("wav: format %d: want linear (1), A-law (6) or µ-law (7)", f.tag)
	case f.rate != media.SampleRate:
		return fmt.Errorf("wav: sample rate %d Hz: want %d", f.rate, media.SampleRate)
	case f.channels != 1:
		return fmt.Errorf("wav: %d channels: want 1", f.channels)
	case f.bits != bits:
		return fmt.Errorf("wav: %d bits a sample: want %d", f.bits, bits)
	}
	return nil
}

func decodeSamples(tag uint16, data []byte) Audio {
	switch tag {
	case formatALaw:
		return NewAudio(data)
	case formatMuLaw:
		return NewAudio(media.MuLaw.AppendConverted(nil, data, media.ALaw))
	default:
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		return FromLinear(samples)
	}
}

// WriteWAV writes a as a WAV file of A-law (format 6).
func WriteWAV(w io.Writer, a Audio) error {
	const fmtSize, factSize = 18, 4
	n := uint32(len(a.alaw))
	var h []byte
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, 4+8+fmtSize+8+factSize+8+n)
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, fmtSize)
	for _, v := range []uint16{formatALaw, 1, media.SampleRate, 0, media.SampleRate, 0, 1, 8, 0} {
		h = binary.LittleEndian.AppendUint16(h, v)
	}
	h = append(h, "fact"...)
	h = binary.LittleEndian.AppendUint32(h, factSize)
	h = binary.LittleEndian.AppendUint32(h, n)
	h = append(h, "data"...)
	h = binary.LittleEndian.AppendUint32(h, n)
	if _, err := w.Write(append(h, a.alaw...)); err != nil {
		return fmt.Errorf("wav: write: %w", err)
	}
	return nil
}
