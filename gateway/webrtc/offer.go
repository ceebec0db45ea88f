package webrtc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
)

// maxOffer is the longest session description that is read, in octets. A
// browser's offer of one audio line has about 2,000.
const maxOffer = 32 << 10

// ErrOffer says that a session description cannot be answered; the error
// around it names the line.
var ErrOffer = errors.New("webrtc: offer")

// ErrStale says that an offer's generation is not above the last one: its
// answer would come too late.
var ErrStale = errors.New("webrtc: stale offer")

// identity tells whether two offers come from one peer connection of the
// browser: a reloaded page has another session and another certificate.
type identity struct {
	session     uint64
	fingerprint string
}

func badOffer(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrOffer, fmt.Errorf(format, args...))
}

// readOffer checks all that we rely on before pion sees the text.
func readOffer(text string) (identity, error) {
	if len(text) > maxOffer {
		return identity{}, badOffer("longer than %d octets", maxOffer)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return identity{}, badOffer("session description: %w", err)
	}
	audio, err := audioLine(&d)
	if err != nil {
		return identity{}, err
	}
	if err := checkCodecs(audio); err != nil {
		return identity{}, err
	}
	return checkTransport(&d, audio)
}

// audioLine is the one line in use; others may only be there as refused.
func audioLine(d *sdp.SessionDescription) (*sdp.MediaDescription, error) {
	var audio *sdp.MediaDescription
	for i, m := range d.MediaDescriptions {
		_, bundled := m.Attribute("bundle-only")
		switch {
		case m.MediaName.Media == "audio" && audio == nil && (m.MediaName.Port.Value != 0 || bundled):
			audio = m
		case m.MediaName.Port.Value != 0 || bundled:
			return nil, badOffer("m-line %d (%q): want one audio line and no other", i+1, clip(m.MediaName.Media))
		}
	}
	if audio == nil {
		return nil, badOffer("m-line: no audio")
	}
	return audio, nil
}

func checkCodecs(m *sdp.MediaDescription) error {
	for _, format := range m.MediaName.Formats {
		if format == "8" || format == "0" {
			return checkDirection(m)
		}
	}
	return badOffer("m-line: neither PCMA (8) nor PCMU (0)")
}

func checkDirection(m *sdp.MediaDescription) error {
	for _, direction := range []string{"inactive", "sendonly", "recvonly"} {
		if _, ok := m.Attribute(direction); ok {
			return badOffer("direction: want sendrecv, got %s", direction)
		}
	}
	return nil
}

func checkTransport(d *sdp.SessionDescription, m *sdp.MediaDescription) (identity, error) {
	for _, name := range []string{"mid", "ice-ufrag", "ice-pwd", "fingerprint", "setup"} {
		if attribute(d, m, name) == "" {
			return identity{}, badOffer("%s: missing", name)
		}
	}
	if _, ok := m.Attribute("rtcp-mux"); !ok {
		return identity{}, badOffer("rtcp-mux: missing")
	}
	if setup := attribute(d, m, "setup"); setup != "actpass" && setup != "active" {
		return identity{}, badOffer("setup: want actpass or active, got %q", clip(setup))
	}
	fingerprint := attribute(d, m, "fingerprint")
	if !strings.HasPrefix(strings.ToLower(fingerprint), "sha-256 ") {
		return identity{}, badOffer("fingerprint: want sha-256, got %q", clip(fingerprint))
	}
	return identity{d.Origin.SessionID, strings.ToLower(fingerprint)}, nil
}

// attribute is the media line's value, or the session's.
func attribute(d *sdp.SessionDescription, m *sdp.MediaDescription, name string) string {
	if v, ok := m.Attribute(name); ok {
		return v
	}
	v, _ := d.Attribute(name)
	return v
}

// clip keeps an error short.
func clip(s string) string {
	if len(s) > 16 {
		return s[:16] + "…"
	}
	return s
}
