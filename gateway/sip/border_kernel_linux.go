package sip

import (
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// guardSocket makes the kernel drop what strangers send to a socket, and
// widens its buffer. Neither is needed for the border to hold: what the kernel
// lets in is looked at again.
func guardSocket(conn *net.UDPConn) (kernel func([]netip.Prefix)) {
	control(conn, func(fd int) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, readBuffer) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, readBuffer) // as rmem_max allows
		}
	})
	v6 := addrPort(conn.LocalAddr()).Addr().Is6()
	return func(allowed []netip.Prefix) {
		program := kernelProgram(allowed, v6, networkHeader)
		raw, err := bpf.Assemble(program)
		control(conn, func(fd int) {
			if program == nil || err != nil || attach(fd, raw) != nil {
				_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
			}
		})
	}
}

// attach replaces the socket's filter, without a gap.
func attach(fd int, raw []bpf.RawInstruction) error {
	filters := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		filters[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]})
}

func control(conn *net.UDPConn, f func(fd int)) {
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}

const (
	memDrops  = 8 // SK_MEMINFO_DROPS in the array of SO_MEMINFO
	memFields = 9
)

// kernelDrops is how many datagrams the kernel has dropped at a socket: those
// of strangers, and those that found no room.
func kernelDrops(conn *net.UDPConn) float64 {
	var fields [memFields]uint32
	size := uint32(unsafe.Sizeof(fields))
	control(conn, func(fd int) {
		//nolint:gosec // getsockopt of an array has no wrapper; both pointers live through the call
		_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&fields)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return float64(fields[memDrops])
}
