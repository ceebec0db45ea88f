package sip

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	// maxMessage is what one message may measure; the largest IMS INVITE
	// seen is 4 KiB.
	maxMessage = 16 << 10
	// maxTCP is the number of TCP connections at a time, of all trunks.
	maxTCP = 256
	// tcpIdle closes a connection on which nothing arrives.
	tcpIdle = 5 * time.Minute
	// tcpStall closes a connection whose peer does not read.
	tcpStall = 5 * time.Second
)

// border decides who may speak, before a byte is parsed. The trunks are
// fixed; a peer we call is let in as long as the call lives.
type border struct {
	trunks  []*trunk
	metrics *metrics
	shut    atomic.Bool // nobody is let in any more

	mu     sync.RWMutex
	guests map[netip.Addr]*guest
	seen   map[string]struct{} // sources of datagrams that were let in
}

// guest is a peer of our own calls outside the trunks.
type guest struct {
	trunk *trunk
	calls int
}

// trunkOf finds the trunk that speaks from an address; nil for a stranger.
func (b *border) trunkOf(from netip.AddrPort) *trunk {
	for _, t := range b.trunks {
		if t.speaksFor(from) {
			return t
		}
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if g := b.guests[from.Addr().Unmap()]; g != nil {
		return g.trunk
	}
	return nil
}

// admit lets a peer in until release is called. It returns the trunk that
// the peer's calls share.
func (b *border) admit(a netip.Addr, t *trunk) (shared *trunk, release func()) {
	a = a.Unmap()
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.guests[a]
	if g == nil {
		g = &guest{trunk: t}
		b.guests[a] = g
	}
	g.calls++
	return g.trunk, sync.OnceFunc(func() { b.dismiss(a) })
}

func (b *border) dismiss(a netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if g := b.guests[a]; g != nil {
		if g.calls--; g.calls == 0 {
			delete(b.guests, a)
		}
	}
}

// filter stands before sipgo's parser. It drops with (nil, nil): an error
// would end the listener, and an answer would tell strangers that we exist.
func (b *border) filter(p sip.TransportReadProps, data []byte) ([]byte, error) {
	if b.shut.Load() {
		return nil, nil
	}
	if b.trunkOf(addrPort(p.RemoteAddr)) == nil {
		b.metrics.dropped.WithLabelValues(droppedStranger).Inc()
		return nil, nil
	}
	if p.Transport == "UDP" && len(data) > maxMessage {
		b.metrics.dropped.WithLabelValues(droppedSize).Inc()
		return nil, nil
	}
	if p.Transport == "UDP" {
		b.see(p.RemoteAddr.String())
	}
	return data, nil
}

func (b *border) see(source string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[source] = struct{}{}
}

// seal leaves a dead end in sipgo's pool for each source that it knows. Once
// the socket is gone, what its goroutines still hold would open another one,
// for ever. The reader removes its own entries only, when it ends.
func (b *border) seal(pool *sip.ConnectionPool, socket net.PacketConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dead := &sip.UDPConnection{PacketConn: socket, PacketAddr: socket.LocalAddr().String(), Listener: true}
	for source := range b.seen {
		pool.Add(source, dead)
	}
	pool.Add(dead.PacketAddr, dead)
}

// addrPort of a UDP or TCP address; the zero value for anything else.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	case *net.TCPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// gate is a listener that closes strangers' connections unread, and holds at
// most maxTCP others.
type gate struct {
	net.Listener

	border *border
	places chan struct{}
}

func newGate(l net.Listener, b *border) *gate {
	return &gate{Listener: l, border: b, places: make(chan struct{}, maxTCP)}
}

// Accept waits for a connection that may speak.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if why := g.refuse(c); why != "" {
			g.border.metrics.dropped.WithLabelValues(why).Inc()
			_ = c.Close()
			continue
		}
		return &guarded{Conn: c, leave: sync.OnceFunc(func() { <-g.places })}, nil
	}
}

func (g *gate) refuse(c net.Conn) string {
	if g.border.trunkOf(addrPort(c.RemoteAddr())) == nil {
		return droppedStranger
	}
	select {
	case g.places <- struct{}{}:
		return ""
	default:
		return droppedFull
	}
}

// guarded closes itself when idle and gives its place back.
type guarded struct {
	net.Conn

	leave func()
}

// Read waits at most tcpIdle.
func (c *guarded) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(tcpIdle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write waits at most tcpStall for a peer that does not read.
func (c *guarded) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(tcpStall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// Close closes the connection once and frees its place.
func (c *guarded) Close() error {
	c.leave()
	return c.Conn.Close()
}
