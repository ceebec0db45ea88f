package simulate

import (
	"context"
	"time"
)

// event is something that happens at a moment; of one moment, the earlier
// numbered first.
type event struct {
	at     time.Duration
	number int
	do     func(context.Context) error
}

// agenda is a heap of events.
type agenda []event

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool {
	if a[i].at != a[j].at {
		return a[i].at < a[j].at
	}
	return a[i].number < a[j].number
}

func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(event)) } //nolint:forcetypeassert // pushed by after alone

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}
