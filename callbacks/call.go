package callbacks

import (
	"context"
	"sync"
	"time"
)

// Call is a promise while this node holds its claim. Whoever serves it asks
// Dial before each dialling, says Reached at the answer, and watches Recalled
// until then. One goroutine calls Dial and Reached.
type Call struct {
	runner  *Runner
	promise Promise

	mu       sync.Mutex
	dialled  bool
	reached  bool
	recalled chan struct{}
	gone     bool // recalled is closed
}

func newCall(r *Runner, p Promise) *Call {
	return &Call{runner: r, promise: p, recalled: make(chan struct{})}
}

// Promise is what is to be kept.
func (c *Call) Promise() Promise { return c.promise }

// Recalled is closed when the promise is not to be kept now: it is cancelled,
// another node has it, quiet hours have begun, or the node leaves. It means
// nothing once Dial has returned nil.
func (c *Call) Recalled() <-chan struct{} { return c.recalled }

// Dial counts the attempt and returns nil when the citizen may be dialled;
// ErrClaimLost when not, or the database's error: then nobody may be dialled.
func (c *Call) Dial(ctx context.Context) error {
	if err := c.runner.o.Store.Dial(ctx, c.promise.Held()); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialled = true
	return nil
}

// Reached says that the citizen has answered: the promise is kept. It does not
// block.
func (c *Call) Reached() {
	c.mu.Lock()
	c.reached = true
	c.mu.Unlock()
	c.runner.reached(c)
}

// recall tells whoever serves it, but not one who is dialling already.
func (c *Call) recall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone && !c.dialled {
		c.gone = true
		close(c.recalled)
	}
}

// outcome is how far it came.
func (c *Call) outcome() (dialled, reached bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialled, c.reached
}

// insist writes an outcome down, for 10 s at most; the claim runs out after.
func insist(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		err := write(ctx)
		if err == nil || isLost(err) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}
