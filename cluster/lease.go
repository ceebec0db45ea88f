package cluster

import (
	"context"
	"errors"
	"time"
)

// ErrLost says that somebody else has the lease, or nobody, by now.
var ErrLost = errors.New("cluster: the lease is lost")

// Leases gives named work to one holder at a time, by the store's clock. Each
// method is one atomic step and may fail with the store's error; nothing is
// then known of the outcome.
type Leases interface {
	// Acquire takes the lease for ttl when nobody has it; ok is false when
	// somebody does. The token is higher than that of every lease of the name
	// before, so that late work of an earlier holder can be refused. The holder
	// itself gets its lease again, renewed, under the same token.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (token uint64, ok bool, err error)
	// Renew keeps the lease for ttl from now; ErrLost when token is not the
	// current one or its time is up.
	Renew(ctx context.Context, name string, token uint64, ttl time.Duration) error
	// Release gives it back; nothing happens when token is not the current one.
	Release(ctx context.Context, name string, token uint64) error
}
