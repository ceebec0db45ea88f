package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"hotline/contact"
	"hotline/routing"
)

const bandWidth = 10_000_000_000_000 // ms; BAND of the scripts

// Enqueue implements routing.Queue.
func (s *Store) Enqueue(ctx context.Context, e routing.Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "enqueue", entryArgs(e)...)
	return err
}

// Reroute implements routing.Queue.
func (s *Store) Reroute(ctx context.Context, e routing.Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "reroute", entryArgs(e)...)
	return err
}

// entryArgs are what enqueue, reroute and reassert begin with.
func entryArgs(e routing.Entry) []any {
	base := int64(e.Band)*bandWidth - e.Credit.Milliseconds()
	return []any{
		string(e.Contact), string(e.Class), string(e.Anchor),
		join(e.Buckets), strconv.FormatInt(base, 10), e.Ring.Milliseconds(),
		e.Line, joinSteps(e.Steps), e.Waited.Milliseconds(),
	}
}

// Reassert implements routing.Queue.
func (s *Store) Reassert(ctx context.Context, a routing.Assertion) error {
	if err := a.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "reassert", append(entryArgs(a.Entry), string(a.State), string(a.Agent), uint64(a.Token))...)
	return err
}

// Withdraw implements routing.Queue.
func (s *Store) Withdraw(ctx context.Context, id contact.ID, why contact.Cause) error {
	_, err := s.onContact(ctx, "withdraw", id, why.String())
	return err
}

// Accept implements routing.Queue.
func (s *Store) Accept(ctx context.Context, id contact.ID, t routing.Token) error {
	r, err := s.onContact(ctx, "accept", id, uint64(t))
	if err == nil && r.int(0) >= 0 {
		s.metrics.wait.Observe((time.Duration(r.int(0)) * time.Millisecond).Seconds())
	}
	return err
}

// Decline implements routing.Queue.
func (s *Store) Decline(ctx context.Context, id contact.ID, t routing.Token, why routing.DeclineReason) error {
	if err := why.Validate(); err != nil {
		return err
	}
	event := routing.Declined
	if why == routing.Disconnected {
		event = routing.SeatLost
	}
	_, err := s.onContact(ctx, "decline", id, uint64(t), string(event))
	if err == nil {
		s.metrics.declines.WithLabelValues(string(why)).Inc()
	}
	return err
}

// Wrap implements routing.Queue.
func (s *Store) Wrap(ctx context.Context, id contact.ID, t routing.Token) error {
	_, err := s.onContact(ctx, "wrap", id, uint64(t))
	return err
}

// Finish implements routing.Queue.
func (s *Store) Finish(ctx context.Context, id contact.ID, t routing.Token, why contact.Cause) error {
	_, err := s.onContact(ctx, "finish", id, uint64(t), why.String())
	return err
}

// SetAgent implements routing.Queue.
func (s *Store) SetAgent(ctx context.Context, a routing.Agent) error {
	if err := a.Validate(); err != nil {
		return err
	}
	_, err := s.run(ctx, "setagent", string(a.ID), string(a.Node), string(a.Status),
		joinMap(a.Buckets), joinMap(a.Slots), joinSet(a.Excludes))
	return err
}

// Assign implements routing.Queue.
func (s *Store) Assign(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	_, err := s.onContact(ctx, "assign", id, string(agent))
	return err
}

// onContact runs a script whose first argument is a contact; a malformed ID
// never reaches a key.
func (s *Store) onContact(ctx context.Context, name string, id contact.ID, args ...any) (reply, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return s.run(ctx, name, append([]any{string(id)}, args...)...)
}

func checkID(id contact.ID) error {
	if _, err := contact.ParseID(string(id)); err != nil {
		return fmt.Errorf("%w: %w", routing.ErrBad, err)
	}
	return nil
}
