package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/redisserver"
)

// look holds what the queue believes in the end against the truth: nobody
// waits, no seat is taken, and a whole walk of its keys finds nothing wrong.
func (c *city) look(ctx context.Context) {
	n := c.living()
	board, err := n.store.Board(ctx)
	if err != nil {
		c.truth.breach("", "the board cannot be read: %v", err)
		return
	}
	for _, l := range board.Lines {
		c.truth.breach("", "%d contacts wait on line %s for ever", l.Waiting, l.Line)
	}
	for _, s := range board.Seats {
		if s.Used[contact.Voice] > 0 {
			c.truth.breach("", "seat %s is taken by nobody", s.Agent)
		}
	}
	for range 500 {
		found, err := n.store.Walk(ctx)
		if err != nil {
			c.truth.breach("", "the walk failed: %v", err)
			return
		}
		for _, f := range found {
			c.truth.breach("", "the walk found: %s", f)
		}
	}
}

// redisserverClient reaches the city's Redis beside all nodes.
func redisserverClient(s *redisserver.Server) redis.UniversalClient {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: s.Addr(), MaxRetries: -1})
}

func (c *city) close(client redis.UniversalClient) error {
	return errors.Join(client.Close(), c.redis.Stop(context.Background()))
}
