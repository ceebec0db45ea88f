package audit

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"time"

	"hotline/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of a Log.
type Options struct {
	DB   *database.DB
	Node string           // the node that writes
	Now  func() time.Time // the clock; time.Now when nil
}

// Log appends to the house's one chain and checks it. Its methods may be
// called from many goroutines; several nodes may share the chain.
type Log struct {
	db   *database.DB
	node string
	now  func() time.Time
	turn chan struct{} // one append of this node at a time: nodes meet, goroutines need not
}

// Open brings the table forward and returns the log.
func Open(ctx context.Context, o Options) (*Log, error) {
	if err := o.DB.Migrate(ctx, "audit", migrations); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{db: o.DB, node: o.Node, now: o.Now, turn: make(chan struct{}, 1)}, nil
}

// Append writes one entry, and returns once it is committed. An error means
// that nothing was written: the caller refuses what the entry is about.
func (l *Log) Append(ctx context.Context, e Entry) error {
	if err := e.validate(); err != nil {
		return fmt.Errorf("audit: append %s: %w", e.Action, err)
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("audit: append %s: %w", e.Action, ctx.Err())
	}
	r := Record{Entry: e, Node: l.node, Time: database.At(l.now()).Time}
	if err := l.db.Tx(ctx, func(tx *sql.Tx) error { return appendTo(ctx, tx, r) }); err != nil {
		return fmt.Errorf("audit: append %s: %w", e.Action, err)
	}
	return nil
}

// appendTo takes the head's row first: its lock orders the writers.
func appendTo(ctx context.Context, tx *sql.Tx, r Record) error {
	var previous []byte
	const take = `UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash`
	if err := tx.QueryRowContext(ctx, take).Scan(&r.Seq, &previous); err != nil {
		return fmt.Errorf("take the head: %w", err)
	}
	copy(r.Previous[:], previous)
	r.Hash = r.seal()
	const insert = `INSERT INTO audit_entries
		(seq, at, node, who, role, action, kind, object, reason, ip, previous, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	if _, err := tx.ExecContext(ctx, insert, r.Seq, database.At(r.Time), r.Node, r.Who, r.Role, string(r.Action),
		r.Kind, r.ID, r.Reason, r.ip(), r.Previous[:], r.Hash[:]); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	_, err := tx.ExecContext(ctx, `UPDATE audit_head SET hash = $1 WHERE id = 1`, r.Hash[:])
	return err
}
