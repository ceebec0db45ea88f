package sip

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a session description we read; a carrier's stays far below.
const (
	maxDescription = 16 << 10
	maxSections    = 32
	maxFormats     = 64
)

var errDescription = errors.New("session description")

// direction of a stream, as its sender means it (RFC 3264 §5.1).
type direction string

const (
	sendRecv direction = "sendrecv"
	sendOnly direction = "sendonly"
	recvOnly direction = "recvonly"
	inactive direction = "inactive"
)

// description is what we need of an SDP body (RFC 8866).
type description struct {
	sections []section
}

// section is one m-line with what belongs to it.
type section struct {
	kind, proto string
	port        int
	formats     []string
	addr        netip.Addr
	held        bool // c=0.0.0.0, the hold of RFC 2543
	dir         direction
	rtpmap      map[string]string // payload type → "PCMA/8000"
}

// parseDescription reads SDP with tolerance: any order of lines, unknown
// attributes, no rtpmap for static payloads, LF for CRLF, no final line end.
func parseDescription(body []byte) (description, error) {
	if len(body) > maxDescription {
		return description{}, errors.Join(errDescription, errors.New("over 16 KiB"))
	}
	r := reader{session: section{dir: sendRecv}}
	for line := range strings.Lines(string(body)) {
		if err := r.line(strings.TrimRight(line, "\r\n")); err != nil {
			return description{}, errors.Join(errDescription, err)
		}
	}
	if len(r.sections) == 0 {
		return description{}, errors.Join(errDescription, errors.New("no m-line"))
	}
	return r.finish(), nil
}

// reader collects sections; session holds the defaults of the session level.
type reader struct {
	session  section
	sections []section
}

func (r *reader) current() *section {
	if n := len(r.sections); n > 0 {
		return &r.sections[n-1]
	}
	return &r.session
}

func (r *reader) line(s string) error {
	if len(s) < 2 || s[1] != '=' {
		return nil // tolerated, like everything we do not know
	}
	switch s[0] {
	case 'c':
		return r.connection(s[2:])
	case 'm':
		return r.media(s[2:])
	case 'a':
		r.attribute(s[2:])
	}
	return nil
}

func (r *reader) connection(v string) error {
	f := strings.Fields(v)
	if len(f) < 3 || f[0] != "IN" {
		return errors.New("c-line")
	}
	host, _, _ := strings.Cut(f[2], "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return errors.New("c-line is no address")
	}
	at := r.current()
	at.addr, at.held = addr.Unmap(), addr.IsUnspecified()
	return nil
}

func (r *reader) media(v string) error {
	f := strings.Fields(v)
	if len(f) < 3 || len(f) > 3+maxFormats || len(r.sections) == maxSections {
		return errors.New("m-line")
	}
	number, _, _ := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return errors.New("port of an m-line")
	}
	r.sections = append(r.sections, section{kind: f[0], port: int(port), proto: f[2], formats: f[3:]})
	return nil
}

func (r *reader) attribute(v string) {
	at := r.current()
	name, value, _ := strings.Cut(v, ":")
	switch d := direction(name); d {
	case sendRecv, sendOnly, recvOnly, inactive:
		at.dir = d
		return
	}
	if name != "rtpmap" {
		return
	}
	payload, encoding, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok {
		return
	}
	if at.rtpmap == nil {
		at.rtpmap = map[string]string{}
	}
	if len(at.rtpmap) < maxFormats {
		at.rtpmap[payload] = strings.ToUpper(strings.TrimSpace(encoding))
	}
}

func (r *reader) finish() description {
	for i := range r.sections {
		s := &r.sections[i]
		if !s.addr.IsValid() {
			s.addr, s.held = r.session.addr, r.session.held
		}
		if s.dir == "" {
			s.dir = r.session.dir
		}
		s.addr = s.addr.Unmap()
	}
	return description{sections: r.sections}
}

// encoding of a payload type, upper case and without channels; static types
// need no rtpmap (RFC 3551 §6).
func (s *section) encoding(payload string) string {
	e := strings.TrimSuffix(s.rtpmap[payload], "/1")
	switch {
	case e != "":
		return e
	case payload == "8":
		return encodingPCMA
	case payload == "0":
		return encodingPCMU
	}
	return ""
}

// find returns the payload type that carries an encoding.
func (s *section) find(encoding string) (uint8, bool) {
	i := slices.IndexFunc(s.formats, func(p string) bool { return s.encoding(p) == encoding })
	if i < 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(s.formats[i], 10, 7)
	return uint8(n), err == nil
}
