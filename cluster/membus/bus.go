package membus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"hotline/cluster"
)

// Net is what the nodes of one test share. The zero Net is ready.
type Net struct {
	mu    sync.Mutex
	names map[cluster.Node]*Bus
}

// Bus is one node's. It implements cluster.Bus.
type Bus struct {
	net     *Net
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	me       cluster.Node
	handlers map[string]cluster.Handler
	told     []told
	wake     chan struct{}
}

type told struct {
	from    cluster.Node
	subject string
	body    []byte
}

var _ cluster.Bus = (*Bus)(nil)

// Join lets a node be reached. Close ends it.
func (n *Net) Join(name cluster.Node) (*Bus, error) {
	life, end := context.WithCancel(context.Background())
	b := &Bus{net: n, life: life, end: end, handlers: make(map[string]cluster.Handler), wake: make(chan struct{}, 1)}
	if err := b.Rename(life, name); err != nil {
		end()
		return nil, err
	}
	b.running.Go(b.listen)
	return b, nil
}

func (n *Net) find(name cluster.Node) *Bus {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[name]
}

// Close lets the node be gone, and waits for its handlers until ctx ends.
func (b *Bus) Close(ctx context.Context) error {
	b.net.mu.Lock()
	maps.DeleteFunc(b.net.names, func(_ cluster.Node, of *Bus) bool { return of == b })
	b.net.mu.Unlock()
	b.end()
	done := make(chan struct{})
	go func() { defer close(done); b.running.Wait() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("membus: close: %w", ctx.Err())
	}
}

// Rename implements cluster.Bus.
func (b *Bus) Rename(_ context.Context, name cluster.Node) error {
	if err := name.Validate(); err != nil {
		return err
	}
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	if b.net.names == nil {
		b.net.names = make(map[cluster.Node]*Bus)
	}
	b.net.names[name] = b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.me = name
	return nil
}

// Nodes implements cluster.Bus.
func (b *Bus) Nodes(context.Context) ([]cluster.Node, error) {
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	var nodes []cluster.Node
	for name, of := range b.net.names {
		if of.name() == name {
			nodes = append(nodes, name)
		}
	}
	slices.Sort(nodes)
	return nodes, nil
}

// Serve implements cluster.Bus.
func (b *Bus) Serve(subject string, h cluster.Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handlers[subject] = h
}

func (b *Bus) name() cluster.Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.me
}

func (b *Bus) handler(subject string) cluster.Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.handlers[subject]
}

// Tell implements cluster.Bus.
func (b *Bus) Tell(_ context.Context, to cluster.Node, subject string, body []byte) error {
	far, err := b.reach(to, subject, body)
	if err != nil {
		return err
	}
	m := told{b.name(), subject, slices.Clone(body)}
	far.mu.Lock()
	defer far.mu.Unlock()
	far.told = append(far.told, m)
	select {
	case far.wake <- struct{}{}:
	default:
	}
	return nil
}

func (b *Bus) reach(to cluster.Node, subject string, body []byte) (*Bus, error) {
	if len(body) > cluster.MaxBody {
		return nil, fmt.Errorf("membus: %s: %d octets, want at most %d", subject, len(body), cluster.MaxBody)
	}
	far := b.net.find(to)
	if far == nil {
		return nil, fmt.Errorf("%s %s: %w", subject, to, cluster.ErrNoNode)
	}
	return far, nil
}

// listen hands over what was told, in order.
func (b *Bus) listen() {
	for {
		select {
		case <-b.wake:
		case <-b.life.Done():
			return
		}
		b.mu.Lock()
		all := b.told
		b.told = nil
		b.mu.Unlock()
		for _, m := range all {
			if h := b.handler(m.subject); h != nil {
				_, _ = h(b.life, m.from, m.body)
			}
		}
	}
}

type answer struct {
	body []byte
	err  error
}

// Ask implements cluster.Bus.
func (b *Bus) Ask(ctx context.Context, to cluster.Node, subject string, body []byte) ([]byte, error) {
	far, err := b.reach(to, subject, body)
	if err != nil {
		return nil, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cluster.AskWithin)
		defer cancel()
	}
	from, question, reply := b.name(), slices.Clone(body), make(chan answer, 1)
	far.running.Go(func() {
		inner, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(far.life, stop)()
		got, err := far.handle(inner, from, subject, question)
		reply <- answer{got, err}
	})
	select {
	case a := <-reply:
		return a.body, a.err
	case <-far.life.Done():
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("%s %s: %w", subject, to, cluster.ErrNoAnswer)
}

func (b *Bus) handle(ctx context.Context, from cluster.Node, subject string, body []byte) ([]byte, error) {
	h := b.handler(subject)
	if h == nil {
		return nil, &cluster.Fault{Code: cluster.Unserved, Text: "nobody takes " + subject}
	}
	got, err := h(ctx, from, body)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, &cluster.Fault{Code: cluster.Late, Text: err.Error()}
	case err != nil:
		return nil, cluster.FaultOf(err)
	default:
		return got, nil
	}
}
