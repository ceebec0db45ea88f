package callbackstest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"hotline/callbacks"
	"hotline/contact"
)

// Store is callbacks.Store in memory. The zero value is empty.
type Store struct {
	mu   sync.Mutex
	all  []*row
	away error
}

type row struct {
	callbacks.Promise

	until time.Time
}

var _ callbacks.Store = (*Store)(nil)

// SetAway lets every call fail with err, until it is nil.
func (s *Store) SetAway(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

// All lists every promise, those that are over too, in the order they were made.
func (s *Store) All() []callbacks.Promise {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]callbacks.Promise, len(s.all))
	for i, r := range s.all {
		out[i] = r.Promise
	}
	return out
}

// Keep implements callbacks.Store.
func (s *Store) Keep(_ context.Context, p callbacks.Promise) (kept callbacks.Promise, err error) {
	err = s.do(func() error {
		same := s.first(func(r *row) bool { return r.Contact == p.Contact })
		if same == nil {
			same = s.first(func(r *row) bool { return r.State.Open() && r.CitizenRef == p.CitizenRef })
		}
		if same == nil {
			p.State, p.Attempts, p.Token, p.By = callbacks.Waiting, 0, 0, ""
			same = &row{Promise: p}
			s.all = append(s.all, same)
		}
		kept = same.Promise
		return nil
	})
	return kept, err
}

// Claim implements callbacks.Store.
func (s *Store) Claim(_ context.Context, c callbacks.Claim) (out []callbacks.Promise, err error) {
	err = s.do(func() error {
		for _, r := range s.sorted() {
			if len(out) == c.Limit || !r.State.Open() || r.NextAt.After(c.Now) || r.until.After(c.Now) {
				continue
			}
			if r.State != callbacks.Dialling {
				r.State = callbacks.Queued
			}
			r.By, r.until = c.By, c.Until
			r.Token++
			out = append(out, r.Promise)
		}
		return nil
	})
	return out, err
}

// Renew implements callbacks.Store.
func (s *Store) Renew(_ context.Context, all []callbacks.Held, until time.Time) (lost []callbacks.Held, err error) {
	err = s.do(func() error {
		for _, h := range all {
			r := s.first(func(r *row) bool { return r.Held() == h && r.State.Open() })
			if r == nil {
				lost = append(lost, h)
				continue
			}
			r.until = until
		}
		return nil
	})
	return lost, err
}

// Dial implements callbacks.Store.
func (s *Store) Dial(_ context.Context, h callbacks.Held) error {
	return s.under(h, callbacks.Queued, func(r *row) { r.State = callbacks.Dialling; r.Attempts++ })
}

// Reached implements callbacks.Store.
func (s *Store) Reached(_ context.Context, h callbacks.Held, _ time.Time) error {
	return s.under(h, callbacks.Dialling, func(r *row) { r.State, r.until = callbacks.Done, time.Time{} })
}

// Missed implements callbacks.Store.
func (s *Store) Missed(_ context.Context, h callbacks.Held, _, next time.Time) error {
	return s.under(h, callbacks.Dialling, func(r *row) {
		r.State, r.until, r.NextAt = callbacks.Waiting, time.Time{}, next
		if next.IsZero() {
			r.State = callbacks.GivenUp
		}
	})
}

// Release implements callbacks.Store.
func (s *Store) Release(_ context.Context, h callbacks.Held) error {
	return s.under(h, callbacks.Queued, func(r *row) { r.State, r.until = callbacks.Waiting, time.Time{} })
}

// Cancel implements callbacks.Store.
func (s *Store) Cancel(_ context.Context, id string, _ time.Time) (callbacks.Promise, error) {
	return s.find(func(r *row) bool { return r.ID == id }, func(r *row) { r.State = callbacks.Cancelled })
}

// OpenOf implements callbacks.Store.
func (s *Store) OpenOf(_ context.Context, ref string) (callbacks.Promise, error) {
	return s.find(func(r *row) bool { return r.CitizenRef == ref }, func(*row) {})
}

// OpenFrom implements callbacks.Store.
func (s *Store) OpenFrom(_ context.Context, id contact.ID) (callbacks.Promise, error) {
	return s.find(func(r *row) bool { return r.Contact == id }, func(*row) {})
}

// Open implements callbacks.Store.
func (s *Store) Open(_ context.Context, limit int) (out []callbacks.Promise, err error) {
	out = []callbacks.Promise{}
	err = s.do(func() error {
		for _, r := range s.sorted() {
			if r.State.Open() && len(out) < limit {
				out = append(out, r.Promise)
			}
		}
		return nil
	})
	return out, err
}

func (s *Store) do(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	return f()
}

func (s *Store) first(is func(*row) bool) *row {
	if i := slices.IndexFunc(s.all, is); i >= 0 {
		return s.all[i]
	}
	return nil
}

// find looks among open promises, and changes the one it finds.
func (s *Store) find(is func(*row) bool, change func(*row)) (p callbacks.Promise, err error) {
	err = s.do(func() error {
		r := s.first(func(r *row) bool { return r.State.Open() && is(r) })
		if r == nil {
			return callbacks.ErrNotFound
		}
		change(r)
		p = r.Promise
		return nil
	})
	return p, err
}

func (s *Store) under(h callbacks.Held, in callbacks.State, change func(*row)) error {
	return s.do(func() error {
		r := s.first(func(r *row) bool { return r.Held() == h && r.State == in })
		if r == nil {
			return callbacks.ErrClaimLost
		}
		change(r)
		return nil
	})
}

func (s *Store) sorted() []*row {
	return slices.SortedFunc(slices.Values(s.all), func(a, b *row) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
}
