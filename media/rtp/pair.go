package rtp

import (
	"fmt"
	"net/netip"
)

// pair is the two sockets of one call (RFC 3550 §11): audio on an even port,
// control (RTCP) on the one above.
type pair struct {
	audio, control socket
	port           int
}

// openPair binds both; port 0 lets the system choose, which may give an odd one.
func openPair(at netip.Addr, port int) (pair, error) {
	audio, err := openSocket(netip.AddrPortFrom(at, uint16(port)))
	if err != nil {
		return pair{}, err
	}
	p := pair{audio: audio}
	if p.port, err = audio.port(); err == nil && p.port%2 != 0 {
		err = fmt.Errorf("port %d is odd", p.port)
	}
	if err == nil {
		p.control, err = openSocket(netip.AddrPortFrom(at, uint16(p.port+1)))
	}
	if err != nil {
		audio.close()
		return pair{}, err
	}
	return p, nil
}

// connect ties both to the peer.
func (p pair) connect(to netip.AddrPort) error {
	if err := p.audio.connect(to); err != nil {
		return err
	}
	control := netip.AddrPortFrom(to.Addr(), to.Port()+1)
	if control.Port() == 0 {
		return nil // above the last port there is none: no reports
	}
	return p.control.connect(control)
}

// rest keeps both bound, and the kernel from keeping what still arrives.
func (p pair) rest() {
	p.audio.buffer(restBuffer)
	p.control.buffer(restBuffer)
}

func (p pair) close() {
	p.audio.close()
	p.control.close()
}
