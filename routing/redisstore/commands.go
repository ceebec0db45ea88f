package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/routing"
)

const (
	blockFor  = 5 * time.Second // one XREAD; a dead connection is noticed after it
	readBatch = 100
	retryMin  = 50 * time.Millisecond
	retryMax  = time.Second

	// followerAddr is what go-redis calls the address of a client that follows
	// Sentinels; followEvery is how often the reader makes sure that it does too.
	followerAddr = "FailoverClient"
	followEvery  = 500 * time.Millisecond
)

// Commands implements routing.Member. It reads on a connection of its own, so
// that a blocked read holds up nothing else. After an error it starts again
// from the first order of this life of the node: orders may come twice.
func (s *Store) Commands(ctx context.Context, n routing.NodeID) <-chan routing.Command {
	out := make(chan routing.Command)
	go s.deliver(ctx, n, out)
	return out
}

// deliver owns out; it ends with ctx.
func (s *Store) deliver(ctx context.Context, n routing.NodeID, out chan<- routing.Command) {
	defer close(out)
	log := s.log.With("node", string(n))
	pause := retryMin
	for ctx.Err() == nil {
		read, err := s.readInbox(ctx, n, out)
		if ctx.Err() != nil {
			return
		}
		if read {
			pause = retryMin
		}
		s.metrics.readErrors.Inc()
		log.WarnContext(ctx, "the orders of the queue were interrupted", "error", err)
		waitOut(ctx, pause)
		pause = min(pause*2, retryMax)
	}
}

func waitOut(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// readInbox reads until an error; read says that Redis answered at least once.
func (s *Store) readInbox(ctx context.Context, n routing.NodeID, out chan<- routing.Command) (read bool, err error) {
	client := ownConnection(s.client)
	// A read blocked in the socket does not see the context's end.
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer func() {
		if stop() {
			_ = client.Close()
		}
	}()
	defer s.follow(ctx, client)()
	for last := "0-0"; ; read = true {
		messages, err := nextOrders(ctx, client, s.keys.inbox(n), last)
		if err != nil {
			return read, err
		}
		for _, m := range messages {
			last = m.ID
			if err := s.hand(ctx, m, out); err != nil {
				return read, err
			}
		}
	}
}

// follow closes the reader's connection when the client that it was made from is
// with another server: Sentinels have named another primary, and the old one, if
// it still stands, has no more orders. A read blocked in the socket would not
// notice. The watch ends with stop.
func (s *Store) follow(ctx context.Context, reader redis.UniversalClient) (stop func()) {
	if c, ok := s.client.(*redis.Client); !ok || c.Options().Addr != followerAddr {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	// The reader's own server is asked before its first read blocks.
	mine, err := reader.ClientInfo(ctx).Result()
	go func() {
		defer close(done)
		for err == nil && ctx.Err() == nil {
			now, failed := s.client.ClientInfo(ctx).Result()
			if failed == nil && now.LAddr != mine.LAddr {
				_ = reader.Close()
				return
			}
			waitOut(ctx, followEvery)
		}
	}()
	return func() { cancel(); <-done }
}

func nextOrders(ctx context.Context, client redis.UniversalClient, key, last string) ([]redis.XMessage, error) {
	streams, err := client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{key, last}, Count: readBatch, Block: blockFor,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("redisstore: read orders: %w", err)
	}
	return streams[0].Messages, nil
}

// hand passes one order on. One that cannot be read is told and left out: it
// must not stop the rest.
func (s *Store) hand(ctx context.Context, m redis.XMessage, out chan<- routing.Command) error {
	cmd, err := parseOrder(m.Values)
	if err != nil {
		s.log.ErrorContext(ctx, "an order of the queue cannot be read", "id", m.ID, "error", err)
		return nil
	}
	select {
	case out <- cmd:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ownConnection opens a client beside the shared one, with its settings: a
// failover client follows its Sentinels through the dialer it carries.
func ownConnection(shared redis.UniversalClient) redis.UniversalClient {
	switch c := shared.(type) {
	case *redis.Client:
		opts := *c.Options()
		opts.PoolSize, opts.MinIdleConns, opts.MaxRetries = 1, 0, -1
		opts.PushNotificationProcessor = nil // it belongs to one client
		return redis.NewClient(&opts)
	case *redis.ClusterClient:
		opts := *c.Options()
		opts.MinIdleConns = 0
		opts.PushNotificationProcessor = nil
		return redis.NewClusterClient(&opts)
	default:
		return unclosed{shared}
	}
}

// unclosed lends a client of a kind we cannot copy.
type unclosed struct{ redis.UniversalClient }

func (unclosed) Close() error { return nil }
