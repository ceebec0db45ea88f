package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline/contact"
	"hotline/database"
	"hotline/media"
	"hotline/records"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Owner names the tables' version table.
const Owner = "records"

// Store is records.Store. All methods may be called from many goroutines and
// nodes, and block for the database.
type Store struct{ db *database.DB }

// New brings the tables up to date and returns the store. The caller keeps db
// open as long as the store is used.
func New(ctx context.Context, db *database.DB) (*Store, error) {
	if err := db.Migrate(ctx, Owner, migrations); err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Save writes the whole record and its new events in one transaction. An
// event that is there already is left alone.
func (s *Store) Save(ctx context.Context, r records.Record, events ...records.Event) error {
	return s.SaveAll(ctx, []records.Entry{{Record: r, Events: events}})
}

// SaveAll is Save of many contacts in one transaction: its cost is in the
// commit and in reading the statements, not in the rows.
func (s *Store) SaveAll(ctx context.Context, all []records.Entry) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error { return saveAll(ctx, tx, all) })
	if err != nil {
		return fmt.Errorf("records: save %d contacts: %w", len(all), err)
	}
	return nil
}

func saveAll(ctx context.Context, tx *sql.Tx, all []records.Entry) error {
	record, err := tx.PrepareContext(ctx, upsert)
	if err != nil {
		return err
	}
	defer func() { _ = record.Close() }()
	event, err := tx.PrepareContext(ctx, insertEvent)
	if err != nil {
		return err
	}
	defer func() { _ = event.Close() }()
	for _, e := range all {
		if err := saveOne(ctx, record, event, e); err != nil {
			return fmt.Errorf("%s: %w", e.Record.Contact, err)
		}
	}
	return nil
}

func saveOne(ctx context.Context, record, event *sql.Stmt, e records.Entry) error {
	r := e.Record
	_, err := record.ExecContext(ctx,
		string(r.Contact), string(r.Channel), r.Line, r.Source, r.Trunk, r.Citizen.Reveal(), r.CitizenRef, r.Node,
		database.At(r.Accepted), database.At(r.Queued), database.At(r.Connected), database.At(r.TalkEnded), database.At(r.Ended),
		r.Held.Milliseconds(), r.Offers, string(r.Agent), r.Cause.String(), r.Recording,
		r.FromCitizen.Loss, r.FromCitizen.Jitter.Microseconds(), r.FromCitizen.Delay.Microseconds(), r.FromCitizen.MOS,
		r.FromAgent.Loss, r.FromAgent.Jitter.Microseconds(), r.FromAgent.Delay.Microseconds(), r.FromAgent.MOS,
		database.At(r.Replied), r.Messages, string(r.Origin))
	if err != nil {
		return err
	}
	for _, step := range e.Events {
		facts, err := writeFacts(step.Facts)
		if err != nil {
			return err
		}
		_, err = event.ExecContext(ctx,
			string(step.Contact), database.At(step.At), string(step.Kind), string(step.Agent), step.Detail, facts)
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFacts is empty for none.
func writeFacts(facts map[string]string) (string, error) {
	if len(facts) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(facts)
	return string(raw), err
}

func readFacts(raw string) (map[string]string, error) {
	if raw == "" {
		return nil, nil
	}
	var facts map[string]string
	err := json.Unmarshal([]byte(raw), &facts)
	return facts, err
}

const columns = `contact_id, channel, line, source, trunk, citizen, citizen_ref, node,
	accepted_at, queued_at, connected_at, talk_ended_at, ended_at, held_ms, offers, agent, cause,
	recording, citizen_loss, citizen_jitter_us, citizen_delay_us, citizen_mos,
	agent_loss, agent_jitter_us, agent_delay_us, agent_mos, replied_at, messages, origin`

const upsert = `INSERT INTO contact_records (` + columns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
		$18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
		ON CONFLICT (contact_id) DO UPDATE SET
		channel = excluded.channel, line = excluded.line, source = excluded.source, trunk = excluded.trunk,
		citizen = excluded.citizen, citizen_ref = excluded.citizen_ref, node = excluded.node,
		accepted_at = excluded.accepted_at, queued_at = excluded.queued_at, connected_at = excluded.connected_at,
		talk_ended_at = excluded.talk_ended_at, ended_at = excluded.ended_at, held_ms = excluded.held_ms,
		offers = excluded.offers, agent = excluded.agent, cause = excluded.cause, recording = excluded.recording,
		citizen_loss = excluded.citizen_loss, citizen_jitter_us = excluded.citizen_jitter_us,
		citizen_delay_us = excluded.citizen_delay_us, citizen_mos = excluded.citizen_mos,
		agent_loss = excluded.agent_loss, agent_jitter_us = excluded.agent_jitter_us,
		agent_delay_us = excluded.agent_delay_us, agent_mos = excluded.agent_mos,
		replied_at = excluded.replied_at, messages = excluded.messages, origin = excluded.origin`

const insertEvent = `INSERT INTO contact_events (contact_id, seq, at, kind, agent, detail, facts)
		SELECT $1, COALESCE(MAX(seq), 0) + 1, CAST($2 AS BIGINT), $3, $4, $5, $6 FROM contact_events WHERE contact_id = $1
		ON CONFLICT (contact_id, at, kind, agent, detail) DO NOTHING`

// Find finds a record, or records.ErrNotFound.
func (s *Store) Find(ctx context.Context, id contact.ID) (records.Record, error) {
	found, err := s.list(ctx, `WHERE contact_id = $1`, string(id))
	if err != nil {
		return records.Record{}, err
	}
	if len(found) == 0 {
		return records.Record{}, records.ErrNotFound
	}
	return found[0], nil
}

// OfCitizen lists the newest records of one citizen; limit 1-100.
func (s *Store) OfCitizen(ctx context.Context, ref string, limit int) ([]records.Record, error) {
	if ref == "" { // those who withheld their number are not one citizen
		return []records.Record{}, nil
	}
	return s.list(ctx, `WHERE citizen_ref = $1 ORDER BY accepted_at DESC, contact_id DESC LIMIT $2`, ref, within(limit, 100))
}

// Recent lists the newest records; limit 1-500.
func (s *Store) Recent(ctx context.Context, limit int) ([]records.Record, error) {
	return s.list(ctx, `ORDER BY accepted_at DESC, contact_id DESC LIMIT $1`, within(limit, 500))
}

func within(limit, most int) int { return min(max(limit, 1), most) }

func (s *Store) list(ctx context.Context, tail string, args ...any) ([]records.Record, error) {
	all, err := database.Collect(ctx, s.db, scanRecord, `SELECT `+columns+` FROM contact_records `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("records: read: %w", err)
	}
	return all, nil
}

func scanRecord(rows *sql.Rows) (records.Record, error) {
	var r records.Record
	var citizen, cause string
	var accepted, queued, connected, talkEnded, ended, replied database.Time
	var held int64
	var fromCitizen, fromAgent quality
	err := rows.Scan(&r.Contact, &r.Channel, &r.Line, &r.Source, &r.Trunk, &citizen, &r.CitizenRef, &r.Node,
		&accepted, &queued, &connected, &talkEnded, &ended, &held, &r.Offers, &r.Agent, &cause, &r.Recording,
		&fromCitizen.loss, &fromCitizen.jitter, &fromCitizen.delay, &fromCitizen.mos,
		&fromAgent.loss, &fromAgent.jitter, &fromAgent.delay, &fromAgent.mos,
		&replied, &r.Messages, &r.Origin)
	r.Citizen = contact.NewAddress(citizen)
	r.Accepted, r.Queued, r.Connected, r.TalkEnded, r.Ended = accepted.Time, queued.Time, connected.Time, talkEnded.Time, ended.Time
	r.Replied = replied.Time
	r.Held = time.Duration(held) * time.Millisecond
	r.FromCitizen, r.FromAgent = fromCitizen.read(), fromAgent.read()
	read, causeErr := contact.ParseCause(cause)
	r.Cause = read
	return r, errors.Join(err, causeErr)
}

// quality is one direction's as it stands in a row; times in microseconds.
type quality struct {
	loss, mos     float64
	jitter, delay int64
}

func (q quality) read() media.Quality {
	return media.Quality{
		Loss: q.loss, MOS: q.mos,
		Jitter: time.Duration(q.jitter) * time.Microsecond, Delay: time.Duration(q.delay) * time.Microsecond,
	}
}

// Events lists the steps of one contact in the order they were saved.
func (s *Store) Events(ctx context.Context, id contact.ID) ([]records.Event, error) {
	all, err := database.Collect(ctx, s.db, scanEvent,
		`SELECT contact_id, at, kind, agent, detail, facts FROM contact_events WHERE contact_id = $1 ORDER BY seq`, string(id))
	if err != nil {
		return nil, fmt.Errorf("records: read events of %s: %w", id, err)
	}
	return all, nil
}

func scanEvent(rows *sql.Rows) (records.Event, error) {
	var e records.Event
	var at database.Time
	var facts string
	err := rows.Scan(&e.Contact, &at, &e.Kind, &e.Agent, &e.Detail, &facts)
	e.At = at.Time
	read, factsErr := readFacts(facts)
	e.Facts = read
	return e, errors.Join(err, factsErr)
}
