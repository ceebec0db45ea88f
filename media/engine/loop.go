package engine

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// batch is how many descriptors one wake serves at most.
	batch = 128
	// bellID is the bell's place; watches are counted from 1.
	bellID = 0
)

// loop is one event loop. Its goroutine alone touches what stands below done.
type loop struct {
	log    *slog.Logger
	panics counter
	hold   bool
	epoll  int
	bell   int // eventfd that wakes the loop for its end

	wakes   atomic.Uint64
	events  atomic.Uint64
	longest atomic.Int64 // nanoseconds of work in one wake since last asked

	mu      sync.Mutex // never held while a ready function runs
	closed  bool
	given   uint64 // newest identity
	watches map[uint64]*watch

	done  chan struct{}
	last  time.Time     // of the events
	idle  time.Duration // since last, when it woke
	found [batch]unix.EpollEvent
	due   [batch]*watch
}

func newLoop(log *slog.Logger, hold bool) (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = add(epoll, bell, bellID)
	}
	l := &loop{log: log, hold: hold, epoll: epoll, bell: bell, watches: map[uint64]*watch{}, done: make(chan struct{}), idle: patience}
	if err != nil {
		l.free()
		return nil, fmt.Errorf("bell: %w", err)
	}
	return l, nil
}

// add watches fd level-triggered: what ready leaves unread is reported again.
func add(epoll, fd int, id uint64) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(uint32(id)), Pad: int32(uint32(id >> 32))}
	return unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &e)
}

func idOf(e *unix.EpollEvent) uint64 { return uint64(uint32(e.Pad))<<32 | uint64(uint32(e.Fd)) }

func (l *loop) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.watches)
}

func (l *loop) watch(fd int, ready func(now time.Time)) (*watch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	l.given++
	w := &watch{loop: l, id: l.given, fd: fd, ready: ready}
	if err := add(l.epoll, fd, w.id); err != nil {
		return nil, fmt.Errorf("engine: watch: %w", err)
	}
	l.watches[w.id] = w
	return w, nil
}

// forget takes a watch out of the set. The set of a closed loop is closed, or
// will be.
func (l *loop) forget(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watches, w.id)
	if !l.closed {
		_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, w.fd, nil) // the kernel may have done it already
	}
}

// run is the loop's life.
func (l *loop) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(l.done)
	defer l.free()
	for l.turn() {
	}
}

// turn waits and serves who is ready; false at the end.
func (l *loop) turn() bool {
	n, err := l.wait()
	if err != nil {
		l.log.Error("event loop broke down", "error", err)
		l.stop()
		return false
	}
	now := time.Now()
	if n > 0 {
		l.last = now
	}
	l.idle = now.Sub(l.last)
	due, ended := l.collect(n)
	for _, w := range due {
		w.serve(now)
	}
	clear(due)
	l.account(len(due), time.Since(now))
	return !ended
}

// collect looks up who is ready.
func (l *loop) collect(n int) (due []*watch, ended bool) {
	due = l.due[:0]
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.found[:n] {
		if w := l.watches[idOf(&l.found[i])]; w != nil {
			due = append(due, w)
		}
	}
	return due, l.closed
}

func (l *loop) account(events int, took time.Duration) {
	l.wakes.Add(1)
	l.events.Add(uint64(events))
	if int64(took) > l.longest.Load() {
		l.longest.Store(int64(took)) // a scrape in between may be overwritten: then it sees it the next time
	}
}

// stop lets the loop end after its turn.
func (l *loop) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	one := [8]byte{1}
	_, _ = unix.Write(l.bell, one[:]) // an eventfd at 0 takes 1
}

// free closes the loop's own descriptors.
func (l *loop) free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	_ = unix.Close(l.epoll)
	if l.bell >= 0 {
		_ = unix.Close(l.bell)
	}
}

// panicked counts and logs. The value may hold what was in a packet: only the
// runtime's own words are written.
func (l *loop) panicked(value any) {
	l.panics.Inc()
	why := fmt.Sprintf("%T", value)
	if fault, ok := value.(runtime.Error); ok {
		why = fault.Error()
	}
	l.log.Error("panic caught", "panic", why, "stack", string(debug.Stack()))
}
