package node

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/contact"
	"hotline/media/recorder"
	"hotline/records"
)

// TestOrphansOfAnEarlierLife: what a dead node left gets its name at the next
// start, and the contact it belongs to ends as lost with its node.
func TestOrphansOfAnEarlierLife(t *testing.T) {
	const id contact.ID = "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"
	cfg := small(t)
	cfg.Recordings = recorder.Config{Folder: "recordings", Enabled: true}
	orphan := filepath.Join(cfg.Node.Data, "recordings", "2026-11-25", string(id)+".wav.open")
	life(t, cfg, func(n *Node) {
		accepted := time.Now().Add(-time.Minute)
		err := n.records.Save(t.Context(), records.Record{Contact: id, Channel: contact.Phone, Accepted: accepted, Connected: accepted})
		if err != nil {
			t.Fatal(err)
		}
	})
	if err := os.MkdirAll(filepath.Dir(orphan), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(orphan, make([]byte, 58+16000), 0o600); err != nil {
		t.Fatal(err)
	}
	life(t, cfg, func(n *Node) {
		r := awaitEnd(t, n, id)
		if r.Cause != contact.NodeLost || r.TalkEnded.IsZero() || r.Recording != "2026-11-25/"+string(id)+".wav" {
			t.Errorf("record %+v", r)
		}
		f, err := n.recordings().Open(r.Recording)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	})
}

// life is one start and stop of a node.
func life(t *testing.T, cfg Config, do func(*Node)) {
	t.Helper()
	n := New(Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	do(n)
}

func awaitEnd(t *testing.T, n *Node, id contact.ID) records.Record {
	t.Helper()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	limit := time.After(20 * time.Second)
	for {
		r, err := n.records.Find(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Ended.IsZero() {
			return r
		}
		select {
		case <-every.C:
		case <-limit:
			t.Fatalf("the contact has not ended: %+v", r)
		}
	}
}

// TestWithoutAFolderNothingIsRecorded: nor served.
func TestWithoutAFolderNothingIsRecorded(t *testing.T) {
	life(t, small(t), func(n *Node) {
		if n.tape() != nil || n.recordings() != nil {
			t.Error("there is a recorder")
		}
	})
}
