package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	matchWaiting = 10_000
	matchLeast   = 0.15 // of an empty script's rate
	lifeScripts  = 3    // enqueue, accept, finish
)

// benchMatch measures scripts a second of whole lives, against a script that
// does nothing, by the same clients over the same socket.
func benchMatch(ctx context.Context, l *lab) (err error) {
	h, err := openQueue(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	talks, err := h.fill(ctx, matchWaiting, queueAgents)
	if err != nil {
		return err
	}
	held := make(chan talk, len(talks))
	for _, t := range talks {
		held <- t
	}
	lives := func(ctx context.Context) (int, error) {
		t := <-held
		begins, err := h.life(context.WithoutCancel(ctx), t)
		if err == nil {
			held <- begins
		}
		return lifeScripts, err
	}
	nothing := redis.NewScript("return {'OK', 0}")
	empty := func(ctx context.Context) (int, error) {
		return 1, nothing.Run(ctx, h.client, []string{"{bench}:"}, "").Err()
	}
	v, err := l.interleave(ctx, l.scripts(h, lives), l.scripts(h, empty))
	if err != nil {
		return err
	}
	l.report(figure{"queue-match", v.ours["rate"], "scripts a second, 10000 waiting", ceiling, v.peer["rate"], true})
	return nil
}

// scripts is a round in which the clients do one thing again and again.
func (l *lab) scripts(h *queueHall, do func(context.Context) (int, error)) trial {
	return func(ctx context.Context) (sample, error) {
		life, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		var n atomic.Int64
		var clients sync.WaitGroup
		for range queueClients {
			clients.Go(func() {
				for life.Err() == nil {
					done, err := do(life)
					if err != nil && life.Err() == nil {
						cancel(err)
					}
					n.Add(int64(done))
				}
			})
		}
		err := wait(life, l.settle()/2)
		begun, before := time.Now(), n.Load()
		u, watched := l.watch(ctx, l.window()/2, h.server.Pid())
		rate := float64(n.Load()-before) / time.Since(begun).Seconds()
		if err == nil {
			err = context.Cause(life)
		}
		cancel(nil)
		clients.Wait()
		return sample{map[string]float64{"rate": rate}, u.noise}, errors.Join(err, watched)
	}
}
