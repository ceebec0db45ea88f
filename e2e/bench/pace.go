package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"hotline/media"
)

// slot is the step in which packets are sent; every stream has one of the
// twenty of a frame.
const slot = time.Millisecond

const slots = int(media.FrameDuration / slot)

// pacer sends every stream's packets, 50 a second.
type pacer struct {
	slots   [slots][]*stream
	stopped atomic.Bool
	done    chan struct{}
}

func newPacer(streams []*stream) *pacer {
	p := &pacer{done: make(chan struct{})}
	for i, s := range streams {
		p.slots[i%slots] = append(p.slots[i%slots], s)
	}
	return p
}

// run sends until stop. It keeps its thread: Go's timers are a millisecond
// late as a rule, the kernel's are not.
func (p *pacer) run() {
	defer close(p.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return
	}
	for n := 0; !p.stopped.Load(); n++ {
		at := unix.NsecToTimespec(now.Nano() + int64(n+1)*int64(slot))
		for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &at, nil) != nil { // interrupted
			if p.stopped.Load() {
				return
			}
		}
		for _, s := range p.slots[n%slots] {
			s.emit()
		}
	}
}

func (p *pacer) stop() {
	p.stopped.Store(true)
	<-p.done
}
