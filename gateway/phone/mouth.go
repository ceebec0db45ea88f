package phone

import (
	"time"

	"hotline/media"
	"hotline/media/prompt"
)

const (
	// beats is how many packets a key is held: 100 ms.
	beats = 5
	// endings is how often the end is said (RFC 4733 §2.5.1.4).
	endings = 3
)

// mouth says what the options tell, and presses keys.
type mouth struct {
	wheel      *prompt.Wheel
	out        *media.OutStream
	voice, pad *media.Source
	playing    *prompt.Playing
	keys       []rune
	beat       int // packets of the key that is held; 0: none is
	timer      *time.Timer
	event      media.Event
	packet     media.Packet
}

// open begins to talk: an empty Play is silence, since a phone is never mute.
func (m *mouth) open(s media.Stream, o Options) {
	m.out = s.Out()
	m.voice, m.pad = m.out.NewSource(), m.out.NewSource()
	m.out.Select(m.voice)
	audio := o.Play
	if audio.Duration() == 0 {
		audio = prompt.Silence(media.FrameDuration)
	}
	m.playing = m.wheel.Play(m.voice, audio, true)
	m.packet = media.Packet{Kind: media.Digit, SSRC: media.RandomNumber()}
	if m.keys = []rune(o.Digits); len(m.keys) > 0 {
		m.timer = time.NewTimer(o.DigitGap)
	}
}

func (m *mouth) due() <-chan time.Time {
	if m.timer == nil {
		return nil
	}
	return m.timer.C
}

// press goes one packet on with the key in hand, and to the next key after gap.
func (m *mouth) press(gap time.Duration) {
	if m.beat == 0 {
		m.hold()
	}
	m.beat++
	m.event.Duration += media.FrameSamples
	if m.beat < beats {
		m.send()
		m.timer.Reset(media.FrameDuration)
		return
	}
	m.release()
	if m.keys = m.keys[1:]; len(m.keys) == 0 {
		m.timer = nil
		return
	}
	m.timer.Reset(gap)
}

func (m *mouth) hold() {
	code, _ := media.EventCode(m.keys[0])
	m.event = media.Event{Code: code, Volume: 10}
	m.packet.Timestamp += media.SampleRate
	m.packet.Marker = true
	m.out.Select(m.pad)
}

func (m *mouth) release() {
	m.event.End = true
	for range endings {
		m.send()
	}
	m.beat = 0
	m.out.Select(m.voice)
}

func (m *mouth) send() {
	m.packet.Sequence++
	m.packet.Payload = m.event.Append(m.packet.Payload[:0])
	m.pad.Write(&m.packet)
	m.packet.Marker = false
}

func (m *mouth) shut() {
	if m.playing != nil {
		m.playing.Stop()
	}
}
