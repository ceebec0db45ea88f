package prompt

import (
	"time"

	"hotline/media"
	"hotline/media/tone"
)

// Audio is A-law at 8 kHz in whole frames of 20 ms. It never changes and is
// shared by all who play it; the zero value is empty.
type Audio struct{ alaw []byte }

// NewAudio copies A-law samples and fills the last frame with silence.
func NewAudio(alaw []byte) Audio {
	frames := (len(alaw) + media.FrameSamples - 1) / media.FrameSamples
	whole := make([]byte, frames*media.FrameSamples)
	for i := copy(whole, alaw); i < len(whole); i++ {
		whole[i] = media.SilenceALaw
	}
	return Audio{whole}
}

// FromLinear encodes linear 16-bit samples at 8 kHz.
func FromLinear(samples []int16) Audio {
	alaw := make([]byte, len(samples))
	for i, s := range samples {
		alaw[i] = media.ALaw.Encode(s)
	}
	return NewAudio(alaw)
}

// Tone is a sine of hz (below 4,000) for d, with amplitude from 0 to 1 of full
// scale. It is made for proofs and tests.
func Tone(hz float64, d time.Duration, amplitude float64) Audio {
	return FromLinear(tone.Sine(hz, amplitude, media.SampleRate, int(d*media.SampleRate/time.Second)))
}

// Silence is d of silence.
func Silence(d time.Duration) Audio { return Tone(0, d, 0) }

// Duration is how long the audio plays.
func (a Audio) Duration() time.Duration {
	return time.Duration(len(a.alaw)) * time.Second / media.SampleRate
}

// Linear decodes the audio to linear 16-bit samples at 8 kHz.
func (a Audio) Linear() []int16 {
	return media.ALaw.AppendLinear(make([]int16, 0, len(a.alaw)), a.alaw)
}

// AppendALaw appends the samples to dst.
func (a Audio) AppendALaw(dst []byte) []byte { return append(dst, a.alaw...) }
