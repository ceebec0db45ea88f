package rtp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"hotline/media"
)

// ErrExhausted says that every port of the range is in use or resting.
var ErrExhausted = errors.New("rtp: no free port")

// ErrClosed says that the ports, or the session, have been closed.
var ErrClosed = errors.New("rtp: closed")

// restBuffer keeps the kernel from holding much of what a peer still sends to
// a port in quarantine.
const restBuffer = 1

// Ports gives out the ports of the range. All methods may be called from any goroutine.
type Ports struct {
	config  Config
	log     *slog.Logger
	metrics *metrics

	mu      sync.Mutex // never held while a socket is opened
	closed  bool
	taken   map[int]bool // in use, resting, or being bound
	open    map[*Session]struct{}
	resting map[*rest]struct{}
}

// rest is a port in quarantine. Its socket stays bound and connected, unread:
// what the last peer still sends goes nowhere.
type rest struct {
	conn  *net.UDPConn
	port  int
	timer *time.Timer
}

// NewPorts checks the configuration; no socket is opened yet.
func NewPorts(c Config, log *slog.Logger, reg Registerer) (*Ports, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("rtp: %w", err)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("rtp: register metrics: %w", err)
	}
	return &Ports{
		config: c, log: log, metrics: m,
		taken: map[int]bool{}, open: map[*Session]struct{}{}, resting: map[*rest]struct{}{},
	}, nil
}

// Open binds an even port for one call. The session is silent and deaf until
// its Start. The error is ErrExhausted when all ports are taken.
func (p *Ports) Open() (*Session, error) {
	conn, port, err := p.bind()
	if err != nil {
		if errors.Is(err, ErrExhausted) {
			p.metrics.exhausted.Inc()
		}
		return nil, err
	}
	s := newSession(p, conn, port)
	if !p.enlist(s) {
		_ = conn.Close()
		return nil, ErrClosed
	}
	p.metrics.open.Inc()
	return s, nil
}

func (p *Ports) enlist(s *Session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.open[s] = struct{}{}
	return true
}

func (p *Ports) bind() (*net.UDPConn, int, error) {
	if p.config.PortMax == 0 {
		return p.bindAny()
	}
	n := p.config.evens()
	start := int(media.RandomNumber()) % n
	for i := range n {
		port := p.config.first() + 2*((start+i)%n)
		if !p.claim(port) {
			continue
		}
		conn, err := p.listen(port)
		if err == nil {
			return conn, port, nil
		}
		p.free(port) // another program has it
	}
	return nil, 0, ErrExhausted
}

// bindAny lets the system choose until the port is even.
func (p *Ports) bindAny() (*net.UDPConn, int, error) {
	for range 64 {
		conn, err := p.listen(0)
		if err != nil {
			return nil, 0, fmt.Errorf("rtp: bind: %w", err)
		}
		port := conn.LocalAddr().(*net.UDPAddr).Port
		if port%2 == 0 && p.claim(port) {
			return conn, port, nil
		}
		_ = conn.Close()
	}
	return nil, 0, ErrExhausted
}

func (p *Ports) listen(port int) (*net.UDPConn, error) {
	at := netip.AddrPortFrom(p.config.Address, uint16(port))
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
}

func (p *Ports) claim(port int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.taken[port] {
		return false
	}
	p.taken[port] = true
	return true
}

func (p *Ports) free(port int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, port)
}

// release sends a session's port to rest.
func (p *Ports) release(s *Session) {
	_ = s.conn.SetReadBuffer(restBuffer)
	r := &rest{conn: s.conn, port: s.port}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, s)
	p.metrics.open.Dec()
	if p.closed || p.config.Quarantine == 0 {
		_ = s.conn.Close()
		delete(p.taken, s.port)
		return
	}
	p.resting[r] = struct{}{}
	p.metrics.resting.Inc()
	r.timer = time.AfterFunc(p.config.Quarantine, func() { p.wake(r) })
}

// wake ends the quarantine of one port.
func (p *Ports) wake(r *rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.resting[r]; !ok {
		return
	}
	delete(p.resting, r)
	delete(p.taken, r.port)
	p.metrics.resting.Dec()
	_ = r.conn.Close()
}

// Close ends all sessions and frees all ports. It is safe to call twice.
func (p *Ports) Close() {
	p.mu.Lock()
	p.closed = true
	sessions := make([]*Session, 0, len(p.open))
	for s := range p.open {
		sessions = append(sessions, s)
	}
	rests := make([]*rest, 0, len(p.resting))
	for r := range p.resting {
		r.timer.Stop()
		rests = append(rests, r)
	}
	p.mu.Unlock()
	for _, s := range sessions {
		_ = s.Close()
	}
	for _, r := range rests {
		p.wake(r)
	}
}
