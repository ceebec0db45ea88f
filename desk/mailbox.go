package desk

import "sync"

// mailboxLimit bounds what may wait for one seat. Its senders are few (8
// sockets held to 20 frames a second, the news of one contact, timers), so
// that a full mailbox means a seat that hangs.
const mailboxLimit = 4096

// mailbox takes work for a seat's goroutine and never blocks the sender.
type mailbox struct {
	mu     sync.Mutex
	work   []func()
	closed bool
	wake   chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// post leaves work; false when the seat is gone or its mailbox is full.
func (m *mailbox) post(do func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.work) >= mailboxLimit {
		return false
	}
	m.work = append(m.work, do)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// take empties the box.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	work := m.work
	m.work = nil
	return work
}

// close refuses further work.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.work = nil
}
