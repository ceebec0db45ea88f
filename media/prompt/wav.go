package prompt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-audio/wav"

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

// ReadWAV reads a WAV file of 8 kHz, one channel, in 16-bit linear, A-law or
// µ-law. Errors name the property that does not fit.
func ReadWAV(r io.Reader) (Audio, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxWAV+1))
	if err != nil {
		return Audio{}, fmt.Errorf("wav: %w", err)
	}
	if len(file) > maxWAV {
		return Audio{}, fmt.Errorf("wav: longer than %d octets", maxWAV)
	}
	d := wav.NewDecoder(bytes.NewReader(file))
	if err := d.FwdToPCM(); err != nil {
		return Audio{}, fmt.Errorf("wav: not a WAV file: %w", err)
	}
	if err := checkFormat(d); err != nil {
		return Audio{}, err
	}
	data, err := io.ReadAll(d.PCMChunk.R)
	if err != nil {
		return Audio{}, fmt.Errorf("wav: samples: %w", err)
	}
	return decodeSamples(d.WavAudioFormat, data)
}

func checkFormat(d *wav.Decoder) error {
	bits := uint16(8)
	if d.WavAudioFormat == formatPCM {
		bits = 16
	}
	switch {
	case d.WavAudioFormat != formatPCM && d.WavAudioFormat != formatALaw && d.WavAudioFormat != formatMuLaw:
		return fmt.Errorf("wav: format %d: want linear (1), A-law (6) or µ-law (7)", d.WavAudioFormat)
	case d.SampleRate != media.SampleRate:
		return fmt.Errorf("wav: sample rate %d Hz: want %d", d.SampleRate, media.SampleRate)
	case d.NumChans != 1:
		return fmt.Errorf("wav: %d channels: want 1", d.NumChans)
	case d.BitDepth != bits:
		return fmt.Errorf("wav: %d bits a sample: want %d", d.BitDepth, bits)
	case d.PCMChunk == nil:
		return errors.New("wav: no samples")
	}
	return nil
}

func decodeSamples(format uint16, data []byte) (Audio, error) {
	switch format {
	case formatALaw:
		return NewAudio(data), nil
	case formatMuLaw:
		return NewAudio(media.MuLaw.AppendConverted(nil, data, media.ALaw)), nil
	default:
		samples := make([]int16, len(data)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		return FromLinear(samples), nil
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
