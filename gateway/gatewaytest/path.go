package gatewaytest

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// Path is a way through the network for UDP: what comes to its port goes on to
// the far end, and back. It can be cut, and can change the address that the far
// end sees, as a NAT does.
type Path struct {
	near    *net.UDPConn
	far     netip.AddrPort
	running sync.WaitGroup

	mu   sync.Mutex
	dead bool
	ways map[netip.AddrPort]*net.UDPConn // by the near end's address
}

// NewPath opens a path to far on a free port of the same address.
func NewPath(t testing.TB, far netip.AddrPort) *Path {
	t.Helper()
	near, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(far.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	p := &Path{near: near, far: far, ways: make(map[netip.AddrPort]*net.UDPConn)}
	p.running.Go(p.forth)
	t.Cleanup(func() {
		p.Cut()
		_ = near.Close()
		p.running.Wait()
	})
	return p
}

// Port is where the near end sends to.
func (p *Path) Port() uint16 { return p.near.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// Cut loses everything from now on, both ways.
func (p *Path) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	p.forget()
}

// Rebind lets the far end see another port from now on; what it sends to the old
// one is lost.
func (p *Path) Rebind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forget()
}

func (p *Path) forget() {
	for _, way := range p.ways {
		_ = way.Close()
	}
	clear(p.ways)
}

func (p *Path) forth() {
	b := make([]byte, 2048)
	for {
		n, from, err := p.near.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if way := p.way(from); way != nil {
			_, _ = way.Write(b[:n])
		}
	}
}

// way is where the far end sees that address; nil when the path is cut.
func (p *Path) way(from netip.AddrPort) *net.UDPConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return nil
	}
	if way := p.ways[from]; way != nil {
		return way
	}
	way, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.far))
	if err != nil {
		return nil
	}
	p.ways[from] = way
	p.running.Go(func() { p.back(way, from) })
	return way
}

func (p *Path) back(way *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, 2048)
	for {
		n, err := way.Read(b)
		if err != nil {
			return
		}
		_ = p.near.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = p.near.WriteToUDPAddrPort(b[:n], to)
	}
}
