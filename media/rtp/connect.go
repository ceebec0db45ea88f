package rtp

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// connect ties the socket to the peer (again): sends need no address, and the
// kernel drops what others send. What was queued before is thrown away.
func (s *Session) connect(to netip.AddrPort) error {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.Connect(int(fd), sockaddr(to)); failed == nil {
			discard(int(fd))
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16()}
}

// discard empties the socket's receive queue, which holds some hundred packets
// at most; whoever floods it does not keep us here.
func discard(fd int) {
	var b [1]byte
	for range 4096 {
		_, _, err := unix.Recvfrom(fd, b[:], unix.MSG_DONTWAIT|unix.MSG_TRUNC)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EBADF) {
			return
		}
	}
}
