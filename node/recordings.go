package node

import (
	"context"
	"path/filepath"
	"time"

	"hotline/contact"
	"hotline/desk"
	"hotline/media/recorder"
	"hotline/records"
)

// filedAgain is how long the database is given before it is asked again to end
// the contacts of a life before.
const filedAgain = 5 * time.Second

// openRecordings opens the recordings' folder, and puts right what an earlier
// life of the node left there; calls need not wait for that. Without a folder
// there are none.
func (n *Node) openRecordings(context.Context) (err error) {
	cfg := n.cfg.Recordings
	if cfg.Folder == "" {
		return nil
	}
	if !filepath.IsAbs(cfg.Folder) {
		cfg.Folder = filepath.Join(n.cfg.Node.Data, cfg.Folder)
	}
	n.recorder, err = recorder.New(recorder.Options{Config: cfg, Log: n.log, Registerer: n.metrics, Now: n.now})
	if err != nil {
		return err
	}
	n.down.add("recordings", n.recorder.Close)
	n.running.Go(func() { n.closeOrphans(n.life) })
	return nil
}

// tape is what calls are recorded with; nil for not at all.
func (n *Node) tape() *recorder.Recorder {
	if !n.cfg.Recordings.Enabled {
		return nil
	}
	return n.recorder
}

// recordings is where desks hear them; nil for nowhere.
func (n *Node) recordings() desk.Recordings {
	if n.recorder == nil {
		return nil
	}
	return n.recorder
}

// closeOrphans ends the recordings, and the contacts, that the death of an
// earlier life cut off.
func (n *Node) closeOrphans(ctx context.Context) {
	found, err := n.recorder.CloseOrphans(ctx)
	if err != nil && ctx.Err() == nil {
		n.log.Error("orphaned recording not closed", "error", err)
	}
	orphans := make([]records.Orphan, 0, len(found))
	for _, o := range found {
		n.log.Warn("orphaned recording closed", "contact_id", o.ID, "seconds", int(o.Lasts.Seconds()))
		if id, err := contact.ParseID(o.ID); err == nil {
			orphans = append(orphans, records.Orphan{Contact: id, Recording: o.Path, Ended: o.Ended})
		}
	}
	if len(orphans) > 0 {
		n.fileOrphans(ctx, orphans)
	}
}

// fileOrphans tells the records, until they take it.
func (n *Node) fileOrphans(ctx context.Context, orphans []records.Orphan) {
	for {
		ended, err := n.records.CloseOrphans(ctx, orphans)
		if err == nil {
			n.log.Warn("contacts of an earlier life ended", "count", ended, "recordings", len(orphans))
			return
		}
		if ctx.Err() == nil {
			n.log.Error("orphaned contacts not ended", "error", err)
		}
		select {
		case <-time.After(filedAgain):
		case <-ctx.Done():
			return
		}
	}
}
