package rtp

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/media"
)

// ErrExhausted says that every port of the range is in use or resting.
var ErrExhausted = errors.New("rtp: no free port")

// ErrClosed says that the ports, or the session, have been closed.
var ErrClosed = errors.New("rtp: closed")

// Engine calls ready, from one goroutine, whenever fd has something to read, and
// again for what was left. Once remove has returned, ready runs no more.
type Engine interface {
	Watch(fd int, ready func(now time.Time)) (remove func(), err error)
}

// Options are what Ports need. All but Registerer are needed.
type Options struct {
	Config     Config
	Engine     Engine // outlives the Ports
	Log        *slog.Logger
	Registerer Registerer // nil: metrics stay unseen
}

// Ports gives out the ports of the range. All methods may be called from any goroutine.
type Ports struct {
	config  Config
	engine  Engine
	log     *slog.Logger
	metrics *metrics
	stop    chan struct{}
	stopped chan struct{} // closed when the clock is gone
	walk    []*Session    // of the clock

	mu      sync.Mutex // never held while a socket is opened
	closed  bool
	taken   map[int]bool // even ports in use, resting, or being bound
	open    map[*Session]struct{}
	resting []rest // the soonest first
}

// NewPorts checks the configuration and starts the clock, which Close ends; no
// socket is opened yet.
func NewPorts(o Options) (*Ports, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("rtp: %w", err)
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("rtp: register metrics: %w", err)
	}
	p := newPorts(o, m)
	go p.run()
	return p, nil
}

// newPorts is all but the clock.
func newPorts(o Options, m *metrics) *Ports {
	return &Ports{
		config: o.Config, engine: o.Engine, log: o.Log, metrics: m,
		stop: make(chan struct{}), stopped: make(chan struct{}),
		taken: map[int]bool{}, open: map[*Session]struct{}{},
	}
}

// Open binds an even port for one call, and the odd one above it. The session
// is silent and deaf until its Start. The error is ErrExhausted when all ports
// are taken.
func (p *Ports) Open() (*Session, error) {
	sockets, err := p.bind()
	if err != nil {
		if errors.Is(err, ErrExhausted) {
			p.metrics.exhausted.Inc()
		}
		return nil, err
	}
	s := newSession(p, sockets)
	if !p.enlist(s) {
		sockets.close()
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

func (p *Ports) bind() (pair, error) {
	if p.config.PortMax == 0 {
		return p.bindAny()
	}
	n := p.config.evens()
	start := int(media.RandomNumber()>>1) % n
	for i := range n {
		port := p.config.first() + 2*((start+i)%n)
		if !p.claim(port) {
			continue
		}
		sockets, err := openPair(p.config.Address, port)
		if err == nil {
			return sockets, nil
		}
		p.free(port) // another program has one of the two
	}
	return pair{}, ErrExhausted
}

// bindAny lets the system choose until the port is even and the next one free.
func (p *Ports) bindAny() (pair, error) {
	var last error
	for range 64 {
		sockets, err := openPair(p.config.Address, 0)
		if err != nil {
			last = err
			continue
		}
		if p.claim(sockets.port) {
			return sockets, nil
		}
		sockets.close()
	}
	if last != nil {
		return pair{}, fmt.Errorf("%w: %w", ErrExhausted, last)
	}
	return pair{}, ErrExhausted
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

// Close ends all sessions and frees all ports. It is safe to call twice.
func (p *Ports) Close() {
	for _, s := range p.shut() {
		_ = s.Close()
	}
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.resting {
		p.rouse(r)
	}
	p.resting = nil
}

// shut stops the clock and opens no more; it returns what is open.
func (p *Ports) shut() []*Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		close(p.stop)
	}
	sessions := make([]*Session, 0, len(p.open))
	for s := range p.open {
		sessions = append(sessions, s)
	}
	return sessions
}
