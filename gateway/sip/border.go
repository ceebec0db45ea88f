package sip

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Why something was dropped before it reached a call.
const (
	droppedStranger  = "stranger"  // of an address that nobody configured
	droppedRate      = "rate"      // more messages a second than its trunk may send
	droppedSize      = "size"      // over a bound of the border, and nobody to tell
	droppedMalformed = "malformed" // unreadable, and nobody to tell
	droppedBusy      = "busy"      // more requests in hand than workers
	droppedUnproven  = "unproven"  // an answer of ours beyond three times what was asked
	droppedFull      = "full"      // a TCP connection beyond maxTCP
	droppedStall     = "stall"     // a TCP connection whose message did not end in time
)

func dropReasons() []string {
	return []string{
		droppedStranger, droppedRate, droppedSize, droppedMalformed,
		droppedBusy, droppedUnproven, droppedFull, droppedStall,
	}
}

// border decides who may speak, how fast and how much, before a byte is
// parsed. The trunks are fixed; a peer we call is let in as long as the call
// lives.
type border struct {
	trunks   []*trunk
	called   map[netip.Addr]struct{} // where calls of ours go by configuration
	metrics  *metrics
	speakers *speakers
	workers  chan struct{} // one place for each request in hand
	secret   secret
	shut     atomic.Bool // nobody is let in any more

	mu     sync.RWMutex
	guests map[netip.Addr]*guest
	kernel func(allowed []netip.Prefix) // tells the kernel who may speak; may be nil
}

// guest is a peer of our own calls outside the trunks.
type guest struct {
	trunk *trunk
	calls int
}

func newBorder(trunks []*trunk, m *metrics) *border {
	b := &border{
		trunks: trunks, metrics: m, speakers: newSpeakers(time.Now), secret: newSecret(),
		workers: make(chan struct{}, maxWorkers), guests: map[netip.Addr]*guest{}, called: map[netip.Addr]struct{}{},
	}
	for _, t := range trunks {
		if at, err := netip.ParseAddrPort(t.outbound); err == nil {
			b.called[at.Addr().Unmap()] = struct{}{}
		}
	}
	return b
}

// trunkOf finds the trunk that speaks from an address; nil for a stranger.
func (b *border) trunkOf(from netip.AddrPort) *trunk {
	if t := b.configured(from); t != nil {
		return t
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if g := b.guests[from.Addr().Unmap()]; g != nil {
		return g.trunk
	}
	return nil
}

// configured finds the trunk of the configuration that speaks from an address.
func (b *border) configured(from netip.AddrPort) *trunk {
	for _, t := range b.trunks {
		if t.speaksFor(from) {
			return t
		}
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
		b.tellKernel()
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
			b.tellKernel()
		}
	}
}

// tellKernel has the kernel drop strangers, so that they take no room in the
// socket's buffer from those who may speak. mu is held.
func (b *border) tellKernel() {
	if b.kernel != nil {
		b.kernel(b.allowed())
	}
}

// allowed are the addresses that may speak, whatever their ports. mu is held.
func (b *border) allowed() []netip.Prefix {
	var out []netip.Prefix
	for _, t := range b.trunks {
		for _, s := range t.sources {
			out = append(out, s.network)
		}
	}
	for a := range b.guests {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out
}

// guard sets the kernel's filter and keeps it up to date.
func (b *border) guard(kernel func([]netip.Prefix)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kernel = kernel
	b.tellKernel()
}

// lets says whether one message may come in: of somebody who may speak, and
// within the trunk's rate. It allocates nothing for strangers.
func (b *border) lets(from netip.AddrPort) bool {
	if b.shut.Load() {
		return false
	}
	t := b.trunkOf(from)
	if t == nil {
		b.drop(droppedStranger)
		return false
	}
	if !b.speakers.take(from.Addr(), t.limits) {
		b.drop(droppedRate)
		return false
	}
	return true
}

func (b *border) drop(why string) { b.metrics.drop(why) }

// sureOf says whether an address is known to hear what we send there: it has
// shown so, or we have chosen to call it.
func (b *border) sureOf(a netip.Addr) bool {
	if b.speakers.proven(a) {
		return true
	}
	if _, ok := b.called[a]; ok {
		return true
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.guests[a] != nil
}

// addrPort of a UDP or TCP address; the zero value for anything else.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return plain(a.AddrPort())
	case *net.TCPAddr:
		return plain(a.AddrPort())
	}
	return netip.AddrPort{}
}

// plain makes an IPv4 address out of its IPv6 form.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
