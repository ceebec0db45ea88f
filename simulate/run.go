package simulate

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
)

// Options of a run.
type Options struct {
	Scenario Scenario
	// Citizens are those of each arrivals entry that names a file, by index.
	Citizens map[int][]Citizen
	// NewQueue makes an empty queue with that time; nil is the specification.
	NewQueue func(now func() time.Time) Queue
}

// Run plays all replications, as many at once as there are processors, and
// sums them up. It stops early with ctx's error.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Scenario.Validate(); err != nil {
		return Report{}, fmt.Errorf("simulate: %w", err)
	}
	book, err := routing.NewBook(routing.Config{Lines: o.Scenario.Lines, Policy: o.Scenario.Routing})
	if err != nil {
		return Report{}, fmt.Errorf("simulate: %w", err)
	}
	if o.NewQueue == nil {
		o.NewQueue = func(now func() time.Time) Queue { return memstore.New(now) }
	}
	worlds := make([]*world, o.Scenario.Replications)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range worlds {
		worlds[i] = newWorld(o, book, i)
		group.Go(func() error { return worlds[i].run(ctx) })
	}
	if err := group.Wait(); err != nil {
		return Report{}, fmt.Errorf("simulate: %w", err)
	}
	return report(o.Scenario, worlds), nil
}

func newWorld(o Options, book *routing.Book, replication int) *world {
	s := o.Scenario
	w := &world{
		scenario: s, book: book, clock: &clock{start: s.Start}, inside: map[contact.ID]*guest{},
		seats: map[contact.AgentID]routing.SeatAsk{}, lines: map[string]map[contact.Class]*Tally{},
		waiting: map[string]int{}, last: map[string]time.Duration{}, busy: map[contact.AgentID]busyness{},
	}
	w.queue = o.NewQueue(w.clock.Now)
	for i, a := range s.Arrivals {
		if a.File != "" {
			w.citizens = append(w.citizens, listed(o.Citizens[i]))
			continue
		}
		w.citizens = append(w.citizens, s.poisson(replication, i))
	}
	return w
}
