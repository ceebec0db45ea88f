package sip

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"
)

// maxSources is how many addresses with ports the stack knows in one
// generation. It never forgets one while its reader runs, so that starts anew.
const maxSources = 4096

// maxFailures of reading, one after the other, end the socket.
const maxFailures = 100

// socket is the UDP socket as the stack reads it. Whoever may not speak is
// dropped here, before the stack allocates anything; what the stack cannot
// read is answered here; and what we send to an address that may be forged is
// bounded here.
type socket struct {
	*net.UDPConn

	border *border
	pool   *sip.ConnectionPool
	at     string // our own address in the pool

	// Of the one reader.
	last   []byte         // handed to the stack; its own buffer
	from   netip.AddrPort // of last
	held   []byte         // read, but for the next generation
	heldBy netip.AddrPort
	taken  atomic.Bool // the stack could read last
	renew  atomic.Bool // the reader ended to start anew

	mu         sync.Mutex
	young, old map[netip.AddrPort]struct{} // whom the stack knows
}

func newSocket(conn *net.UDPConn, b *border, pool *sip.ConnectionPool) *socket {
	s := &socket{UDPConn: conn, border: b, pool: pool, at: conn.LocalAddr().String(), young: map[netip.AddrPort]struct{}{}}
	s.taken.Store(true)
	// Known to the stack before its reader runs, or an early call of ours would
	// try to bind the port anew.
	pool.Add(s.at, s.entry())
	return s
}

// entry for the stack's pool.
func (s *socket) entry() *sip.UDPConnection {
	return &sip.UDPConnection{PacketConn: s, PacketAddr: s.at, Listener: true}
}

// ReadFrom returns the next datagram that may come in.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.settle()
	n, from, err := s.next(b)
	if err != nil {
		return 0, nil, err
	}
	if !s.meet(from) {
		s.held, s.heldBy = append([]byte(nil), b[:n]...), from
		s.renew.Store(true)
		return 0, nil, net.ErrClosed
	}
	s.last, s.from = b[:n], from
	s.taken.Store(false)
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (s *socket) next(b []byte) (int, netip.AddrPort, error) {
	if s.held != nil {
		n := copy(b, s.held)
		s.held = nil
		return n, s.heldBy, nil
	}
	for failures := 0; ; {
		n, from, err := s.ReadFromUDPAddrPort(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return 0, from, err
		case err != nil:
			if failures++; failures == maxFailures {
				return 0, from, err
			}
			continue
		}
		failures = 0
		if from = plain(from); s.passes(from, b[:n]) {
			return n, from, nil
		}
	}
}

// passes says whether the stack shall see a datagram.
func (s *socket) passes(from netip.AddrPort, datagram []byte) bool {
	if !s.border.lets(from) {
		return false
	}
	if idle(datagram) {
		return false
	}
	s.border.asked(from.Addr(), datagram)
	if oversized(datagram) {
		s.refuse(from, datagram, refused(513, "Message Too Large"), droppedSize)
		return false
	}
	return true
}

// idle says whether a datagram only keeps a NAT open (RFC 5626 §3.5.1).
func idle(datagram []byte) bool {
	for _, c := range datagram {
		if c != '\r' && c != '\n' && c != 0 {
			return false
		}
	}
	return true
}

// settle answers the last datagram if the stack could not read it.
func (s *socket) settle() {
	if !s.taken.Swap(true) {
		s.refuse(s.from, s.last, unreadable(s.last), droppedMalformed)
	}
}

// refuse answers what was not parsed; what gives no hold for an answer is
// dropped.
func (s *socket) refuse(to netip.AddrPort, datagram []byte, r *refusal, why string) {
	answer, port := rawAnswer(datagram, to, r, s.border.secret)
	if answer == nil {
		s.border.drop(why)
		return
	}
	s.border.metrics.response("other", r.status)
	_, _ = s.send(answer, netip.AddrPortFrom(to.Addr(), port))
}

// WriteTo sends one datagram, unless its receiver might be a victim.
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) { return s.send(b, addrPort(to)) }

func (s *socket) send(b []byte, to netip.AddrPort) (int, error) {
	if !s.border.mayAnswer(to.Addr(), b) {
		s.border.drop(droppedUnproven)
		return len(b), nil
	}
	return s.WriteToUDPAddrPort(b, to)
}

// meet notes a source that the stack gets to know; false: it knows enough of
// them, and its reader must start anew.
func (s *socket) meet(from netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.young[from]; known {
		return true
	}
	if len(s.young) < maxSources {
		s.young[from] = struct{}{}
		return true
	}
	// The reader takes its entries with it when it ends. Ours stay, for
	// those whose request is in hand, until the next generation is full.
	for source := range s.old {
		if _, again := s.young[source]; !again {
			s.pool.Delete(source.String())
		}
	}
	bridge := s.entry()
	for source := range s.young {
		s.pool.Add(source.String(), bridge)
	}
	s.pool.Add(s.at, bridge)
	s.old, s.young = s.young, map[netip.AddrPort]struct{}{}
	return false
}

// seal leaves a dead end in the stack's pool for each source that it knows.
// Once the socket is gone, what its goroutines still hold would open another
// one, for ever. The reader removes its own entries only, when it ends.
func (s *socket) seal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	dead := s.entry()
	for _, generation := range []map[netip.AddrPort]struct{}{s.old, s.young} {
		for source := range generation {
			s.pool.Add(source.String(), dead)
		}
	}
	s.pool.Add(s.at, dead)
}
