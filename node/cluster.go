package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hotline/cluster"
	"hotline/cluster/redisbus"
	"hotline/desk"
	"hotline/routing"
	"hotline/session"
	"hotline/session/remote"
)

// openBus lets other nodes reach this one, and agents of other nodes speak here.
func (n *Node) openBus(ctx context.Context) error {
	bus, err := redisbus.Open(ctx, redisbus.Options{
		Client: n.redis, Hall: n.cfg.Redis.Hall, Node: cluster.Node(n.name), Log: n.log, Registerer: n.metrics,
	})
	if err != nil {
		return err
	}
	n.bus = bus
	n.down.add("bus", bus.Close)
	n.leases = redisbus.NewLeases(n.redis, n.cfg.Redis.Hall)
	n.board = desk.NewSwitchboard(desk.SwitchboardOptions{Phones: desk.WebRTC(n.seats), Bus: bus, Log: n.log})
	n.down.add("switchboard", n.board.Close)
	return nil
}

// openExchange joins this node's sessions and desks with those of others; join
// sets it going.
func (n *Node) openExchange(context.Context) (err error) {
	n.exchange, err = remote.New(remote.Options{
		Bus: n.bus, Node: n.name, Desks: n.desk, RefKey: n.refKey, Log: n.log, Registerer: n.metrics,
	})
	if err != nil {
		return err
	}
	n.down.add("exchange", n.exchange.Close)
	return nil
}

// join gives the desks the sessions of all nodes, and the sessions all desks.
func (n *Node) join() {
	n.exchange.Serve(n.hall)
	n.desk.SetHall(sessions{n.exchange.Hall(), here{n.hall}})
}

// sessions are those of all nodes; what does not cross is done here.
type sessions struct {
	*remote.Hall
	here
}

type here struct{ *session.Hall }

// follow lets the other nodes know this one by its new name too.
func (n *Node) follow(ctx context.Context, name routing.NodeID) error {
	n.exchange.Rename(name)
	if err := n.bus.Rename(ctx, cluster.Node(name)); err != nil {
		return fmt.Errorf("new name on the bus: %w", err)
	}
	return nil
}

// followUntil tries until the bus has the new name: without it no desk of
// another node can answer.
func (n *Node) followUntil(ctx context.Context, name routing.NodeID) {
	for ctx.Err() == nil {
		err := n.within(ctx, func(ctx context.Context) error { return n.follow(ctx, name) })
		if err == nil {
			return
		}
		if !errors.Is(err, context.Canceled) {
			n.complain(ctx, "the other nodes do not know the new name", err)
		}
		select {
		case <-time.After(tickEvery):
		case <-ctx.Done():
		}
	}
}

// sendDesksAway lets the desks of a draining node leave for others, as they are
// done with their contacts; the channel brings the error once all have left. A
// node that is alone keeps them: whoever waits here could be served by nobody else.
func (n *Node) sendDesksAway(ctx context.Context) <-chan error {
	left := make(chan error, 1)
	n.running.Go(func() {
		nodes, err := n.bus.Nodes(ctx)
		if err != nil || len(nodes) < 2 {
			left <- err
			return
		}
		left <- n.desk.Retire(ctx, time.Second)
	})
	return left
}
