package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"hotline/media"
)

// trunks are plain RTP sockets, all read by one thread. The kernel tells when
// a packet arrived, so that a late wake-up of ours is not the relay's delay.
type trunks struct {
	poll    int
	sockets []int
	heard   func(payload []byte, at int64)
	stopped atomic.Bool
	done    chan struct{} // closed when the reader is gone; nil before run
}

func newTrunks(heard func(payload []byte, at int64)) (*trunks, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &trunks{poll: poll, heard: heard}, nil
}

// socketBuffer holds some seconds of one stream.
const socketBuffer = 256 << 10

// open binds one more socket and says where.
func (t *trunks) open() (fd int, at netip.AddrPort, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, at, fmt.Errorf("trunk socket: %w", err)
	}
	t.sockets = append(t.sockets, fd)
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		unix.EpollCtl(t.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}),
	)
	if err != nil {
		return 0, at, fmt.Errorf("trunk socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, at, fmt.Errorf("trunk socket: %w", err)
	}
	here, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return 0, at, errors.New("trunk socket: not IPv4")
	}
	return fd, netip.AddrPortFrom(netip.AddrFrom4(here.Addr), uint16(here.Port)), nil
}

// connect ties a socket to the relay.
func connectTo(fd int, to netip.AddrPort) error {
	err := unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
	if err != nil {
		return fmt.Errorf("connect to %v: %w", to, err)
	}
	return nil
}

// sender writes to a connected socket.
func sender(fd int) func([]byte) error {
	return func(b []byte) error {
		_, err := unix.Write(fd, b)
		return err
	}
}

// run reads all sockets until close.
func (t *trunks) run() {
	t.done = make(chan struct{})
	go t.read()
}

func (t *trunks) read() {
	defer close(t.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]unix.EpollEvent, 64)
	buffer := make([]byte, media.MaxDatagram)
	control := make([]byte, 64)
	for !t.stopped.Load() {
		n, err := unix.EpollWait(t.poll, events, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		for _, e := range events[:max(n, 0)] {
			t.take(int(e.Fd), buffer, control)
		}
	}
}

func (t *trunks) take(fd int, buffer, control []byte) {
	n, extra, _, _, err := unix.Recvmsg(fd, buffer, control, unix.MSG_DONTWAIT)
	if err != nil {
		return // an ICMP error of a port not open yet
	}
	at := arrival(control[:extra])
	if at == 0 {
		at = time.Now().UnixNano()
	}
	if _, payload, err := media.ParseRTP(buffer[:n]); err == nil {
		t.heard(payload, at)
	}
}

// arrival is the kernel's time stamp of a datagram in Unix nanoseconds; 0 for
// none. The control message is a cmsghdr (16 octets) and a timespec.
func arrival(control []byte) int64 {
	const header, size = unix.SizeofCmsghdr, unix.SizeofCmsghdr + 16
	if len(control) < size ||
		binary.NativeEndian.Uint32(control[8:]) != unix.SOL_SOCKET ||
		binary.NativeEndian.Uint32(control[12:]) != unix.SO_TIMESTAMPNS {
		return 0
	}
	seconds := binary.NativeEndian.Uint64(control[header:])
	nanoseconds := binary.NativeEndian.Uint64(control[header+8:])
	return int64(seconds)*int64(time.Second) + int64(nanoseconds)
}

func (t *trunks) close() error {
	t.stopped.Store(true)
	if t.done != nil {
		<-t.done
	}
	errs := []error{unix.Close(t.poll)}
	for _, fd := range t.sockets {
		errs = append(errs, unix.Close(fd))
	}
	return errors.Join(errs...)
}
