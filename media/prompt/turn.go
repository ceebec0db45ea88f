package prompt

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// turning is the wheel's goroutine: the slots and where it stands.
type turning struct {
	wheel *Wheel
	epoch time.Time
	tick  int64 // slots since the epoch
	slot  [slots][]*Playing
	count int
	timer *time.Timer
}

func (w *Wheel) run() {
	t := &turning{wheel: w, timer: time.NewTimer(time.Hour)}
	defer close(w.done)
	defer t.end()
	for t.advance() {
	}
}

// advance waits for the next slot in use and runs it; false at the end.
func (t *turning) advance() bool {
	t.admit()
	if t.count == 0 {
		return t.idle()
	}
	for len(*t.current()) == 0 {
		t.tick++
	}
	due, woken := t.await()
	if due {
		t.turn()
	}
	return due || woken
}

func (t *turning) current() *[]*Playing { return &t.slot[t.tick%slots] }

// idle waits until something is played.
func (t *turning) idle() bool {
	select {
	case <-t.wheel.stop:
		return false
	case <-t.wheel.wake:
		return true
	}
}

// await sleeps until the current slot is due; it is woken early when something
// was added, and neither at the end.
func (t *turning) await() (due, woken bool) {
	late := time.Since(t.epoch.Add(time.Duration(t.tick) * slotTime))
	if late > maxLag {
		t.epoch = t.epoch.Add(late)
		t.wheel.log.Warn("playback was late, time skipped", "late", late)
	}
	t.timer.Reset(max(-late, 0))
	select {
	case <-t.wheel.stop:
		return false, false
	case <-t.wheel.wake:
		return false, true
	case <-t.timer.C:
		return true, false
	}
}

// admit puts what was added into the emptiest slots, the soonest first. After
// silence time is counted anew.
func (t *turning) admit() {
	w := t.wheel
	w.mu.Lock()
	added := w.added
	w.added = nil
	w.mu.Unlock()
	if t.count == 0 {
		t.epoch, t.tick = time.Now(), 0
	}
	for _, p := range added {
		best := t.tick % slots
		for i := range int64(slots) {
			if k := (t.tick + i) % slots; len(t.slot[k]) < len(t.slot[best]) {
				best = k
			}
		}
		t.slot[best] = append(t.slot[best], p)
		t.count++
	}
}

// turn writes a frame of each in the slot and drops those at their end.
func (t *turning) turn() {
	list := t.current()
	kept := (*list)[:0]
	for _, p := range *list {
		if t.play(p) {
			kept = append(kept, p)
		}
	}
	clear((*list)[len(kept):])
	t.count -= len(*list) - len(kept)
	*list = kept
	t.tick++
}

// play writes the next frame of p; false when there is none. A panic of its sink
// ends this one playback, not all that is played.
func (t *turning) play(p *Playing) (more bool) {
	defer func() {
		if value := recover(); value != nil {
			t.panicked(value)
			close(p.done)
			more = false
		}
	}()
	return p.step()
}

// panicked logs; the value may hold what was played: only the runtime's own words
// are written.
func (t *turning) panicked(value any) {
	why := fmt.Sprintf("%T", value)
	if fault, ok := value.(runtime.Error); ok {
		why = fault.Error()
	}
	t.wheel.log.Error("panic caught", "panic", why, "stack", string(debug.Stack()))
}

func (t *turning) end() {
	t.timer.Stop()
	t.admit()
	for _, list := range t.slot {
		for _, p := range list {
			close(p.done)
		}
	}
}
