package web

import (
	"context"
	"fmt"
	"time"

	"hotline/contact"
)

const (
	seekEvery = 5 * time.Second
	// orphanAfter is how long a dead node's conversation is left to the queue,
	// which orders the adoption of those that it knows within seconds.
	orphanAfter = 20 * time.Second
)

// Orphans lists the open conversations that no living node has: their anchor
// is not alive, or it is this node and this node does not have them, as after
// an answer of the store that was lost.
func (w *Web) Orphans(ctx context.Context, alive func(node string) bool) ([]Opened, error) {
	var found []Opened
	for after := contact.ID(""); ; {
		some, err := w.store.Open(ctx, after, headsAtOnce)
		if err != nil {
			return nil, fmt.Errorf("web: orphans: %w", err)
		}
		for _, o := range some {
			after = o.ID
			if w.isOrphan(o, alive) {
				found = append(found, o)
			}
		}
		if len(some) < headsAtOnce {
			return found, nil
		}
	}
}

func (w *Web) isOrphan(o Opened, alive func(node string) bool) bool {
	return !w.has(o.ID) && (w.isMine(o) || !alive(o.Node))
}

func (w *Web) isMine(o Opened) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return o.Node == w.node
}

// Tend looks for orphans every 5 s until ctx ends, and has them received as if
// they had been opened here: a node that died between keeping a citizen's first
// message and its session costs time, not the citizen. Two nodes never adopt
// the same. Living lists the nodes that are alive.
func (w *Web) Tend(ctx context.Context, living func(context.Context) ([]string, error)) {
	tick := time.NewTicker(w.seek)
	defer tick.Stop()
	since := map[contact.ID]time.Time{}
	for {
		select {
		case <-tick.C:
			if err := w.rescue(ctx, living, since); err != nil && ctx.Err() == nil {
				w.log.Debug("orphans not sought", "error", err) // asked again; the store's guard has said so
			}
		case <-ctx.Done():
			return
		}
	}
}

// rescue is one look; since remembers when each orphan was first seen.
func (w *Web) rescue(ctx context.Context, living func(context.Context) ([]string, error), since map[contact.ID]time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, seekEvery)
	defer cancel()
	nodes, err := living(ctx)
	if err != nil {
		return fmt.Errorf("web: living nodes: %w", err)
	}
	alive := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		alive[n] = true
	}
	orphans, err := w.Orphans(ctx, func(n string) bool { return alive[n] })
	if err != nil {
		return err
	}
	still := make(map[contact.ID]bool, len(orphans))
	for _, o := range orphans {
		still[o.ID] = true
		if since[o.ID].IsZero() {
			since[o.ID] = w.now()
		}
		if w.isMine(o) || w.now().Sub(since[o.ID]) >= orphanAfter {
			w.takeIn(ctx, o)
		}
	}
	for id := range since {
		if !still[id] {
			delete(since, id)
		}
	}
	return nil
}

func (w *Web) takeIn(ctx context.Context, o Opened) {
	c, err := w.adopt(ctx, o)
	if err != nil {
		w.log.Debug("orphan not adopted", "contact_id", string(o.ID), "error", err) // somebody else was quicker
		return
	}
	w.o.Receive(c)
}
