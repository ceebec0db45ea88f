package redisstore

import (
	"context"

	"hotline/routing"
)

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
