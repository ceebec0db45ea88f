package sip

import "sync"

// chores counts what runs beside the listeners. Unlike a WaitGroup it may grow
// from zero while somebody waits.
type chores struct {
	mu      sync.Mutex
	running int
	over    bool
	waiting chan struct{}
}

// begin counts one more; false after end.
func (c *chores) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	c.running++
	return true
}

func (c *chores) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	if c.running == 0 && c.waiting != nil {
		close(c.waiting)
		c.waiting = nil
	}
}

// end refuses new ones.
func (c *chores) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

// idle is closed once nothing runs.
func (c *chores) idle() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(chan struct{})
	}
	idle := c.waiting
	if c.running == 0 {
		close(idle)
		c.waiting = nil
	}
	return idle
}
