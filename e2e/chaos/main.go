package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
)

func main() {
	p := plan{}
	var without string
	flag.IntVar(&p.Nodes, "nodes", 4, "how many nodes")
	flag.IntVar(&p.Agents, "agents", 80, "how many agents")
	flag.Float64Var(&p.Rate, "rate", 30, "citizens a second")
	flag.DurationVar(&p.For, "for", time.Minute, "how long things are broken")
	flag.Uint64Var(&p.Seed, "seed", 1, "draws arrivals")
	flag.DurationVar(&p.KillNode, "kill-node", 7*time.Second, "one node is killed each; 0 for none")
	flag.DurationVar(&p.CutNode, "cut-node", 14*time.Second, "one node is cut off each; 0 for none")
	flag.DurationVar(&p.CutFor, "cut-for", 12*time.Second, "for how long; a lease is 5 s")
	flag.DurationVar(&p.KillRedis, "kill-redis", 17*time.Second, "Redis is killed each; 0 for never")
	flag.DurationVar(&p.Settle, "settle", 40*time.Second, "how long everybody has to be served afterwards")
	flag.StringVar(&without, "without", "", "protections switched off: "+strings.Join(protections(), ", "))
	flag.Parse()
	if without != "" {
		p.Without = strings.Split(without, ",")
	}
	if err := try(context.Background(), p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// try runs the plan and prints what came of it; an error when a promise was
// broken.
func try(ctx context.Context, p plan, out io.Writer) error {
	for _, name := range p.Without {
		if !slices.Contains(protections(), name) {
			return fmt.Errorf("without: %q is no protection: %s", name, strings.Join(protections(), ", "))
		}
	}
	dir, err := os.MkdirTemp("", "chaos")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	breaches, done, err := run(ctx, p, dir)
	if err != nil {
		return err
	}
	for _, line := range done {
		_, _ = fmt.Fprintln(out, line)
	}
	for _, b := range breaches[:min(len(breaches), 20)] {
		_, _ = fmt.Fprintln(out, "BREACH", b.what)
	}
	if len(breaches) > 0 {
		return fmt.Errorf("%d breaches", len(breaches))
	}
	_, _ = fmt.Fprintln(out, "no breach")
	return nil
}

// run is one city's life: opened, broken, healed, looked at.
func run(ctx context.Context, p plan, dir string) (breaches []breach, done []string, err error) {
	c, err := newCity(p)
	if err != nil {
		return nil, nil, err
	}
	if err := c.open(ctx, dir); err != nil {
		return nil, nil, err
	}
	log := &ledger{}
	reading, stopReading := context.WithCancel(ctx)
	client := redisserverClient(c.redis)
	var followed, tended sync.WaitGroup
	followed.Go(func() { log.follow(reading, client) })
	working, stopWorking := context.WithCancel(ctx)
	for _, a := range c.agents {
		tended.Go(func() { a.tend(working, c) })
	}
	broken, heal := context.WithTimeout(ctx, p.For)
	var all sync.WaitGroup
	all.Go(func() { c.arrivals(broken) })
	all.Go(func() { c.faults(broken) })
	all.Wait()
	heal()
	c.settled()
	c.truth.stuck()
	c.look(ctx)
	stopWorking()
	tended.Wait()
	for _, n := range c.nodes {
		n.stop()
	}
	stopReading()
	followed.Wait()
	log.check(c, log.scores(client))
	c.truth.verdict(log)
	c.truth.tell(log)
	return c.truth.breaches, c.truth.summary(), c.close(client)
}

func newCity(p plan) (*city, error) {
	citizens, taxes := routing.DefaultLine(), routing.DefaultLine()
	citizens.Name, citizens.Title, citizens.Skill = "citizen", routing.Title{ZH: "市民", EN: "Citizens"}, "general"
	citizens.Numbers = []routing.Number{{Dial: "12345"}}
	taxes.Name, taxes.Title, taxes.Skill = "tax", routing.Title{ZH: "税务", EN: "Taxes"}, "tax"
	taxes.Numbers = []routing.Number{{Dial: "12366"}}
	citizens.Ring, taxes.Ring = ring, ring
	book, err := routing.NewBook(routing.Config{Lines: []routing.Line{citizens, taxes}})
	if err != nil {
		return nil, err
	}
	return &city{
		plan: p, truth: newTruth(), agents: map[contact.AgentID]*agent{}, book: book,
		log: slog.New(slog.DiscardHandler), lines: map[contact.ID]string{}, alter: alter(p.Without),
		dice: rand.New(rand.NewPCG(p.Seed, 0)), //nolint:gosec // G404: no secret
	}, nil
}

// tick is when the log is read again.
func tick() <-chan time.Time { return time.After(200 * time.Millisecond) }
