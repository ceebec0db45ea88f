package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/routing"
)

const (
	confirmWithin = 200 * time.Millisecond // one WAIT
	confirmTries  = 3
)

// Ring implements routing.Queue. It asks for the replicas on the connection
// that wrote: WAIT confirms what its own connection wrote, and all before it.
func (s *Store) Ring(ctx context.Context, id contact.ID, t routing.Token) error {
	if s.confirm == 0 {
		_, err := s.onContact(ctx, "ring", id, uint64(t))
		return err
	}
	if err := checkID(id); err != nil {
		return err
	}
	return s.pinned(ctx, func(conn pinned) error {
		if _, err := s.runOn(ctx, conn, "ring", string(id), uint64(t)); err != nil {
			return err
		}
		return s.await(ctx, conn)
	})
}

// await asks until enough replicas have confirmed.
func (s *Store) await(ctx context.Context, conn pinned) error {
	for range confirmTries {
		n, err := conn.Wait(ctx, s.confirm, confirmWithin).Result()
		if err != nil {
			return fmt.Errorf("redisstore: ring: wait for replicas: %w", err)
		}
		if int(n) >= s.confirm {
			return nil
		}
	}
	s.metrics.unconfirmed.Inc()
	return fmt.Errorf("redisstore: ring: %w", routing.ErrUnconfirmed)
}

// pinned is one connection of a client.
type pinned interface {
	redis.Scripter
	Wait(ctx context.Context, replicas int, timeout time.Duration) *redis.IntCmd
}

// pinned lends one connection. A client of several servers only pins the one
// that has the key watched.
func (s *Store) pinned(ctx context.Context, do func(pinned) error) error {
	if c, ok := s.client.(*redis.Client); ok {
		conn := c.Conn()
		defer func() { _ = conn.Close() }()
		return do(conn)
	}
	return s.client.Watch(ctx, func(tx *redis.Tx) error { return do(tx) }, s.keys.make("schema"))
}
