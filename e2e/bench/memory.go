package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"hotline/load"
)

const (
	memoryFew     = 20
	memoryMany    = 100 // what two cores carry together with the load itself
	memoryCeiling = 300 // KB
	memoryWithin  = 2 * time.Minute
	memorySettle  = 5 * time.Second
)

// benchMemory measures what one more bridged call costs a node: the citizen's
// leg, the agent's seat, socket and peer connection, the session.
func benchMemory(ctx context.Context, l *lab) (err error) {
	few, many := memoryFew, memoryMany
	if l.quick {
		few, many = 5, 20
	}
	node, at, err := l.city(ctx, CityArgs{Agents: many, Recorded: true})
	if err != nil {
		return err
	}
	all := accounts(many)
	first, err := l.talks(ctx, node, at, all[:few], few)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, first.end()) }()
	second, err := l.talks(ctx, node, at, all[few:], many)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, second.end()) }()
	l.note("  %d bridged calls: %.1f MB, %d: %.1f MB, Redis included", few, float64(first.rss)/(1<<20), many, float64(second.rss)/(1<<20))
	each := float64(second.rss-first.rss) / float64(many-few) / (1 << 10)
	l.report(figure{"memory-per-call", each, "KB, from " + fmt.Sprint(few) + " to " + fmt.Sprint(many) + " calls", ceiling, memoryCeiling, false})
	return nil
}

// talking is a load whose calls go on until it is ended.
type talking struct {
	rss  int64
	stop context.CancelFunc
	done chan error
}

func (t *talking) end() error {
	t.stop()
	return <-t.done
}

// talks joins a citizen with each agent and measures once the node has want
// calls in all.
func (l *lab) talks(ctx context.Context, node *child, at CityAt, agents []load.Account, want int) (*talking, error) {
	life, stop := context.WithCancel(ctx)
	t := &talking{stop: stop, done: make(chan error, 1)}
	o := crowd(at, agents)
	o.Rate, o.For, o.Calls, o.Talk, o.Patience = 10, time.Hour, len(agents), time.Hour, time.Hour
	go func() {
		_, err := load.Run(life, o)
		t.done <- err
	}()
	ctx, cancel := context.WithTimeout(ctx, memoryWithin)
	defer cancel()
	if err := t.joined(ctx, at.Admin, want); err != nil {
		stop()
		return nil, errors.Join(err, <-t.done)
	}
	var err error
	if t.rss, err = settled(ctx, node, at.Admin); err != nil {
		return nil, errors.Join(err, t.end())
	}
	return t, nil
}

// settled is the node's memory once what signing in took has been given back: a
// password takes 19 MB for some 30 ms, and its garbage would count as calls'.
func settled(ctx context.Context, node *child, admin string) (int64, error) {
	for range 2 {
		if err := collect(ctx, admin); err != nil {
			return 0, err
		}
		if err := wait(ctx, memorySettle); err != nil {
			return 0, err
		}
	}
	return rss(node.pid())
}

// collect lets the node collect its garbage, as the profile of its heap does.
func collect(ctx context.Context, admin string) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/debug/pprof/heap?gc=1", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// joined waits until so many talks have begun.
func (t *talking) joined(ctx context.Context, admin string, want int) error {
	for {
		n, err := load.Joined(ctx, admin)
		if err != nil {
			return err
		}
		if n >= want {
			return nil
		}
		select {
		case err := <-t.done:
			t.done <- nil
			return fmt.Errorf("%d talks of %d: the load has ended: %w", n, want, err)
		default:
		}
		if err := wait(ctx, 250*time.Millisecond); err != nil {
			return fmt.Errorf("%d talks of %d: %w", n, want, err)
		}
	}
}
