package node

import (
	"context"
	"encoding/hex"
	"time"
)

// witnessEvery is how often the head of the audit's chain goes into the log.
const witnessEvery = time.Hour

// witness notes the head of the audit's chain outside the database: a tail that
// is cut off later shows when `audit.Log.Verify` is given what the log holds.
func (n *Node) witness(ctx context.Context) {
	every := time.NewTicker(witnessEvery)
	defer every.Stop()
	for {
		n.noteHead(ctx)
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) noteHead(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	head, err := n.audit.Head(ctx)
	if err != nil {
		if ctx.Err() == nil {
			n.log.Error("audit cannot be read", "error", err)
		}
		return
	}
	n.log.Info("audit head", "seq", head.Seq, "hash", hex.EncodeToString(head.Hash[:]))
}
