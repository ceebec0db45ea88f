package media

import "time"

// What every stream of the house has in common: G.711 at 8 kHz in frames of 20 ms.
const (
	SampleRate    = 8000
	FrameSamples  = 160
	FrameDuration = 20 * time.Millisecond
	PayloadPCMU   = 0
	PayloadPCMA   = 8
	SilenceALaw   = 0xD5
	SilenceMuLaw  = 0xFF
)

// Law is the companding law of a payload (ITU-T G.711).
type Law uint8

// The two laws; A-law is ours and China's.
const (
	ALaw Law = iota
	MuLaw
)

// Kind tells audio from telephone-events.
type Kind uint8

// The kinds of payload.
const (
	Audio Kind = iota
	Digit      // RFC 4733 telephone-event, 4 bytes
)

// Packet is one RTP packet without its wire form. Payload is borrowed: it is
// valid until the call that handed it over returns.
type Packet struct {
	Kind      Kind
	Law       Law // of an audio payload
	Marker    bool
	Sequence  uint16
	Timestamp uint32 // 8 kHz units
	SSRC      uint32
	Payload   []byte
}

// Sink takes packets. Write is the hot path: it must not block, allocate, or
// keep p or its payload. One source calls it from one goroutine at a time.
type Sink interface {
	Write(p *Packet)
}

// Stream is the audio of one leg, as the gateway sees it.
type Stream interface {
	// Out is what this leg's person hears.
	Out() *OutStream
	// Forward sends what this leg's person says to the sink, from the next
	// packet on; nil discards it. Any goroutine may call it.
	Forward(to Sink)
	// Digits reports each key pressed once (RFC 4733), as '0'-'9', '*', '#',
	// 'A'-'D'. It is closed with the leg.
	Digits() <-chan rune
	// Tap copies what this leg's person says and what that person hears, as it
	// is sent, to the sinks, until the next Tap; nil ends it. Any goroutine may
	// call it. A packet that is under way may still reach a sink just removed.
	Tap(said, heard Sink)
	// Stats counts since the leg began.
	Stats() Stats
}

// Stats counts a leg's packets and octets of payload.
type Stats struct {
	In, Out           uint64 // packets
	InBytes, OutBytes uint64
	Lost              uint64        // gaps in the sequence numbers received
	Jitter            time.Duration // of arrival, smoothed (RFC 3550 §6.4.1)
	Last              time.Time     // when the newest packet arrived; zero before the first

	// What the peer reported of what we sent (RTCP, RFC 3550 §6.4); zero where
	// it reports nothing.
	FarLost   uint64        // packets, since the leg began
	FarJitter time.Duration //
	RoundTrip time.Duration // newest measurement
}
