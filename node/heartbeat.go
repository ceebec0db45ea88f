package node

import (
	"context"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/routing"
)

const (
	beatEvery = time.Second            // of a lease of 5 s
	tickEvery = 100 * time.Millisecond // expired reservations, dead nodes

	// reassertWithin bounds how long the seats wait for the contacts.
	reassertWithin = 3 * time.Second
)

// beatAndServe keeps the node's lease and hands its orders to the sessions. The
// sessions end before the lease is given back.
func (n *Node) beatAndServe() error {
	ctx, stop := context.WithCancel(context.WithoutCancel(n.life))
	orders := make(chan routing.Command)
	served, beaten := make(chan struct{}), make(chan struct{})
	go func() { defer close(served); n.hall.Run(orders) }()
	go func() { defer close(beaten); defer close(orders); n.beat(ctx, orders) }()
	n.down.add("sessions", func(down context.Context) error {
		n.cut()
		stop()
		<-beaten
		<-served
		return n.queue.Leave(down, n.name)
	})
	return nil
}

// endCalls ends what the drain left, while the trunk can still say goodbye.
func (n *Node) endCalls(ctx context.Context) error {
	n.cut()
	return n.hall.Wait(ctx)
}

// beat renews the lease and passes orders on until ctx ends. A node that lost
// its lease registers under a new name and says what it anchors there.
func (n *Node) beat(ctx context.Context, orders chan<- routing.Command) {
	for ctx.Err() == nil {
		n.serveName(ctx, orders)
	}
}

// serveName is one life of the node's name: it returns when the lease is lost.
func (n *Node) serveName(ctx context.Context, orders chan<- routing.Command) {
	life, end := context.WithCancel(ctx)
	defer end()
	mine := n.queue.Commands(life, n.name)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	var beaten time.Time
	for {
		select {
		case c, open := <-mine:
			if !open {
				return
			}
			select {
			case orders <- c:
			case <-ctx.Done():
				return
			}
		case now := <-tick.C:
			if !n.tend(ctx, now, &beaten) {
				n.rename()
				return
			}
			n.settle(ctx, beaten)
		case <-ctx.Done():
			return
		}
	}
}

// tend renews the lease when it is time, then does the queue's chores; in this
// order, so that a node which stood still does not find itself dead. false:
// the lease is lost.
func (n *Node) tend(ctx context.Context, now time.Time, beaten *time.Time) bool {
	if now.Sub(*beaten) >= beatEvery {
		err := n.within(ctx, n.renew)
		switch {
		case errors.Is(err, routing.ErrFenced):
			return false
		case err != nil:
			n.complain(ctx, "lease not renewed", err)
			return true
		}
		*beaten = now
	}
	if err := n.within(ctx, n.queue.Tick); err != nil {
		n.complain(ctx, "queue not tended", err)
	}
	return true
}

// complain is silent while the node stops, and while it is known that Redis is
// away: the guard has said so.
func (n *Node) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil && !n.guard.Away() {
		n.log.Error(what, "error", err) //nolint:sloglint // one of two constant messages
	}
}

func (n *Node) renew(ctx context.Context) error { return n.queue.Beat(ctx, n.name) }

func (n *Node) within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return do(ctx)
}

// rename takes a new name after a lost lease. Nothing is said under it before
// its first Beat.
func (n *Node) rename() {
	old := n.name
	n.name = routing.NodeID(n.cfg.Node.Name + "-" + ulid.Make().String()[16:])
	n.renamed = true
	n.log.Error("lease lost, registering under a new name", "old", string(old), "new", string(n.name))
}

// settle re-asserts everything under a new name, once that is registered:
// first the contacts, so that no agent in a talk looks free, then the seats.
// The heartbeat goes on meanwhile.
func (n *Node) settle(ctx context.Context, beaten time.Time) {
	if !n.renamed || beaten.IsZero() {
		return
	}
	n.renamed = false
	name := n.name
	n.running.Go(func() {
		told, cancel := context.WithTimeout(ctx, reassertWithin)
		defer cancel()
		n.followUntil(told, name)
		n.renameChannels(told, string(name))
		n.hall.Rename(told, name)
		n.desk.Reassert(name)
	})
}
