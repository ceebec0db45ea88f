package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/routing"
)

const mostStrays = 10_000

// Beat implements routing.Member.
func (s *Store) Beat(ctx context.Context, n routing.NodeID) error {
	if err := n.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "beat", string(n), Schema)
	return err
}

// Leave implements routing.Member.
func (s *Store) Leave(ctx context.Context, n routing.NodeID) error {
	if err := n.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "leave", string(n))
	return err
}

// Tick implements routing.Member.
func (s *Store) Tick(ctx context.Context) error {
	r, err := s.run(ctx, "tick")
	if err != nil {
		return err
	}
	s.metrics.declines.WithLabelValues(expired).Add(float64(r.int(0)))
	s.metrics.lost.Add(float64(r.int(1)))
	for i := 2; i < len(r); i++ {
		s.metrics.nodesLost.Inc()
		s.log.WarnContext(ctx, "a node has lost its lease", "node", r.text(i))
	}
	return nil
}

// Strays implements routing.Member.
func (s *Store) Strays(ctx context.Context, n routing.NodeID, ids []contact.ID) (unknown, forgotten []contact.ID, err error) {
	if err := n.Validate(); err != nil {
		return nil, nil, err
	}
	if len(ids) > mostStrays {
		return nil, nil, fmt.Errorf("%w: contacts: %d is more than %d", routing.ErrBad, len(ids), mostStrays)
	}
	args := []any{string(n)}
	for _, id := range ids {
		args = append(args, string(id))
	}
	r, err := s.run(ctx, "strays", args...)
	if err != nil {
		return nil, nil, err
	}
	for i := 1; i < len(r); i++ {
		if i <= int(r.int(0)) {
			unknown = append(unknown, contact.ID(r.text(i)))
		} else {
			forgotten = append(forgotten, contact.ID(r.text(i)))
		}
	}
	slices.Sort(forgotten)
	return unknown, forgotten, nil
}

// Walk implements routing.Member.
func (s *Store) Walk(ctx context.Context) ([]string, error) {
	r, err := s.run(ctx, "walk")
	breaches := make([]string, 0, len(r))
	for i := range r {
		breaches = append(breaches, r.text(i))
	}
	s.metrics.breaches.Add(float64(len(breaches)))
	return breaches, err
}

// Living lists the nodes whose lease has not lapsed.
func (s *Store) Living(ctx context.Context) ([]string, error) {
	now := s.time()
	if now == "" {
		t, err := s.client.Time(ctx).Result()
		if err != nil {
			return nil, fmt.Errorf("redisstore: living: %w", err)
		}
		now = strconv.FormatInt(t.UnixMilli(), 10)
	}
	nodes, err := s.client.ZRangeByScore(ctx, s.keys.make("nodes"), &redis.ZRangeBy{Min: "(" + now, Max: "+inf"}).Result()
	if err != nil {
		return nil, fmt.Errorf("redisstore: living: %w", err)
	}
	return nodes, nil
}
