package redisbus

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/cluster"
)

// Leases keeps the house's leases in Redis, by its clock.
type Leases struct {
	client  redis.UniversalClient
	prefix  string
	scripts scripts
}

var _ cluster.Leases = (*Leases)(nil)

// NewLeases makes the leases of one hall.
func NewLeases(client redis.UniversalClient, hall string) *Leases {
	return &Leases{client: client, prefix: "{" + hall + "}:hold:", scripts: newScripts()}
}

// Acquire implements cluster.Leases.
func (l *Leases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (token uint64, ok bool, err error) {
	n, err := l.run(ctx, l.scripts.acquire, name, holder, ttl.Milliseconds())
	return uint64(n), n > 0, err
}

// Renew implements cluster.Leases.
func (l *Leases) Renew(ctx context.Context, name string, token uint64, ttl time.Duration) error {
	n, err := l.run(ctx, l.scripts.renew, name, token, ttl.Milliseconds())
	if err == nil && n == 0 {
		return fmt.Errorf("lease %s: %w", name, cluster.ErrLost)
	}
	return err
}

// Release implements cluster.Leases.
func (l *Leases) Release(ctx context.Context, name string, token uint64) error {
	_, err := l.run(ctx, l.scripts.release, name, token)
	return err
}

func (l *Leases) run(ctx context.Context, s *redis.Script, name string, args ...any) (int64, error) {
	n, err := s.Run(ctx, l.client, []string{l.prefix + name}, args...).Int64()
	if err != nil {
		return 0, fmt.Errorf("redisbus: lease %s: %w", name, err)
	}
	return n, nil
}
