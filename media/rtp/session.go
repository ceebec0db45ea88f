package rtp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
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
	log   *slog.Logger

	pair
	media.Duplex
	out     *media.OutStream
	inlet   *media.Inlet
	format  atomic.Uint32 // digit payload type << 8 | law
	sending atomic.Bool
	held    atomic.Bool
	silent  chan struct{}
	ended   chan struct{} // closed when Close has done its work
	in      inbound
	reports control

	mu      sync.Mutex // guards what follows; never held while audio flows
	started bool
	joined  bool // the sockets are connected, the engine reads them
	closed  bool
	remove  []func() // from the engine
	quiet   quiet
	dropped uint32 // by the kernel, counted so far

	wire [media.MaxDatagram]byte // of WritePacket
}

func newSession(p *Ports, sockets pair) *Session {
	s := &Session{
		ports: p, log: p.log, pair: sockets,
		inlet: media.NewInlet(), silent: make(chan struct{}), ended: make(chan struct{}),
	}
	s.out = media.NewOutStream(media.OutConfig{Writer: s})
	s.Duplex = media.NewDuplex(s.inlet, s.out)
	s.in = inbound{session: s, pace: pace{spacing: audioSpacing, slack: audioSlack}}
	s.reports = control{session: s, name: rand.Text(), pace: pace{spacing: controlSpacing, slack: controlSlack}}
	return s
}

// LocalPort is the even UDP port that the session description names.
func (s *Session) LocalPort() int { return s.port }

// LocalAddr is where the session receives.
func (s *Session) LocalAddr() netip.AddrPort {
	return netip.AddrPortFrom(s.ports.config.Address, uint16(s.port))
}

// Stats implements media.Stream, with what the peer reported.
func (s *Session) Stats() media.Stats {
	stats := s.Duplex.Stats()
	s.reports.fill(&stats)
	return stats
}

// Start connects the sockets to the peer and begins to listen. What had arrived
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
		if err := s.join(p.Remote); err != nil {
			return err
		}
	}
	s.format.Store(uint32(p.DigitPayload)<<8 | uint32(p.Law))
	s.out.SetFormat(p.Law, p.DigitPayload != 0)
	s.sending.Store(!paused)
	s.held.Store(p.Held || paused)
	return nil
}

// join connects the sockets; only then does the engine read them, so that no
// datagram of anyone else is ever in our hands.
func (s *Session) join(remote netip.AddrPort) error {
	if err := s.connect(remote); err != nil {
		return err
	}
	if s.joined {
		return nil
	}
	for _, w := range []struct {
		socket
		ready func(time.Time)
	}{{s.audio, s.in.ready}, {s.control, s.reports.ready}} {
		remove, err := s.ports.engine.Watch(int(w.socket), w.ready)
		if err != nil {
			s.leave()
			return err
		}
		s.remove = append(s.remove, remove)
	}
	s.joined = true
	return nil
}

// leave takes the sockets from the engine: nothing is received after it.
func (s *Session) leave() {
	for _, remove := range s.remove {
		remove()
	}
	s.remove = nil
}

// Close ends the session, closes Digits and sends the ports to rest. When it
// returns, no packet is taken or sent any more. It is safe to call twice, and
// must not be called from within a Sink.
func (s *Session) Close() error {
	if !s.end() {
		<-s.ended
		return nil
	}
	defer close(s.ended)
	s.sending.Store(false)
	s.out.Select(nil)
	s.leave()
	s.out.Sent() // waits for a packet that is leaving: the socket may soon be another's
	if s.joined {
		s.overrun()
		s.reports.send(time.Now(), true)
	}
	s.inlet.Close()
	s.ports.release(s)
	return nil
}

// end says whether this is the first Close; the clock touches nothing after it.
func (s *Session) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.closed
	s.closed = true
	return first
}
