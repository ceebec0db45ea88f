package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"hotline/contact"
	"hotline/database"
	"hotline/tickets"
)

// Repeated finds what a key has registered before: ErrNotFound, ErrKeyReused.
func (s *Store) Repeated(ctx context.Context, key, digest string) (tickets.Ticket, error) {
	number, err := keyed(ctx, s.db, key, digest)
	if err != nil {
		return tickets.Ticket{}, err
	}
	return s.Find(ctx, number)
}

// Find finds a ticket by its number, or ErrNotFound.
func (s *Store) Find(ctx context.Context, number string) (tickets.Ticket, error) {
	found, err := s.list(ctx, `WHERE number = $1`, number)
	if err != nil {
		return tickets.Ticket{}, err
	}
	if len(found) == 0 {
		return tickets.Ticket{}, tickets.ErrNotFound
	}
	return found[0], nil
}

// OfContact lists the tickets a contact made, oldest first.
func (s *Store) OfContact(ctx context.Context, id contact.ID) ([]tickets.Ticket, error) {
	return s.list(ctx, `WHERE contact_id = $1 ORDER BY number`, string(id))
}

// OfCitizen lists the newest tickets of one citizen.
func (s *Store) OfCitizen(ctx context.Context, ref string, limit int) ([]tickets.Ticket, error) {
	return s.list(ctx, `WHERE citizen_ref = $1 ORDER BY created_at DESC, number DESC LIMIT $2`, ref, limit)
}

// list reads tickets, then their history and delivery in one query each.
func (s *Store) list(ctx context.Context, where string, args ...any) ([]tickets.Ticket, error) {
	all, err := database.Collect(ctx, s.db, scanTicket, `SELECT document FROM tickets `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: read tickets: %w", err)
	}
	if len(all) == 0 {
		return []tickets.Ticket{}, nil
	}
	at := make(map[string]*tickets.Ticket, len(all))
	for i := range all {
		at[all[i].Number] = &all[i]
	}
	if err := s.addHistory(ctx, at); err != nil {
		return nil, err
	}
	return all, s.addDelivery(ctx, at)
}

func scanTicket(rows *sql.Rows) (tickets.Ticket, error) {
	var doc database.JSON[tickets.Ticket]
	err := rows.Scan(&doc)
	return doc.V, err
}

// step is a history entry and whose it is.
type step struct {
	number string
	tickets.HistoryEntry
}

func scanStep(rows *sql.Rows) (step, error) {
	var h step
	var at database.Time
	err := rows.Scan(&h.number, &h.Seq, &at, &h.Actor, &h.Unit, &h.Action, &h.From, &h.To, &h.Reason, &h.Note)
	h.At = at.Time
	return h, err
}

func (s *Store) addHistory(ctx context.Context, at map[string]*tickets.Ticket) error {
	in, args := inNumbers(at)
	steps, err := database.Collect(ctx, s.db, scanStep, `SELECT number, seq, at, actor, unit, action, from_state, to_state, reason, note
		FROM ticket_history WHERE number IN (`+in+`) ORDER BY number, seq`, args...)
	if err != nil {
		return fmt.Errorf("sqlstore: read history: %w", err)
	}
	for _, h := range steps {
		t := at[h.number]
		t.History = append(t.History, h.HistoryEntry)
	}
	return nil
}

// exchange is a delivery and whose it is.
type exchange struct {
	number string
	tickets.Delivery
}

func scanExchange(rows *sql.Rows) (exchange, error) {
	var e exchange
	var done database.Time
	err := rows.Scan(&e.number, &e.Target, &e.ID, &e.State, &e.Attempts, &done, &e.AckRef, &e.Failure)
	if e.State == tickets.Delivered {
		e.AckedAt = &done.Time
	}
	return e, err
}

// addDelivery tells the newest hand-off of each ticket.
func (s *Store) addDelivery(ctx context.Context, at map[string]*tickets.Ticket) error {
	in, args := inNumbers(at)
	all, err := database.Collect(ctx, s.db, scanExchange, `SELECT number, unit, event_id, state, attempts, done_at, ack_ref, failure
		FROM ticket_outbox WHERE number IN (`+in+`) ORDER BY number, queued_at, position`, args...)
	if err != nil {
		return fmt.Errorf("sqlstore: read deliveries: %w", err)
	}
	for _, e := range all {
		at[e.number].Delivery = &e.Delivery
	}
	return nil
}

func inNumbers(at map[string]*tickets.Ticket) (string, []any) {
	var marks []string
	var args []any
	for number := range at {
		args = append(args, number)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	return strings.Join(marks, ", "), args
}
