package webrtc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pion "github.com/pion/webrtc/v4"

	"hotline/contact"
	"hotline/media"
	"hotline/media/prompt"
)

// ErrNoSeat says that the agent has no seat on this node.
var ErrNoSeat = errors.New("webrtc: the agent has no seat here")

// renewal is how long before its end the connections' certificate is made anew.
const renewal = 14 * 24 * time.Hour

// Options is what a Gateway needs.
type Options struct {
	Config     Config
	Log        *slog.Logger
	Registerer Registerer // nil keeps metrics unseen
	Wheel      *prompt.Wheel
}

// Gateway is the node's side of all desks' audio. All methods may be called
// from any goroutine.
type Gateway struct {
	log     *slog.Logger
	metrics *metrics
	wheel   *prompt.Wheel
	sockets *sockets
	engine  *pion.API
	running sync.WaitGroup // connections being read or closed

	mu     sync.Mutex
	closed bool
	seats  map[contact.AgentID]*Seat
	cert   *pion.Certificate
}

// New opens the sockets. Close ends it.
func New(o Options) (*Gateway, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("webrtc: register metrics: %w", err)
	}
	log := o.Log
	loggers := pionLoggers{log}
	s, err := openSockets(o.Config, loggers)
	if err != nil {
		return nil, fmt.Errorf("webrtc: %w", err)
	}
	engine, err := newEngine(o.Config, s, loggers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("webrtc: %w", err), s.close())
	}
	return &Gateway{
		log: log, metrics: m, wheel: o.Wheel, sockets: s, engine: engine,
		seats: map[contact.AgentID]*Seat{},
	}, nil
}

// Seat is the agent's seat, made on demand; it lives until Forget. After
// Close it is one that answers ErrClosed.
func (g *Gateway) Seat(agent contact.AgentID) *Seat {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.seats[agent]; ok {
		return s
	}
	s := newSeat(g, agent)
	if g.closed {
		s.close()
		return s
	}
	g.seats[agent] = s
	g.metrics.seats.Inc()
	return s
}

// SeatMedia implements gateway.Seats. The error is ErrNoSeat when the agent
// has not signed in here.
func (g *Gateway) SeatMedia(agent contact.AgentID) (media.Stream, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, ok := g.seats[agent]
	if !ok {
		return nil, ErrNoSeat
	}
	return s, nil
}

// Forget ends the agent's seat: its connections, Events and Digits.
func (g *Gateway) Forget(agent contact.AgentID) {
	g.mu.Lock()
	s, ok := g.seats[agent]
	delete(g.seats, agent)
	g.mu.Unlock()
	if ok {
		g.metrics.seats.Dec()
		s.close()
	}
}

// Close ends all seats and closes the sockets. It returns when all goroutines
// are gone, or with the context's error. It is safe to call twice.
func (g *Gateway) Close(ctx context.Context) error {
	g.mu.Lock()
	first := !g.closed
	g.closed = true
	agents := make([]contact.AgentID, 0, len(g.seats))
	for a := range g.seats {
		agents = append(agents, a)
	}
	g.mu.Unlock()
	for _, a := range agents {
		g.Forget(a)
	}
	err := g.await(ctx)
	if first {
		err = errors.Join(err, g.sockets.close())
	}
	if err != nil {
		return fmt.Errorf("webrtc: close: %w", err)
	}
	return nil
}

func (g *Gateway) await(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		g.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// certificate is shared by all connections and made anew in time: making one
// for each would cost every sign-in.
func (g *Gateway) certificate() (pion.Certificate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cert != nil && time.Until(g.cert.Expires()) > renewal {
		return *g.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pion.Certificate{}, fmt.Errorf("webrtc: certificate: %w", err)
	}
	c, err := pion.GenerateCertificate(key)
	if err != nil {
		return pion.Certificate{}, fmt.Errorf("webrtc: certificate: %w", err)
	}
	g.cert = c
	return *c, nil
}
