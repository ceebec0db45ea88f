package audit

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"

	"hotline/database"
)

// Head is the end of the chain. Noted elsewhere (a log, another house), it
// proves later that nothing was cut off or written anew.
type Head struct {
	Seq  int64 // 0 while there is no entry
	Hash Hash
}

// Head returns the present end.
func (l *Log) Head(ctx context.Context) (Head, error) {
	var h Head
	var hash []byte
	err := l.db.QueryRowContext(ctx, `SELECT seq, hash FROM audit_head WHERE id = 1`).Scan(&h.Seq, &hash)
	if err != nil {
		return Head{}, fmt.Errorf("audit: read the head: %w", err)
	}
	copy(h.Hash[:], hash)
	return h, nil
}

// Page returns at most limit records after the one numbered after, in order.
func (l *Log) Page(ctx context.Context, after int64, limit int) ([]Record, error) {
	const query = `SELECT seq, at, node, who, role, action, kind, object, reason, ip, previous, hash
		FROM audit_entries WHERE seq > $1 ORDER BY seq LIMIT $2`
	page, err := database.Collect(ctx, l.db, scan, query, after, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: read: %w", err)
	}
	return page, nil
}

func scan(rows *sql.Rows) (Record, error) {
	var r Record
	var at database.Time
	var ip string
	var previous, hash []byte
	err := rows.Scan(&r.Seq, &at, &r.Node, &r.Who, &r.Role, &r.Action, &r.Kind, &r.ID, &r.Reason, &ip, &previous, &hash)
	r.Time = at.Time
	r.IP, _ = netip.ParseAddr(ip) // what is no address was not written by us: the hash tells
	copy(r.Previous[:], previous)
	copy(r.Hash[:], hash)
	return r, err
}
