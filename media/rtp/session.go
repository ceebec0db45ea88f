package rtp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"hotline/media"
)

// Params is what offer and answer agreed on.
type Params struct {
	// Remote is where the peer receives. The unspecified address (c=0.0.0.0,
	// RFC 3264 §8.4) sends nothing until the next Update.
	Remote netip.AddrPort
	// Law is the one codec of the answer.
	Law media.Law
	// DigitPayload is the payload type of telephone-events, 96..127; 0 for none.
	DigitPayload uint8
	// Held says that the peer sends nothing by agreement (sendonly, inactive):
	// then its silence is no sign of death.
	Held bool
}

func (p Params) validate() error {
	switch ip := p.Remote.Addr(); {
	case !ip.IsValid():
		return errors.New("remote: no address")
	case ip.IsMulticast():
		return errors.New("remote: multicast address")
	case p.Remote.Port() == 0 && !ip.IsUnspecified():
		return errors.New("remote: port 0")
	case p.DigitPayload != 0 && (p.DigitPayload < 96 || p.DigitPayload > 127):
		return fmt.Errorf("digit payload: %d is not 96..127", p.DigitPayload)
	}
	return nil
}

// Session is the audio of one call on the trunk. It implements media.Stream.
// All methods may be called from any goroutine.
type Session struct {
	ports *Ports
	conn  *net.UDPConn
	port  int
	log   *slog.Logger

	media.Duplex
	out     *media.OutStream
	inlet   *media.Inlet
	format  atomic.Uint32 // digit payload type << 8 | law
	joined  atomic.Bool   // the socket is connected: nobody else is heard
	sending atomic.Bool
	held    atomic.Bool

	mu      sync.Mutex // guards what follows; never held while audio flows
	started bool
	closed  bool
	reader  chan struct{} // closed when the reader is gone
	silent  chan struct{}
	watch   *time.Timer
	since   time.Time // when silence began to count, before the first packet

	wire [media.MaxDatagram]byte // of WritePacket
}

func newSession(p *Ports, conn *net.UDPConn, port int) *Session {
	s := &Session{
		ports: p, conn: conn, port: port, log: p.log,
		inlet:  media.NewInlet(),
		reader: make(chan struct{}),
		silent: make(chan struct{}),
	}
	s.out = media.NewOutStream(media.OutConfig{Writer: s})
	s.Duplex = media.NewDuplex(s.inlet, s.out)
	return s
}

// LocalPort is the even UDP port that the session description names.
func (s *Session) LocalPort() int { return s.port }

// LocalAddr is where the session receives.
func (s *Session) LocalAddr() netip.AddrPort {
	return netip.AddrPortFrom(s.ports.config.Address, uint16(s.port))
}

// Start connects the socket to the peer and begins to listen. What had arrived
// before is thrown away: it may be anyone's.
func (s *Session) Start(p Params) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.started:
		return errors.New("rtp: start: already started")
	}
	if err := s.apply(p); err != nil {
		return fmt.Errorf("rtp: start: %w", err)
	}
	s.started = true
	s.guard()
	go s.read()
	return nil
}

// Update moves the session to what a re-INVITE agreed on. The outgoing
// numbering goes on.
func (s *Session) Update(p Params) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case !s.started:
		return errors.New("rtp: update: not started")
	}
	if err := s.apply(p); err != nil {
		return fmt.Errorf("rtp: update: %w", err)
	}
	return nil
}

func (s *Session) apply(p Params) error {
	if err := p.validate(); err != nil {
		return err
	}
	paused := p.Remote.Addr().IsUnspecified()
	if !paused {
		if err := s.connect(p.Remote); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		s.joined.Store(true)
	}
	if s.held.Load() && !p.Held {
		s.since = time.Now()
	}
	s.format.Store(uint32(p.DigitPayload)<<8 | uint32(p.Law))
	s.out.SetFormat(p.Law, p.DigitPayload != 0)
	s.sending.Store(!paused)
	s.held.Store(p.Held || paused)
	return nil
}

// Close ends the session, closes Digits and sends the port to rest. It returns
// when the reader is gone, and is safe to call twice. It must not be called
// from within a Sink.
func (s *Session) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if s.watch != nil {
		s.watch.Stop()
	}
	s.mu.Unlock()
	if !first {
		<-s.reader
		return nil
	}
	s.sending.Store(false)
	s.out.Select(nil)
	s.stopReader()
	s.ports.release(s)
	return nil
}

func (s *Session) stopReader() {
	if !s.started {
		s.inlet.Close()
		close(s.reader)
		return
	}
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	<-s.reader
}

func (s *Session) read() {
	defer close(s.reader)
	defer s.inlet.Close()
	in := inbound{session: s}
	for {
		n, err := s.conn.Read(in.buffer[:])
		switch {
		case err == nil:
			in.take(n)
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		default:
			// ICMP errors of the peer (port unreachable) end nothing: the
			// signalling, or silence, does.
		}
	}
}
