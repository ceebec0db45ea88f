package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/redisserver"
	"hotline/routing"
	"hotline/routing/redisstore"
)

const (
	queueSkills  = 40
	queueAgents  = 2000
	queueClients = 16
	queueNode    = routing.NodeID("bench")
	queueRing    = 15 * time.Second
	queueStep    = time.Hour // never due here
	offersAhead  = 10_000
	stopWithin   = 20 * time.Second
)

// talk is a contact that an agent has.
type talk struct {
	contact contact.ID
	token   routing.Token
	agent   contact.AgentID
}

// queueHall is a queue on a Redis of its own, over its Unix socket, set as the
// node sets it: with the append-only file.
type queueHall struct {
	server *redisserver.Server
	client *redis.Client
	store  *redisstore.Store
	dir    string
	stop   context.CancelFunc
	orders <-chan routing.Command

	entered atomic.Int64 // contacts so far
}

func openQueue(ctx context.Context) (*queueHall, error) {
	dir, err := os.MkdirTemp("", "bench-queue-")
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	h := &queueHall{dir: dir}
	if h.server, err = redisserver.Start(ctx, redisserver.Config{Dir: dir}); err != nil {
		return nil, errors.Join(fmt.Errorf("queue: %w", err), os.RemoveAll(dir))
	}
	h.client = redis.NewClient(&redis.Options{Network: "unix", Addr: h.server.Addr(), PoolSize: queueClients + 1})
	h.store, err = redisstore.New(redisstore.Config{Client: h.client, Hall: "bench"})
	if err == nil {
		err = h.store.Beat(ctx, queueNode)
	}
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	var life context.Context
	life, h.stop = context.WithCancel(ctx)
	h.orders = h.store.Commands(life, queueNode)
	return h, nil
}

func (h *queueHall) close() error {
	if h.stop != nil {
		h.stop()
		for cmd := range h.orders {
			_ = cmd // nobody needs it any more
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return errors.Join(h.client.Close(), h.server.Stop(ctx), os.RemoveAll(h.dir))
}

func skill(n int) routing.Bucket { return routing.Bucket(fmt.Sprintf("skill-%d", n%queueSkills)) }

func queueAgent(n int) contact.AgentID { return contact.AgentID(fmt.Sprintf("agent-%04d", n)) }

// newcomer is the next contact: a call for two skills, and for any after an hour.
func (h *queueHall) newcomer() routing.Entry {
	n := int(h.entered.Add(1))
	return routing.Entry{
		Contact: contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z2%06d", n)), Class: contact.Voice, Line: "public",
		Buckets: []routing.Bucket{skill(n), skill(n + 11)}, Band: 1, Anchor: queueNode, Ring: queueRing,
		Steps: []routing.Step{
			{After: queueStep, Add: []routing.Bucket{"general"}},
			{After: 2 * queueStep, Add: []routing.Bucket{"any"}},
		},
	}
}

// fill lets the agents sign in, each with three skills, and talk, and then lets
// contacts wait; it returns the talks.
func (h *queueHall) fill(ctx context.Context, waiting, agents int) ([]talk, error) {
	err := together(ctx, agents, func(ctx context.Context, n int) error {
		return h.store.SetAgent(ctx, routing.Agent{
			ID: queueAgent(n), Node: queueNode, Status: routing.Ready,
			Buckets: map[routing.Bucket]int{skill(n): 0, skill(n + 7): 1, skill(n + 17): 2, "general": 3},
			Slots:   map[contact.Class]int{contact.Voice: 1},
		})
	})
	if err != nil {
		return nil, err
	}
	talks := make([]talk, agents)
	err = together(ctx, agents, func(ctx context.Context, n int) error {
		e := h.newcomer()
		e.Buckets = []routing.Bucket{routing.SeatBucket(queueAgent(n))}
		talks[n] = talk{e.Contact, 1, queueAgent(n)}
		return errors.Join(h.store.Enqueue(ctx, e), h.store.Accept(ctx, e.Contact, 1))
	})
	if err != nil {
		return nil, err
	}
	if err := h.forget(ctx, agents); err != nil {
		return nil, err
	}
	return talks, together(ctx, waiting, func(ctx context.Context, _ int) error { return h.store.Enqueue(ctx, h.newcomer()) })
}

// forget reads so many offers away.
func (h *queueHall) forget(ctx context.Context, offers int) error {
	for offers > 0 {
		cmd, err := h.order(ctx)
		if err != nil {
			return err
		}
		if cmd.Kind == routing.Offer {
			offers--
		}
	}
	return nil
}

func (h *queueHall) order(ctx context.Context) (routing.Command, error) {
	select {
	case cmd, ok := <-h.orders:
		if !ok {
			return cmd, errors.New("queue: the orders have ended")
		}
		return cmd, nil
	case <-ctx.Done():
		return routing.Command{}, ctx.Err()
	}
}

// next reads the next offer.
func (h *queueHall) next(ctx context.Context) (talk, error) {
	for {
		cmd, err := h.order(ctx)
		if err != nil {
			return talk{}, err
		}
		if cmd.Kind == routing.Offer {
			return talk{cmd.Contact, cmd.Token, cmd.Agent}, nil
		}
	}
}

// life is one contact's: one comes, a talk ends, and its agent takes the next.
func (h *queueHall) life(ctx context.Context, ends talk) (talk, error) {
	if err := h.store.Enqueue(ctx, h.newcomer()); err != nil {
		return talk{}, err
	}
	if err := h.store.Finish(ctx, ends.contact, ends.token, contact.CitizenEnded); err != nil {
		return talk{}, err
	}
	begins, err := h.next(ctx)
	if err != nil {
		return talk{}, err
	}
	return begins, h.store.Accept(ctx, begins.contact, begins.token)
}

// together does n things, a few at a time, and returns the first error.
func together(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range queueClients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
