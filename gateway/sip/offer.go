package sip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"hotline/media"
	"hotline/media/rtp"
)

const (
	encodingPCMA   = "PCMA/8000"
	encodingPCMU   = "PCMU/8000"
	encodingEvents = "TELEPHONE-EVENT/8000"
	offeredEvents  = 101 // our telephone-events when we offer
)

var errNoCommon = errors.New("no audio stream in common")

// agreement is what both ends do with the one audio stream.
type agreement struct {
	index  int            // of the m-line
	remote netip.AddrPort // where their audio goes; zero while held without an address
	law    media.Law
	audio  uint8     // payload type
	events uint8     // payload type of telephone-events; 0 without
	theirs direction // what they said
}

// ours is the direction we answer: the mirror of theirs (RFC 3264 §6.1).
// 0.0.0.0 is the hold of RFC 2543, a sendonly by other means.
func (a agreement) ours() direction {
	switch a.theirs {
	case sendOnly:
		return recvOnly
	case recvOnly:
		return sendOnly
	case inactive:
		return inactive
	case sendRecv:
	}
	return sendRecv
}

// sends says whether they want to hear us.
func (a agreement) sends() bool { return a.theirs == sendRecv || a.theirs == recvOnly }

// agree picks the stream and codec: the first live audio line over RTP/AVP,
// A-law first whatever their order, telephone-events at 8 kHz.
func agree(d description) (agreement, error) {
	for i := range d.sections {
		s := &d.sections[i]
		if s.kind != "audio" || s.proto != "RTP/AVP" || s.port == 0 || !s.addr.IsValid() {
			continue
		}
		a := agreement{index: i, theirs: s.dir}
		if !a.codec(s) {
			continue
		}
		a.remote = netip.AddrPortFrom(s.addr, uint16(s.port))
		if s.held {
			a.hold()
		}
		return a, nil
	}
	return agreement{}, errNoCommon
}

func (a *agreement) hold() {
	a.remote = netip.AddrPort{}
	if a.theirs == sendRecv || a.theirs == sendOnly {
		a.theirs = sendOnly
		return
	}
	a.theirs = inactive
}

// codec finds G.711 under its static payload types (RFC 3551 §6) and
// telephone-events under a dynamic one.
func (a *agreement) codec(s *section) bool {
	a.audio, a.law = media.PayloadPCMA, media.ALaw
	payload, ok := s.find(encodingPCMA)
	if !ok || payload != a.audio {
		a.audio, a.law = media.PayloadPCMU, media.MuLaw
		payload, ok = s.find(encodingPCMU)
	}
	if events, found := s.find(encodingEvents); found && events >= 96 {
		a.events = events
	}
	return ok && payload == a.audio
}

// params is the agreement as the audio socket takes it. Who holds us may send
// music or nothing: silence is then no sign of death.
func (a agreement) params() rtp.Params {
	p := rtp.Params{Remote: a.remote, Law: a.law, DigitPayload: a.events, Held: a.theirs != sendRecv}
	if !a.sends() || !p.Remote.IsValid() {
		p.Remote = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	return p
}

// local is our end of a session description.
type local struct {
	addr    netip.AddrPort
	session uint64
	version uint64
}

func (l local) head() string {
	family := "IP4"
	if l.addr.Addr().Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
		l.session, l.version, family, l.addr.Addr(), family, l.addr.Addr())
}

// offer is our offer: both laws, telephone-events, 20 ms. Within a session the
// m-lines stay, and the payload types (RFC 3264 §8).
func (l local) offer(before description, a agreement) []byte {
	b := []byte(l.head())
	if len(before.sections) == 0 {
		return l.audio(b, offeredEvents)
	}
	for i := range before.sections {
		if i == a.index {
			b = l.audio(b, cmp.Or(a.events, offeredEvents))
			continue
		}
		b = refuse(b, &before.sections[i])
	}
	return b
}

func (l local) audio(b []byte, events uint8) []byte {
	return fmt.Appendf(b, "m=audio %d RTP/AVP 8 0 %d\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"+
		"a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
		l.addr.Port(), events, events, events)
}

// answer answers an offer: one codec and telephone-events on their payload
// types, every other m-line refused with port 0 (RFC 3264 §6).
func (l local) answer(d description, a agreement) []byte {
	b := []byte(l.head())
	for i := range d.sections {
		if i == a.index {
			b = l.accept(b, a)
			continue
		}
		b = refuse(b, &d.sections[i])
	}
	return b
}

func (l local) accept(b []byte, a agreement) []byte {
	name := "PCMA"
	if a.law == media.MuLaw {
		name = "PCMU"
	}
	b = fmt.Appendf(b, "m=audio %d RTP/AVP %d", l.addr.Port(), a.audio)
	if a.events != 0 {
		b = fmt.Appendf(b, " %d", a.events)
	}
	b = fmt.Appendf(b, "\r\na=rtpmap:%d %s/8000\r\n", a.audio, name)
	if a.events != 0 {
		b = fmt.Appendf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", a.events, a.events)
	}
	return fmt.Appendf(b, "a=ptime:20\r\na=%s\r\n", a.ours())
}

func refuse(b []byte, s *section) []byte {
	formats := strings.Join(s.formats, " ")
	if formats == "" {
		formats = "0"
	}
	return fmt.Appendf(b, "m=%s 0 %s %s\r\n", s.kind, s.proto, formats)
}
