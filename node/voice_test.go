package node

import (
	"context"
	"log/slog"
	"runtime"
	"testing"

	"hotline/media/engine"
)

// The loops keep processors while they wait; the rest of the node must not miss
// them, and gets no more than it had once they are gone.
func TestTheEngineBringsItsOwnProcessors(t *testing.T) { // not parallel: the number is the process's
	log, before := slog.New(slog.DiscardHandler), runtime.GOMAXPROCS(0)
	n := &Node{log: log, down: teardown{log: log}, metrics: newRegistry()}
	n.cfg.Engine = engine.Config{Loops: 3}
	if err := n.openEngine(); err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before+3 {
		t.Errorf("%d processors with 3 loops, %d before", got, before)
	}
	if err := n.down.run(context.Background()); err != nil {
		t.Error(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("%d processors after, %d before", got, before)
	}
}
