package memstore

import (
	"context"
	"errors"

	"hotline/contact"
	"hotline/routing"
)

// Reroute implements routing.Queue.
func (s *Store) Reroute(context.Context, routing.Entry) error { return errors.ErrUnsupported }

// Assign implements routing.Queue.
func (s *Store) Assign(context.Context, contact.ID, contact.AgentID) error {
	return errors.ErrUnsupported
}

// Ring implements routing.Queue.
func (s *Store) Ring(context.Context, contact.ID, routing.Token) error { return nil }

// Outlook implements routing.Queue.
func (s *Store) Outlook(ctx context.Context, id contact.ID) (routing.Outlook, error) {
	n, err := s.Place(ctx, id)
	return routing.Outlook{Place: n}, err
}

// Board implements routing.Queue.
func (s *Store) Board(context.Context) (routing.Board, error) {
	return routing.Board{}, errors.ErrUnsupported
}

// Strays implements routing.Member.
func (s *Store) Strays(context.Context, routing.NodeID, []contact.ID) (unknown, forgotten []contact.ID, err error) {
	return nil, nil, errors.ErrUnsupported
}

// Walk implements routing.Member.
func (s *Store) Walk(context.Context) ([]string, error) { return nil, errors.ErrUnsupported }
