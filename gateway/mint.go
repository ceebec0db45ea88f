package gateway

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
)

// Mint makes the IDs of the contacts that this node accepts by telephone. IDs
// rise within a millisecond too. Any goroutine may call it.
type Mint struct {
	now func() time.Time

	mu      sync.Mutex
	entropy *ulid.MonotonicEntropy
}

// NewMint returns a mint; now is the node's clock.
func NewMint(now func() time.Time) *Mint {
	return &Mint{now: now, entropy: ulid.Monotonic(rand.Reader, 0)}
}

// ID makes a new ID.
func (m *Mint) ID() contact.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(m.now()), m.entropy)
	if err != nil { // 2^80 IDs in one millisecond: begin anew
		m.entropy = ulid.Monotonic(rand.Reader, 0)
		id = ulid.MustNew(ulid.Timestamp(m.now()), m.entropy)
	}
	return contact.ID(id.String())
}
