package redisstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
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

// entryArgs are what enqueue and reassert begin with.
func entryArgs(e routing.Entry) []any {
	base := int64(e.Band)*bandWidth - e.Credit.Milliseconds()
	return []any{
		string(e.Contact), string(e.Class), string(e.Anchor),
		join(e.Buckets), strconv.FormatInt(base, 10), e.Ring.Milliseconds(),
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
	_, err := s.run(ctx, "setagent", string(a.ID), string(a.Node), string(a.Status), joinMap(a.Buckets), joinMap(a.Slots))
	return err
}

// Place implements routing.Queue.
func (s *Store) Place(ctx context.Context, id contact.ID) (int, error) {
	r, err := s.onContact(ctx, "place", id)
	return int(r.int(0)), err
}

// Counts implements routing.Queue.
func (s *Store) Counts(ctx context.Context) (routing.Counts, error) {
	r, err := s.run(ctx, "counts")
	n := routing.Counts{Waiting: map[routing.Bucket]int{}, Free: map[routing.Bucket]int{}, Offered: int(r.int(0))}
	for i := 1; i+2 < len(r); i += 3 {
		class, bucket, _ := strings.Cut(r.text(i), ":")
		b := routing.Bucket(bucket)
		if waiting := int(r.int(i + 1)); waiting > 0 {
			n.Waiting[b] += waiting
		}
		if free := int(r.int(i + 2)); free > 0 && class == string(contact.Voice) {
			n.Free[b] = free
		}
	}
	return n, err
}

// onContact runs a script whose first argument is a contact; a malformed ID
// never reaches a key.
func (s *Store) onContact(ctx context.Context, name string, id contact.ID, args ...any) (reply, error) {
	if _, err := contact.ParseID(string(id)); err != nil {
		return nil, fmt.Errorf("%w: %w", routing.ErrBad, err)
	}
	return s.run(ctx, name, append([]any{string(id)}, args...)...)
}

func join(buckets []routing.Bucket) string {
	names := make([]string, len(buckets))
	for i, b := range buckets {
		names[i] = string(b)
	}
	return strings.Join(names, ",")
}

// joinMap writes "general=0,tax=1", sorted.
func joinMap[K ~string](m map[K]int) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s=%d", k, m[k]))
	}
	return strings.Join(parts, ",")
}
