package rtp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls do not block, since the sockets do not: the scheduler need not be
// told of them, which saves a tenth of their cost. b must not be empty.

func rawRead(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd),
		uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) //nolint:gosec // the kernel writes within b
	return int(n), errno
}

func rawWrite(fd int, b []byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd),
		uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) //nolint:gosec // the kernel reads within b
	return errno
}

// memoryInfo is what SO_MEMINFO tells (linux/sock_diag.h).
type memoryInfo [9]uint32

// memoryDrops is the place of sk_drops: datagrams that found no room.
const memoryDrops = 8

func readMemoryInfo(fd int) (memoryInfo, unix.Errno) {
	var info memoryInfo
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0) //nolint:gosec // the kernel writes at most size octets
	return info, errno
}
