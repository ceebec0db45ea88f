package redislog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/contact"
)

// Wait implements web.Log.
func (s *Store) Wait(ctx context.Context, a web.Anchor) error {
	_, err := s.run(ctx, "wait", string(a.ID), a.Term, string(web.QueuedSignal()))
	return err
}

// Join implements web.Log.
func (s *Store) Join(ctx context.Context, a web.Anchor, agent contact.AgentID, at time.Time) error {
	_, err := s.run(ctx, "join", string(a.ID), a.Term, string(agent), at.UnixMilli())
	return err
}

// End implements web.Log.
func (s *Store) End(ctx context.Context, a web.Anchor, why contact.Cause, at time.Time) error {
	_, err := s.run(ctx, "end", string(a.ID), a.Term, why.String(), at.UnixMilli())
	return err
}

// Leave implements web.Log.
func (s *Store) Leave(ctx context.Context, ref string, id contact.ID, at time.Time) error {
	_, err := s.run(ctx, "leave", ref, string(id), contact.CitizenEnded.String(), at.UnixMilli())
	return err
}

// See implements web.Log.
func (s *Store) See(ctx context.Context, a web.Anchor, seq int64) error {
	_, err := s.run(ctx, "see", string(a.ID), a.Term, seq)
	return err
}

// Mark implements web.Log.
func (s *Store) Mark(ctx context.Context, ref string, id contact.ID, seq int64) (int64, error) {
	r, err := s.run(ctx, "mark", ref, string(id), seq)
	return r.int(2), err
}

// Show implements web.Log.
func (s *Store) Show(ctx context.Context, a web.Anchor, p channels.Place) error {
	low, high := any(""), any("")
	if p.Known {
		low, high = p.Low, p.High
	}
	_, err := s.run(ctx, "show", string(a.ID), a.Term, p.Place, low, high, string(web.QueueSignal(p)))
	return err
}

// PutTicket implements web.Doors.
func (s *Store) PutTicket(ctx context.Context, hash string, t web.Ticket, life time.Duration) error {
	text, err := json.Marshal(t)
	if err != nil {
		return wrap("ticket", err)
	}
	return wrap("ticket", s.client.Set(ctx, s.keys.ticket(hash), text, life).Err())
}

// TakeTicket implements web.Doors.
func (s *Store) TakeTicket(ctx context.Context, hash string) (web.Ticket, error) {
	text, err := s.client.GetDel(ctx, s.keys.ticket(hash)).Bytes()
	if missing(err) {
		return web.Ticket{}, web.ErrNoTicket
	}
	if err != nil {
		return web.Ticket{}, wrap("ticket", err)
	}
	var t web.Ticket
	if err := json.Unmarshal(text, &t); err != nil {
		return web.Ticket{}, fmt.Errorf("redislog: ticket: %w", err)
	}
	return t, nil
}

// Enter implements web.Doors.
func (s *Store) Enter(ctx context.Context, ref, socket string, limit int) error {
	_, err := s.run(ctx, "enter", ref, socket, limit)
	return err
}

// Inside implements web.Doors.
func (s *Store) Inside(ctx context.Context, ref, socket string) (bool, error) {
	err := s.client.ZScore(ctx, s.keys.sockets(ref), socket).Err()
	if missing(err) {
		return false, nil
	}
	return err == nil, wrap("inside", err)
}

// Exit implements web.Doors.
func (s *Store) Exit(ctx context.Context, ref, socket string) error {
	return wrap("exit", s.client.ZRem(ctx, s.keys.sockets(ref), socket).Err())
}
