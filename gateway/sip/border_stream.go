package sip

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// maxTCP is the number of TCP connections at a time, of all trunks.
	maxTCP = 256
	// tcpIdle closes a connection on which nothing arrives.
	tcpIdle = 5 * time.Minute
	// tcpStall closes a connection whose peer does not read.
	tcpStall = 5 * time.Second
	// tcpMessage is how long a message may take from its first octet to its last.
	tcpMessage = 10 * time.Second
	// tcpFarewell bounds what is still read after a last answer, so that the
	// peer's unread octets do not turn the close into a reset.
	tcpFarewell = 256 << 10
)

// gate is a listener that closes strangers' connections unread, and holds at
// most maxTCP others.
type gate struct {
	net.Listener

	border *border
	parser *sip.Parser
	places chan struct{}
	limit  time.Duration // of a message
	failed func(any)     // takes a panic of the parser
}

func newGate(l net.Listener, b *border, failed func(any)) *gate {
	return &gate{
		Listener: l, border: b, parser: sip.NewParser(), places: make(chan struct{}, maxTCP),
		limit: tcpMessage, failed: failed,
	}
}

// Accept waits for a connection that may speak.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addrPort(c.RemoteAddr())
		if why := g.refuse(from); why != "" {
			g.border.drop(why)
			_ = c.Close()
			continue
		}
		g.border.speakers.prove(from.Addr()) // nobody shakes hands under a forged address
		return &wire{Conn: c, gate: g, from: from, leave: sync.OnceFunc(func() { <-g.places })}, nil
	}
}

func (g *gate) refuse(from netip.AddrPort) string {
	if g.border.shut.Load() || g.border.trunkOf(from) == nil {
		return droppedStranger
	}
	select {
	case g.places <- struct{}{}:
		return ""
	default:
		return droppedFull
	}
}

// readable tries a message on the parser. The stack parses it again, on a
// goroutine where a panic would end the process.
func (g *gate) readable(message []byte) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			g.failed(p)
			ok = false
		}
	}()
	_, err := g.parser.ParseSIP(message)
	return err == nil
}

// wire is a TCP connection as the stack reads it: one whole message at a
// time, of those that may come in and that it can read. It closes itself when
// idle or stalled, and gives its place back.
type wire struct {
	net.Conn

	gate  *gate
	from  netip.AddrPort
	leave func()

	got   []byte // read, not yet taken apart
	ready []byte // of the message that the stack is reading
	since time.Time
}

// Read returns a part of one message.
func (s *wire) Read(b []byte) (n int, err error) {
	defer func() { // on a goroutine of the stack's, which catches nothing
		if p := recover(); p != nil {
			s.gate.failed(p)
			n, err = 0, io.EOF
		}
	}()
	for len(s.ready) == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n = copy(b, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

// next finds the next message, or drops one.
func (s *wire) next() error {
	if ping := []byte("\r\n\r\n"); bytes.Equal(s.got, ping) { // RFC 5626 §3.5.1
		s.ready, s.got = ping, nil
		return nil
	}
	for !bytes.Equal(s.got, []byte("\r\n")) && bytes.HasPrefix(s.got, []byte("\r\n")) { // RFC 3261 §7.5
		s.got = s.got[2:]
	}
	size, r := frame(s.got)
	switch {
	case r != nil:
		return s.part(r)
	case size == 0 || size > len(s.got):
		return s.fill()
	}
	message := bytes.Clone(s.got[:size])
	s.got = bytes.Clone(s.got[size:])
	s.since = time.Time{}
	s.take(message)
	return nil
}

// take hands a message to the stack, or refuses it.
func (s *wire) take(message []byte) {
	switch {
	case !s.gate.border.lets(s.from):
	case oversized(message):
		s.refuse(message, refused(513, "Message Too Large"))
	case !s.gate.readable(message):
		s.refuse(message, unreadable(message))
	default:
		s.ready = message
	}
}

// frame measures the message at the head of data: 0 while that cannot be
// told, a refusal when it never will.
func frame(data []byte) (size int, r *refusal) {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		if len(data) > maxMessage {
			return 0, refused(513, "Message Too Large")
		}
		return 0, nil
	}
	head := data[:end+4]
	value := rawHeader(head, "content-length", "l")
	if value != nil && rawHeader(head[cap(head)-cap(value):], "content-length", "l") != nil {
		return 0, refused(400, "Repeated Content-Length")
	}
	length, err := strconv.ParseUint(string(value), 10, 32)
	switch {
	case err != nil: // RFC 3261 §18.3: on a stream it must be there
		return 0, refused(400, "Bad Content-Length")
	case end+4 > maxMessage || length > maxMessage:
		return 0, refused(513, "Message Too Large")
	}
	return end + 4 + int(length), nil
}

// fill reads more. Between messages the peer may be silent for a while, but
// not within one.
func (s *wire) fill() error {
	deadline := time.Now().Add(tcpIdle)
	if len(s.got) > 0 {
		if s.since.IsZero() {
			s.since = time.Now()
		}
		deadline = s.since.Add(s.gate.limit)
	}
	if err := s.SetReadDeadline(deadline); err != nil {
		return err
	}
	b := make([]byte, 4096)
	n, err := s.Conn.Read(b)
	s.got = append(s.got, b[:n]...)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.gate.border.drop(droppedStall)
		return io.EOF
	}
	if n > 0 {
		return nil
	}
	return err
}

// part answers a message that has no end, and gives the answers that are on
// their way a moment before the connection closes.
func (s *wire) part(r *refusal) error {
	s.refuse(s.got, r)
	if err := s.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, s.Conn, tcpFarewell)
	return io.EOF
}

func (s *wire) refuse(message []byte, r *refusal) {
	answer, _ := rawAnswer(message, s.from, r, s.gate.border.secret)
	if answer == nil {
		why := droppedMalformed
		if r.status == 513 {
			why = droppedSize
		}
		s.gate.border.drop(why)
		return
	}
	s.gate.border.metrics.response("other", r.status)
	_, _ = s.Write(answer)
}

// Write waits at most tcpStall for a peer that does not read.
func (s *wire) Write(b []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(tcpStall)); err != nil {
		return 0, err
	}
	return s.Conn.Write(b)
}

// Close closes the connection once and frees its place.
func (s *wire) Close() error {
	s.leave()
	return s.Conn.Close()
}
