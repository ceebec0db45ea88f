package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hotline/contact"
	"hotline/database"
	"hotline/records"
)

var _ records.Figures = (*Store)(nil)

// countContacts sorts the contacts of a day by how they fared; every column is
// in one index. $1 now, $2 today, $3 the begin, $4 and $5 the goals of calls and
// messages, $6 a short abandon.
const countContacts = `SELECT line, class, fared, CASE WHEN fared IN ('lost', 'short', 'refused') THEN cause ELSE '' END AS why,
	today, COUNT(*) FROM (
	SELECT line, class, cause, today, CASE
		WHEN served IS NOT NULL AND served - asked <= goal THEN 'in_time'
		WHEN served IS NOT NULL THEN 'late'
		WHEN ended IS NULL AND CAST($1 AS BIGINT) - asked <= goal THEN 'waiting'
		WHEN ended IS NULL THEN 'overdue'
		WHEN queued_at IS NULL THEN 'refused'
		WHEN cause = 'callback_taken' THEN 'callback'
		WHEN cause IN ('abandoned_queue', 'abandoned_ringing') AND ended - queued_at < CAST($6 AS BIGINT) THEN 'short'
		ELSE 'lost' END AS fared
	FROM (
		SELECT line, cause, queued_at, COALESCE(talk_ended_at, ended_at) AS ended,
			CASE WHEN channel = 'phone' THEN 'voice' ELSE 'message' END AS class,
			CASE WHEN channel = 'phone' THEN connected_at ELSE replied_at END AS served,
			CASE WHEN channel = 'phone' THEN COALESCE(queued_at, accepted_at) ELSE accepted_at END AS asked,
			CASE WHEN channel = 'phone' THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END AS goal,
			CASE WHEN accepted_at >= CAST($2 AS BIGINT) THEN 1 ELSE 0 END AS today
		FROM contact_records WHERE accepted_at >= CAST($3 AS BIGINT)
	) AS one
	) AS each_one GROUP BY line, class, fared, why, today ORDER BY line, class`

// Tallies implements records.Figures.
func (s *Store) Tallies(ctx context.Context, now, today time.Time) ([]records.Tally, error) {
	rows, err := database.Collect(ctx, s.db, scanFare, countContacts,
		now.UnixMilli(), today.UnixMilli(), now.Add(-24*time.Hour).UnixMilli(),
		records.AnswerGoal.Milliseconds(), records.ReplyGoal.Milliseconds(), records.ShortAbandon.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("records: count: %w", err)
	}
	all := []records.Tally{}
	for _, r := range rows {
		if n := len(all); n == 0 || all[n-1].Line != r.line || all[n-1].Class != r.class {
			all = append(all, records.Tally{Line: r.line, Class: r.class, Losses: map[contact.Cause]int{}})
		}
		r.into(&all[len(all)-1])
	}
	return all, nil
}

// fare is how many contacts of a line and class fared alike.
type fare struct {
	line  string
	class contact.Class
	count records.Count
	lost  bool
	cause contact.Cause
	today bool
	n     int
}

func scanFare(rows *sql.Rows) (fare, error) {
	var f fare
	var fared, why string
	var today int
	if err := rows.Scan(&f.line, &f.class, &fared, &why, &today, &f.n); err != nil {
		return f, err
	}
	f.today = today == 1
	f.count = countOf(fared, f.n)
	if why == "" {
		return f, nil
	}
	f.lost = true
	cause, err := contact.ParseCause(why)
	f.cause = cause
	return f, err
}

func countOf(fared string, n int) records.Count {
	switch fared {
	case "in_time":
		return records.Count{InTime: n}
	case "late":
		return records.Count{Late: n}
	case "waiting":
		return records.Count{Waiting: n}
	case "overdue":
		return records.Count{Overdue: n}
	case "refused":
		return records.Count{Refused: n}
	case "callback":
		return records.Count{Callback: n}
	case "short":
		return records.Count{Short: n}
	default:
		return records.Count{Lost: n}
	}
}

func (f fare) into(t *records.Tally) {
	t.Day = t.Day.Plus(f.count)
	if f.today {
		t.Today = t.Today.Plus(f.count)
	}
	if f.lost {
		t.Losses[f.cause] += f.n
	}
}

const waiting = `WHERE queued_at >= $1 AND ended_at IS NULL AND connected_at IS NULL AND talk_ended_at IS NULL
		ORDER BY queued_at, contact_id LIMIT $2`

// Waiting implements records.Figures.
func (s *Store) Waiting(ctx context.Context, since time.Time, limit int) ([]records.Record, error) {
	return s.list(ctx, waiting, since.UnixMilli(), within(limit, 500))
}
