package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hotline/routing"
)

// counter is a queue that takes its time to count.
type counter struct {
	takes time.Duration
	err   error
	asked atomic.Int32
}

func (c *counter) Counts(ctx context.Context) (routing.Counts, error) {
	n := int(c.asked.Add(1))
	select {
	case <-time.After(c.takes):
		return routing.Counts{Waiting: map[routing.Bucket]int{"general": n}, Staffed: map[routing.Bucket]int{}}, c.err
	case <-ctx.Done():
		return routing.Counts{}, ctx.Err()
	}
}

// TestLoads: however many ask at once and within two seconds, the queue is asked
// once, and nobody waits longer than 200 ms.
func TestLoads(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		takes time.Duration
		fails error
		known bool
		waits time.Duration
	}{
		"at once":         {0, nil, true, 0},
		"in time":         {150 * time.Millisecond, nil, true, 150 * time.Millisecond},
		"an error":        {0, errors.New("away"), false, 0},
		"does not answer": {time.Hour, nil, false, loadWithin},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var beside sync.WaitGroup
				queue := &counter{takes: tt.takes, err: tt.fails}
				l := &loads{count: queue.Counts, beside: beside.Go}
				flood := func() {
					var asking sync.WaitGroup
					for range 50 {
						asking.Go(func() {
							began := time.Now()
							if c := l.now(); (c.Staffed != nil) != tt.known || time.Since(began) > tt.waits {
								t.Errorf("counts %+v after %s", c, time.Since(began))
							}
						})
					}
					asking.Wait()
				}
				flood()
				time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
				flood()
				if n := queue.asked.Load(); n != 1 {
					t.Errorf("the queue was asked %d times", n)
				}
				time.Sleep(loadFresh) //nolint:forbidigo // the bubble's clock
				flood()
				if n := queue.asked.Load(); n != 2 {
					t.Errorf("later the queue was asked %d times", n)
				}
				beside.Wait()
			})
		})
	}
}
