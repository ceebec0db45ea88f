package engine

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// bound is how long a loop that holds its processor waits at most: so long it
	// can keep the collector waiting if the signal that interrupts it is lost.
	bound = 10 * time.Millisecond
	// patience is how long after the last event a loop lets go of its processor: an
	// idle one costs nothing.
	patience = 200 * time.Millisecond
)

// wait returns how many descriptors are ready. The runtime interrupts it with a
// signal when it wants the thread to pause: EINTR is no error.
func (l *loop) wait() (int, error) {
	wait := waitYielding
	if l.hold && l.idle < patience {
		wait = waitHolding
	}
	n, err := wait(l.epoll, &l.found)
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	return n, err
}

func waitYielding(epoll int, found *[batch]unix.EpollEvent) (int, error) {
	return unix.EpollWait(epoll, found[:], -1)
}

// waitHolding waits without telling the scheduler. unix.EpollWait does tell it:
// each wake-up then restarts the watchdog's polling, a fifth of the whole cost.
func waitHolding(epoll int, found *[batch]unix.EpollEvent) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(found)), //nolint:gosec // the array lives in the loop; the kernel writes at most batch of it
		batch, uintptr(bound.Milliseconds()), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
