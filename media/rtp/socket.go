package rtp

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	// receiveBuffer holds some two seconds of audio: a loop that was held up loses
	// nothing, a flood finds little room.
	receiveBuffer = 64 << 10
	// restBuffer keeps the kernel from holding much of what a peer still sends to
	// a port in quarantine.
	restBuffer = 1
	// expedited is DSCP EF (RFC 3246) in the octet of the traffic class.
	expedited = 46 << 2
)

// socket is a UDP socket that never blocks, outside the runtime's poller.
type socket int

// openSocket binds a socket; port 0 lets the system choose.
func openSocket(at netip.AddrPort) (socket, error) {
	family := unix.AF_INET
	if at.Addr().Unmap().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	s := socket(fd)
	s.buffer(receiveBuffer)
	s.mark(family)
	if err := unix.Bind(fd, sockaddr(at)); err != nil {
		s.close()
		return 0, fmt.Errorf("bind: %w", err)
	}
	return s, nil
}

// mark asks routers for haste; a host that does not allow it sends all the same.
func (s socket) mark(family int) {
	if family == unix.AF_INET6 {
		_ = unix.SetsockoptInt(int(s), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
		return
	}
	_ = unix.SetsockoptInt(int(s), unix.IPPROTO_IP, unix.IP_TOS, expedited)
}

// buffer bounds the receive queue, in octets.
func (s socket) buffer(size int) {
	_ = unix.SetsockoptInt(int(s), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
}

// port is the local port.
func (s socket) port() (int, error) {
	at, err := unix.Getsockname(int(s))
	if err != nil {
		return 0, fmt.Errorf("name of the socket: %w", err)
	}
	switch at := at.(type) {
	case *unix.SockaddrInet4:
		return at.Port, nil
	case *unix.SockaddrInet6:
		return at.Port, nil
	}
	return 0, errors.New("name of the socket: no UDP address")
}

// connect ties the socket to the peer (again): sends need no address, and the
// kernel drops what others send. What was queued before is thrown away.
func (s socket) connect(to netip.AddrPort) error {
	if err := unix.Connect(int(s), sockaddr(to)); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s.discard()
	return nil
}

// discard empties the receive queue, which holds some hundred packets at most;
// whoever floods it does not keep us here.
func (s socket) discard() {
	var b [1]byte
	for range 4096 {
		_, errno := rawRead(int(s), b[:])
		if errno == unix.EAGAIN || errno == unix.EBADF {
			return
		}
	}
}

// read returns the length of one datagram; false when none is waiting. An error
// that an ICMP message left is no datagram, and ends nothing.
func (s socket) read(b []byte) (int, bool) {
	n, errno := rawRead(int(s), b)
	return n, errno == 0
}

// write sends b to the peer; false when the kernel had no room, or no way. An
// error that an earlier datagram met is not this one's: it is sent again.
func (s socket) write(b []byte) bool {
	errno := rawWrite(int(s), b)
	if errno == unix.ECONNREFUSED {
		errno = rawWrite(int(s), b)
	}
	return errno == 0
}

// dropped counts the datagrams that found no room in the receive queue.
func (s socket) dropped() uint32 {
	info, errno := readMemoryInfo(int(s))
	if errno != 0 {
		return 0
	}
	return info[memoryDrops]
}

func (s socket) close() { _ = unix.Close(int(s)) }

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16()}
}
