package node

import (
	"context"
	"time"

	"hotline/session"
)

// roundEvery is how often the node looks for what has strayed, and walks on
// through the queue's keys: 200 members a second and node.
const roundEvery = time.Second

// rounds looks until ctx ends that nobody is orphaned: what this node anchors is
// compared with the queue, and the queue with itself.
func (n *Node) rounds(ctx context.Context) {
	strays, found := session.NewStrays(n.hall, n.queue), n.metrics.countBreaches()
	next := time.NewTicker(roundEvery)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			n.round(ctx, strays, found)
		case <-ctx.Done():
			return
		}
	}
}

// round is silent while Redis is away. Who drains leaves contacts to others.
func (n *Node) round(ctx context.Context, strays *session.Strays, found func()) {
	if n.guard.Away() || n.health.draining.Load() {
		return
	}
	if err := n.within(ctx, strays.Look); err != nil {
		n.complain(ctx, "strays not looked for", err)
	}
	breaches, err := n.walk(ctx)
	if err != nil {
		n.complain(ctx, "queue not walked", err)
	}
	for _, b := range breaches {
		found()
		n.log.Error("the queue contradicted itself and was mended", "breach", b)
	}
}

func (n *Node) walk(ctx context.Context) (breaches []string, err error) {
	err = n.within(ctx, func(ctx context.Context) error {
		breaches, err = n.queue.Walk(ctx)
		return err
	})
	return breaches, err
}
