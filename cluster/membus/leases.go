package membus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hotline/cluster"
)

// Leases are the leases of one test. The zero Leases is ready.
type Leases struct {
	mu   sync.Mutex
	held map[string]lease
}

type lease struct {
	holder string
	token  uint64
	until  time.Time
}

var _ cluster.Leases = (*Leases)(nil)

// Acquire implements cluster.Leases.
func (l *Leases) Acquire(_ context.Context, name, holder string, ttl time.Duration) (token uint64, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(map[string]lease)
	}
	now, was := time.Now(), l.held[name]
	live := now.Before(was.until)
	if live && was.holder != holder {
		return 0, false, nil
	}
	if !live {
		was.token++
	}
	l.held[name] = lease{holder, was.token, now.Add(ttl)}
	return was.token, true, nil
}

// Renew implements cluster.Leases.
func (l *Leases) Renew(_ context.Context, name string, token uint64, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, was := time.Now(), l.held[name]
	if was.token != token || !now.Before(was.until) {
		return fmt.Errorf("lease %s: %w", name, cluster.ErrLost)
	}
	was.until = now.Add(ttl)
	l.held[name] = was
	return nil
}

// Release implements cluster.Leases.
func (l *Leases) Release(_ context.Context, name string, token uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if was := l.held[name]; was.token == token {
		was.until = time.Time{}
		l.held[name] = was
	}
	return nil
}
