package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/webrtc/v4"

	"hotline/contact"
	"hotline/media"
)

// ErrClosed says that the seat was forgotten or the gateway closed.
var ErrClosed = errors.New("webrtc: closed")

// Seat is the audio of one agent. It implements media.Stream and outlives the
// browser's peer connections: while a reloaded page comes back, what the seat
// forwards to, and the numbering of what it hears, stay as they are. All
// methods may be called from any goroutine.
type Seat struct {
	agent   contact.AgentID
	gateway *Gateway
	log     *slog.Logger
	media.Duplex
	out    *media.OutStream
	active atomic.Pointer[peer] // where audio flows now
	turn   chan struct{}        // held by the one Answer that negotiates

	mu         sync.Mutex // guards what follows and the peers' fields
	closed     bool
	generation int   // of the newest offer answered
	next       *peer // negotiated, not connected yet
	events     chan SeatEvent

	in    sync.Mutex // held while one packet of the browser is handled
	ended bool
	inlet *media.Inlet
	proof *Proof // being taken, or nil
}

func newSeat(g *Gateway, agent contact.AgentID) *Seat {
	s := &Seat{
		agent: agent, gateway: g, log: g.log.With("agent_id", agent),
		turn:   make(chan struct{}, 1),
		events: make(chan SeatEvent, eventsBuffered),
		inlet:  media.NewInlet(),
	}
	s.out = media.NewOutStream(media.OutConfig{Writer: s})
	s.Duplex = media.NewDuplex(s.inlet, s.out)
	return s
}

// Answer answers the browser's offer of generation gen. An offer of the same
// peer connection of the browser restarts ICE on ours; any other begins a new
// one, which takes over once it is connected. The error is ErrStale when gen
// is not above that of the last answer, ErrOffer when the text is at fault,
// ErrClosed, or the context's.
func (s *Seat) Answer(ctx context.Context, gen int, offer string) (string, error) {
	answer, err := s.answer(ctx, gen, offer)
	s.gateway.metrics.answers.WithLabelValues(result(err)).Inc()
	return answer, err
}

func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrStale):
		return "stale"
	case errors.Is(err, ErrOffer):
		return "bad_offer"
	default:
		return "error"
	}
}

func (s *Seat) answer(ctx context.Context, gen int, offer string) (string, error) {
	who, err := readOffer(offer)
	if err != nil {
		return "", err
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("webrtc: answer: %w", ctx.Err())
	}
	known, err := s.admit(gen, who)
	if err != nil {
		return "", err
	}
	if known != nil {
		return s.restart(ctx, known, gen, offer)
	}
	return s.begin(ctx, who, gen, offer)
}

// admit checks the generation and finds the peer that the offer belongs to.
func (s *Seat) admit(gen int, who identity) (*peer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if gen <= s.generation {
		return nil, fmt.Errorf("%w: generation %d is not above %d", ErrStale, gen, s.generation)
	}
	for _, p := range []*peer{s.next, s.active.Load()} {
		if p != nil && p.who == who {
			return p, nil
		}
	}
	return nil, nil // nobody is known and nothing is wrong
}

// restart negotiates on a connection that exists.
func (s *Seat) restart(ctx context.Context, p *peer, gen int, offer string) (string, error) {
	answer, err := p.negotiate(ctx, offer)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation, p.generation = gen, gen
	return answer, nil
}

// begin negotiates a new connection. One that was still waiting is given up.
func (s *Seat) begin(ctx context.Context, who identity, gen int, offer string) (string, error) {
	p, err := newPeer(s, who)
	if err != nil {
		return "", err
	}
	p.generation = gen
	if err := s.expect(p); err != nil {
		s.retire(p, endClosed)
		return "", err
	}
	answer, err := p.negotiate(ctx, offer)
	if err != nil {
		s.abandon(p)
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation = gen
	return answer, nil
}

func (s *Seat) expect(p *peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.next != nil {
		s.retire(s.next, endReplaced)
	}
	s.next = p
	return nil
}

func (s *Seat) abandon(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == p {
		s.next = nil
	}
	s.retire(p, endRefused)
}

// changed looks at a connection whose state has changed. pion's callbacks may
// overtake each other, so the state is read anew.
func (s *Seat) changed(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state := p.pc.ConnectionState(); state {
	case pion.PeerConnectionStateConnected:
		s.connected(p)
	case pion.PeerConnectionStateDisconnected:
		s.tell(p, Disconnected)
	case pion.PeerConnectionStateFailed:
		s.lose(p, Failed, endFailed)
	case pion.PeerConnectionStateClosed:
		s.lose(p, Disconnected, endLeft)
	default:
	}
}

// connected lets the new connection take over from the old one.
func (s *Seat) connected(p *peer) {
	if p == s.next {
		s.next = nil
		old := s.active.Swap(p)
		if law, digits, ok := p.format(); ok {
			s.out.SetFormat(law, digits)
		}
		if old != nil {
			s.quiet(old)
			s.retire(old, endReplaced)
		}
		s.log.Info("desk audio connected", "generation", p.generation, "took", time.Since(p.begun))
	}
	s.tell(p, Connected)
}

// lose drops a connection that will not come back.
func (s *Seat) lose(p *peer, news SeatEventKind, why ending) {
	current, waiting := s.active.Load() == p, s.next == p
	if !current && !waiting {
		return // it was retired by us
	}
	if waiting {
		news, why = Failed, endFailed // it never got here
	}
	s.tell(p, news)
	if current {
		s.active.Store(nil)
	} else {
		s.next = nil
	}
	s.retire(p, why)
}

// tell reports news of the seat's connection once.
func (s *Seat) tell(p *peer, news SeatEventKind) {
	if s.closed || (p != s.active.Load() && p != s.next) || p.told == news {
		return
	}
	if news == Connected {
		p.told = news
		s.gateway.metrics.connected.Inc()
	} else {
		s.quiet(p)
		p.told = news
	}
	emit(s.events, SeatEvent{Kind: news, Generation: p.generation})
}

// quiet takes a connection out of the gauge of those connected.
func (s *Seat) quiet(p *peer) {
	if p.told == Connected {
		p.told = ""
		s.gateway.metrics.connected.Dec()
	}
}

// ending says why a peer connection ended.
type ending string

const (
	endReplaced ending = "replaced" // another one took over
	endRefused  ending = "refused"  // its offer could not be answered
	endFailed   ending = "failed"   // ICE or DTLS
	endLeft     ending = "left"     // the browser closed it
	endClosed   ending = "closed"   // by us: the seat is gone
)

// retire closes a connection without waiting for it.
func (s *Seat) retire(p *peer, why ending) {
	s.gateway.metrics.endings.WithLabelValues(string(why)).Inc()
	s.log.Info("desk audio ended", "generation", p.generation, "why", string(why), "lasted", time.Since(p.begun))
	s.gateway.running.Go(p.close)
}

// close ends the seat: its connections, Events and Digits.
func (s *Seat) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.out.Select(nil)
	for _, p := range []*peer{s.next, s.active.Swap(nil)} {
		if p != nil {
			s.quiet(p)
			s.retire(p, endClosed)
		}
	}
	s.next = nil
	close(s.events)
	s.in.Lock()
	defer s.in.Unlock()
	s.ended = true
	s.inlet.Close()
}
