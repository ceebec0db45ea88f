package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"hotline/contact"
	"hotline/database"
	"hotline/records"
)

var _ records.Figures = (*Store)(nil)

// How a contact fared, as countContacts numbers it.
const (
	inTime = iota
	late
	stillWaiting
	overdue
	refused
	callback
	short
	lost
)

// countContacts sorts the contacts of a day by how they fared, and twice that
// number, plus one when it was today, is the key; every column is in one index.
// $1 now, $2 today, $3 the begin, $4 and $5 the goals of calls and messages,
// $6 a short abandon. Its cost is in sorting the rows: keep the key short.
const countContacts = `SELECT line, channel, cause, CASE WHEN accepted_at >= CAST($2 AS BIGINT) THEN 1 ELSE 0 END + CASE
		WHEN channel = 'phone' AND connected_at IS NOT NULL THEN
			CASE WHEN connected_at - COALESCE(queued_at, accepted_at) <= CAST($4 AS BIGINT) THEN 0 ELSE 2 END
		WHEN channel <> 'phone' AND replied_at IS NOT NULL THEN
			CASE WHEN replied_at - accepted_at <= CAST($5 AS BIGINT) THEN 0 ELSE 2 END
		WHEN ended_at IS NULL AND talk_ended_at IS NULL THEN
			CASE WHEN channel = 'phone' AND CAST($1 AS BIGINT) - COALESCE(queued_at, accepted_at) <= CAST($4 AS BIGINT)
				OR channel <> 'phone' AND CAST($1 AS BIGINT) - accepted_at <= CAST($5 AS BIGINT) THEN 4 ELSE 6 END
		WHEN queued_at IS NULL THEN 8
		WHEN cause IN ('callback_taken', 'unreached', 'recalled') THEN 10
		WHEN cause IN ('abandoned_queue', 'abandoned_ringing') AND ended_at - queued_at < CAST($6 AS BIGINT) THEN 12
		ELSE 14 END AS fared, COUNT(*)
	FROM contact_records WHERE accepted_at >= CAST($3 AS BIGINT)
	GROUP BY line, channel, cause, fared ORDER BY line, channel, cause, fared`

// Tallies implements records.Figures.
func (s *Store) Tallies(ctx context.Context, now, today time.Time) ([]records.Tally, error) {
	rows, err := database.Collect(ctx, s.db, scanFare, countContacts,
		now.UnixMilli(), today.UnixMilli(), now.Add(-24*time.Hour).UnixMilli(),
		records.AnswerGoal.Milliseconds(), records.ReplyGoal.Milliseconds(), records.ShortAbandon.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("records: count: %w", err)
	}
	return tallies(rows), nil
}

// tallies adds the channels of a class up.
func tallies(rows []fare) []records.Tally {
	all := []records.Tally{}
	for _, r := range rows {
		at := slices.IndexFunc(all, func(t records.Tally) bool { return t.Line == r.line && t.Class == r.class })
		if at < 0 {
			at = len(all)
			all = append(all, records.Tally{Line: r.line, Class: r.class, Losses: map[contact.Cause]int{}})
		}
		r.into(&all[at])
	}
	return all
}

// fare is how many contacts of a line and class fared alike.
type fare struct {
	line  string
	class contact.Class
	cause contact.Cause
	how   int
	today bool
	n     int
}

func scanFare(rows *sql.Rows) (fare, error) {
	var f fare
	var channel contact.Channel
	var cause string
	var key int
	if err := rows.Scan(&f.line, &channel, &cause, &key, &f.n); err != nil {
		return f, err
	}
	f.class, f.how, f.today = channel.Class(), key/2, key%2 == 1
	read, err := contact.ParseCause(cause)
	f.cause = read
	return f, err
}

func (f fare) count() records.Count {
	switch f.how {
	case inTime:
		return records.Count{InTime: f.n}
	case late:
		return records.Count{Late: f.n}
	case stillWaiting:
		return records.Count{Waiting: f.n}
	case overdue:
		return records.Count{Overdue: f.n}
	case refused:
		return records.Count{Refused: f.n}
	case callback:
		return records.Count{Callback: f.n}
	case short:
		return records.Count{Short: f.n}
	default:
		return records.Count{Lost: f.n}
	}
}

func (f fare) into(t *records.Tally) {
	t.Day = t.Day.Plus(f.count())
	if f.today {
		t.Today = t.Today.Plus(f.count())
	}
	if f.how == refused || f.how == short || f.how == lost {
		t.Losses[f.cause] += f.n
	}
}

const waiting = `WHERE queued_at >= $1 AND ended_at IS NULL AND connected_at IS NULL AND talk_ended_at IS NULL
		ORDER BY queued_at, contact_id LIMIT $2`

// Waiting implements records.Figures.
func (s *Store) Waiting(ctx context.Context, since time.Time, limit int) ([]records.Record, error) {
	return s.list(ctx, waiting, since.UnixMilli(), within(limit, 500))
}
