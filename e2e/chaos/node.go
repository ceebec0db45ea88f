package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/records"
	"hotline/routing"
	"hotline/routing/redisstore"
	"hotline/session"
)

// node is one life of a node without telephones: lease, sessions, orders.
type node struct {
	id     string
	city   *city
	wire   *wire
	client redis.UniversalClient
	store  *redisstore.Store
	hall   *session.Hall
	name   atomic.Pointer[routing.NodeID]
	lives  int
	dead   atomic.Bool
	life   context.Context //nolint:containedctx // a node's
	end    func()
	over   sync.WaitGroup
}

func (c *city) start() (*node, error) {
	c.born++
	n := &node{id: fmt.Sprintf("node-%d", c.born), city: c, wire: &wire{}}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: c.redis.Addr(), PoolSize: 32, MaxRetries: -1})
	client.AddHook(n.wire)
	n.client = client
	var err error
	n.store, err = redisstore.New(redisstore.Config{Client: client, Hall: hall, Log: c.log, Alter: c.alter})
	if err != nil {
		return nil, err
	}
	n.rename()
	n.hall = session.NewHall(session.Options{
		Node: n.called(), Queue: n.store, Seats: seats{c, n}, Lines: c.book, Records: nowhere{},
		RefKey: make([]byte, 32), Log: c.log, Registerer: unseen(),
	})
	n.life, n.end = context.WithCancel(context.Background())
	n.register()
	orders := make(chan routing.Command)
	n.over.Go(func() { n.hall.Run(orders) })
	n.over.Go(func() { defer close(orders); n.beat(orders) })
	return n, nil
}

// register returns once the queue knows the node: no citizen is taken before.
func (n *node) register() {
	for n.within(func(ctx context.Context) error { return n.store.Beat(ctx, n.called()) }) != nil {
		<-tick()
	}
}

func (n *node) called() routing.NodeID { return *n.name.Load() }

func (n *node) rename() {
	n.lives++
	name := routing.NodeID(fmt.Sprintf("%s.%d", n.id, n.lives))
	n.name.Store(&name)
}

// beat is the node's heartbeat, as a real node's.
func (n *node) beat(orders chan<- routing.Command) {
	renamed := false
	for n.life.Err() == nil {
		if n.serve(orders, &renamed) {
			continue
		}
		n.city.truth.count("lost leases")
		n.rename()
		renamed = true
	}
}

// serve is one life of the node's name; false when the lease was lost.
func (n *node) serve(orders chan<- routing.Command, renamed *bool) bool {
	life, end := context.WithCancel(n.life)
	defer end()
	mine := n.store.Commands(life, n.called())
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var beaten time.Time
	for {
		select {
		case c, open := <-mine:
			if !open {
				return true
			}
			n.pass(orders, c)
		case now := <-tick.C:
			if now.Sub(beaten) >= time.Second {
				if err := n.within(func(ctx context.Context) error { return n.store.Beat(ctx, n.called()) }); errors.Is(err, routing.ErrFenced) {
					return false
				} else if err == nil {
					beaten = now
				}
			}
			_ = n.within(n.store.Tick) // Redis is away, or the node is cut off
			n.settle(renamed, beaten)
		case <-n.life.Done():
			return true
		}
	}
}

// settle tells the queue anew how everything stands, under the new name.
func (n *node) settle(renamed *bool, beaten time.Time) {
	if !*renamed || beaten.IsZero() || n.city.without("reassert") {
		return
	}
	*renamed = false
	name := n.called()
	n.over.Go(func() {
		ctx, cancel := context.WithTimeout(n.life, 3*time.Second)
		defer cancel()
		n.hall.Rename(ctx, name)
	})
}

func (n *node) pass(orders chan<- routing.Command, c routing.Command) {
	if c.Kind == routing.Orphan {
		n.city.truth.orphaned(c.Contact)
		return
	}
	select {
	case orders <- c:
	case <-n.life.Done():
	}
}

func (n *node) within(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(n.life, time.Second)
	defer cancel()
	return do(ctx)
}

// kill is kill −9: nothing is said to anybody, the citizens' calls are cut.
func (n *node) kill() {
	n.dead.Store(true)
	n.wire.cut.Store(true)
	n.city.truth.died(n.id)
	n.end()
	go func() {
		n.over.Wait()
		_ = n.client.Close()
	}()
}

// stop ends the node once its sessions are over.
func (n *node) stop() {
	n.end()
	n.over.Wait()
	_ = n.client.Close()
}

// nowhere keeps no records.
type nowhere struct{ records.Store }

// SaveAll implements records.Store.
func (nowhere) SaveAll(context.Context, []records.Entry) error { return nil }

// Save implements records.Store.
func (nowhere) Save(context.Context, records.Record, ...records.Event) error { return nil }
