package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"hotline/contact"
	"hotline/database"
	"hotline/records"
)

// CloseOrphans ends the records of those contacts that have not ended, with
// cause node lost (a talk that had ended keeps its cause), names their
// recordings, and says how many it ended. A contact without a record is left
// out. It is safe to repeat.
func (s *Store) CloseOrphans(ctx context.Context, all []records.Orphan) (ended int, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		ended = 0
		for _, o := range all {
			did, err := closeOrphan(ctx, tx, o)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Contact, err)
			}
			if did {
				ended++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("records: close orphans: %w", err)
	}
	return ended, nil
}

const nameRecording = `UPDATE contact_records SET recording = $2 WHERE contact_id = $1 AND recording = ''`

// endLost leaves a talk's end, and its cause, where they are.
const endLost = `UPDATE contact_records SET ended_at = CAST($2 AS BIGINT),
	cause = CASE WHEN talk_ended_at IS NULL THEN $3 ELSE cause END,
	talk_ended_at = CASE WHEN connected_at IS NULL THEN talk_ended_at ELSE COALESCE(talk_ended_at, CAST($2 AS BIGINT)) END
	WHERE contact_id = $1 AND ended_at IS NULL`

func closeOrphan(ctx context.Context, tx *sql.Tx, o records.Orphan) (bool, error) {
	if _, err := tx.ExecContext(ctx, nameRecording, string(o.Contact), o.Recording); err != nil {
		return false, err
	}
	done, err := tx.ExecContext(ctx, endLost, string(o.Contact), database.At(o.Ended), contact.NodeLost.String())
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	if err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, insertEvent,
		string(o.Contact), database.At(o.Ended), string(records.Ended), "", contact.NodeLost.String(), "")
	return true, err
}
