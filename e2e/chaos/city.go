package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
	"hotline/redisserver"
	"hotline/routing"
)

const (
	hall = "chaos"
	ring = time.Second // how long a desk rings
)

// plan says what is done to a city.
type plan struct {
	Nodes, Agents int
	Rate          float64 // citizens a second
	For           time.Duration
	Seed          uint64
	KillNode      time.Duration // one node is killed each
	CutNode       time.Duration // one is cut off for CutFor each
	CutFor        time.Duration
	KillRedis     time.Duration
	Settle        time.Duration // how long everybody has to be served afterwards
	Without       []string
}

// city is one run.
type city struct {
	plan   plan
	redis  *redisserver.Server
	truth  *truth
	agents map[contact.AgentID]*agent
	book   *routing.Book
	log    *slog.Logger
	alter  func(name, text string) string
	lines  map[contact.ID]string // the number each citizen dialled
	dice   *rand.Rand

	mu    sync.Mutex
	nodes []*node
	born  int
}

func (c *city) without(protection string) bool { return slices.Contains(c.plan.Without, protection) }

// open starts Redis, nodes and agents.
func (c *city) open(ctx context.Context, dir string) (err error) {
	c.redis, err = redisserver.Start(ctx, redisserver.Config{Dir: dir, Appendfsync: "everysec", Log: c.log})
	if err != nil {
		return err
	}
	for range c.plan.Nodes {
		if err := c.birth(); err != nil {
			return err
		}
	}
	for i := range c.plan.Agents {
		a := &agent{id: contact.AgentID(fmt.Sprintf("%d", 1000+i)), buckets: map[routing.Bucket]int{"general": 1}}
		if i%4 == 0 {
			a.buckets["tax"] = 0
		}
		c.agents[a.id] = a
	}
	return nil
}

func (c *city) birth() error {
	n, err := c.start()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes = append(c.nodes, n)
	return nil
}

// living is any node that is not dead.
func (c *city) living() *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.nodes) == 0 {
		return nil
	}
	return c.nodes[roll(len(c.nodes))]
}

// arrivals lets citizens come, one stream for all nodes; a tenth leaves early.
func (c *city) arrivals(ctx context.Context) {
	for ctx.Err() == nil {
		gap := time.Duration(c.dice.ExpFloat64() / c.plan.Rate * float64(time.Second))
		called, early, at := "12345", c.dice.IntN(10) == 0, time.Duration(c.dice.IntN(3000))*time.Millisecond
		if c.dice.IntN(5) == 0 {
			called = "12366"
		}
		select {
		case <-time.After(gap):
		case <-ctx.Done():
			return
		}
		if n := c.living(); n != nil {
			c.arrive(n, called, early, at)
		}
	}
}

func (c *city) arrive(n *node, called string, early bool, at time.Duration) {
	v := newCall(contact.ID(ulid.Make().String()), called, c.truth)
	c.lines[v.id] = called
	c.truth.came(v.id, n.id)
	if n.dead.Load() { // killed in between
		v.gone(contact.CitizenEnded)
		return
	}
	n.hall.Receive(n.life, v)
	if early {
		time.AfterFunc(at, func() { v.gone(contact.CitizenEnded) })
	}
}

// faults break things by the plan, one after the other, until ctx ends.
func (c *city) faults(ctx context.Context) {
	var all sync.WaitGroup
	every := func(d time.Duration, do func(context.Context)) {
		if d == 0 {
			return
		}
		all.Go(func() {
			next := time.NewTicker(d)
			defer next.Stop()
			for {
				select {
				case <-next.C:
					do(ctx)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	every(c.plan.KillNode, func(context.Context) { c.killNode() })
	every(c.plan.CutNode, c.cutNode)
	every(c.plan.KillRedis, func(context.Context) {
		c.truth.count("kills of Redis")
		_ = syscall.Kill(c.redis.Pid(), syscall.SIGKILL) // between two lives there is none
	})
	all.Wait()
}

// killNode kills the oldest node; another starts in its place at once.
func (c *city) killNode() {
	c.mu.Lock()
	victim := c.nodes[0]
	c.nodes = c.nodes[1:]
	c.mu.Unlock()
	c.truth.count("kills of nodes")
	victim.kill()
	if err := c.birth(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "chaos:", err)
	}
}

// cutNode takes Redis from the youngest node for a while.
func (c *city) cutNode(ctx context.Context) {
	c.mu.Lock()
	victim := c.nodes[len(c.nodes)-1]
	c.mu.Unlock()
	c.truth.count("nodes cut off")
	victim.wire.cut.Store(true)
	select {
	case <-time.After(c.plan.CutFor):
	case <-ctx.Done():
	}
	if !victim.dead.Load() {
		victim.wire.cut.Store(false)
	}
}

// settled waits until every citizen has gone.
func (c *city) settled() {
	until := time.Now().Add(c.plan.Settle)
	for c.truth.open() > 0 && time.Now().Before(until) {
		<-tick()
	}
}

// roll is a number from 0 to sides - 1, of which nothing secret depends. The
// seed draws who comes and who leaves; what meets whom when is not repeatable.
func roll(sides int) int { return rand.IntN(sides) } //nolint:gosec // G404: no secret
