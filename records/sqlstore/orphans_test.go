package sqlstore_test

import (
	"testing"
	"time"

	"hotline/contact"
	"hotline/database"
	"hotline/database/databasetest"
	"hotline/records"
	"hotline/records/sqlstore"
)

func TestOrphansEnd(t *testing.T) {
	t.Parallel()
	died := start().Add(10 * time.Hour)
	tests := map[string]struct {
		before func(r *records.Record)
		after  func(r *records.Record) // of what was before
		ended  int
	}{
		"waiting": {
			func(r *records.Record) { r.Queued = r.Accepted },
			func(r *records.Record) { r.Ended, r.Cause, r.Recording = died, contact.NodeLost, "found.wav" }, 1,
		},
		"in a talk": {
			func(r *records.Record) { r.Connected, r.Recording = r.Accepted, "known.wav" },
			func(r *records.Record) { r.TalkEnded, r.Ended, r.Cause = died, died, contact.NodeLost }, 1,
		},
		"in wrap-up": {
			func(r *records.Record) {
				r.Connected, r.TalkEnded, r.Cause = r.Accepted, r.Accepted.Add(time.Minute), contact.CitizenEnded
			},
			func(r *records.Record) { r.Ended, r.Recording = died, "found.wav" }, 1,
		},
		"ended": {
			func(r *records.Record) { r.Ended, r.Cause = r.Accepted, contact.AbandonedQueue },
			func(r *records.Record) { r.Recording = "found.wav" }, 0,
		},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		n := 0
		for name, tt := range tests {
			n++
			r := record(n, "REF")
			tt.before(&r)
			must(t, s.Save(t.Context(), r))
			orphans := []records.Orphan{{Contact: id(99), Recording: "nobody's.wav", Ended: died}, {Contact: r.Contact, Recording: "found.wav", Ended: died}}
			for _, want := range []int{tt.ended, 0} { // again it ends nothing
				if got, err := s.CloseOrphans(t.Context(), orphans); err != nil || got != want {
					t.Errorf("%s: ended %d, %v; want %d", name, got, err, want)
				}
			}
			got, err := s.Find(t.Context(), r.Contact)
			must(t, err)
			tt.after(&r)
			if d := diff(r, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
			events, err := s.Events(t.Context(), r.Contact)
			must(t, err)
			if len(events) != tt.ended || tt.ended == 1 && (events[0].Kind != records.Ended || events[0].Detail != "node_lost" || !events[0].At.Equal(died)) {
				t.Errorf("%s: events %+v", name, events)
			}
		}
	})
}

// TestRowsOfBeforeAreRead: a row that the binary before wrote has no recording and no quality.
func TestRowsOfBeforeAreRead(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		_, err = db.ExecContext(t.Context(), `INSERT INTO contact_records (contact_id, channel, line, source, trunk, citizen, citizen_ref,
			node, accepted_at, held_ms, offers, agent, cause) VALUES ($1, 'phone', '', '', '', '', '', '', 1, 0, 0, '', 'internal')`, string(id(1)))
		must(t, err)
		r, err := s.Find(t.Context(), id(1))
		must(t, err)
		if r.Recording != "" || r.FromAgent != r.FromCitizen || r.FromAgent.MOS != 0 {
			t.Errorf("%+v", r)
		}
	})
}
