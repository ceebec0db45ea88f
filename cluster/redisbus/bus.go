package redisbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	"hotline/cluster"
)

const (
	keepEvery   = time.Second
	longest     = 8192 // entries that wait for a node which does not read
	toldWaiting = 1024
	answerIn    = time.Second // to send an answer
)

// errUnsure says that the node may be there: the store was away until lately,
// and it may not have come to renew its name.
var errUnsure = errors.New("no such node, but the store was away until lately")

// Options of a Bus. Needed are all but Registerer.
type Options struct {
	Client     redis.UniversalClient // kept and closed by the caller
	Hall       string                // hash tag of all keys
	Node       cluster.Node
	Log        *slog.Logger
	Registerer Registerer
}

// Bus implements cluster.Bus.
type Bus struct {
	client  redis.UniversalClient
	prefix  string // of the streams; without the colon the directory
	scripts scripts
	log     *slog.Logger
	metrics *metrics
	life    context.Context
	end     context.CancelFunc
	told    chan message
	running sync.WaitGroup

	mu       sync.Mutex
	names    []name    // the newest last
	shaken   bool      // the last try to renew the names failed
	calm     time.Time // when the store took names again after that; zero: it never failed
	handlers map[string]cluster.Handler
	waiting  map[string]chan message
}

// name is one name of this node.
type name struct {
	node cluster.Node
	last string // entry read last
}

var _ cluster.Bus = (*Bus)(nil)

// Open lets the node be reached. Close ends it.
func Open(ctx context.Context, o Options) (*Bus, error) {
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("redisbus: register metrics: %w", err)
	}
	life, end := context.WithCancel(context.Background())
	b := &Bus{
		client: o.Client, prefix: "{" + o.Hall + "}:bus", scripts: newScripts(), log: o.Log, metrics: m,
		life: life, end: end, told: make(chan message, toldWaiting),
		handlers: make(map[string]cluster.Handler), waiting: make(map[string]chan message),
	}
	if err := b.Rename(ctx, o.Node); err != nil {
		end()
		return nil, err
	}
	b.running.Go(b.read)
	b.running.Go(b.keep)
	b.running.Go(b.listen)
	return b, nil
}

// Close lets the node be gone, and waits for its handlers until ctx ends.
func (b *Bus) Close(ctx context.Context) error {
	b.end()
	done := make(chan struct{})
	go func() { defer close(done); b.running.Wait() }()
	select {
	case <-done:
	case <-ctx.Done():
		return fmt.Errorf("redisbus: close: %w", ctx.Err())
	}
	keys, args := []string{b.prefix}, []any{}
	for _, n := range b.all() {
		keys, args = append(keys, b.stream(n.node)), append(args, string(n.node))
	}
	if err := b.scripts.leave.Run(ctx, b.client, keys, args...).Err(); err != nil {
		return fmt.Errorf("redisbus: close: %w", err)
	}
	return nil
}

// Serve implements cluster.Bus.
func (b *Bus) Serve(subject string, h cluster.Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handlers[subject] = h
}

// Rename implements cluster.Bus.
func (b *Bus) Rename(ctx context.Context, to cluster.Node) error {
	if err := to.Validate(); err != nil {
		return err
	}
	if all := b.all(); len(all) > 0 && all[len(all)-1].node == to {
		return nil // a second attempt
	}
	if _, err := b.keepName(ctx, name{to, "0-0"}, string(to)); err != nil {
		return fmt.Errorf("redisbus: rename: %w", err)
	}
	b.mu.Lock()
	old := b.names
	b.names = append(slices.Clone(old), name{to, "0-0"})
	b.mu.Unlock()
	if len(old) > 0 { // the reader waits at the old names: it is stirred
		last := old[len(old)-1].node
		if err := b.client.ZRem(ctx, b.prefix, string(last)).Err(); err != nil {
			return fmt.Errorf("redisbus: rename: %w", err)
		}
		return b.send(ctx, last, message{kind: stir})
	}
	return nil
}

// Nodes implements cluster.Bus.
func (b *Bus) Nodes(ctx context.Context) ([]cluster.Node, error) {
	all, err := b.scripts.nodes.Run(ctx, b.client, []string{b.prefix}).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisbus: nodes: %w", err)
	}
	nodes := make([]cluster.Node, len(all))
	for i, n := range all {
		nodes[i] = cluster.Node(n)
	}
	slices.Sort(nodes)
	return nodes, nil
}

// Tell implements cluster.Bus.
func (b *Bus) Tell(ctx context.Context, to cluster.Node, subject string, body []byte) error {
	err := b.send(ctx, to, message{kind: tell, from: b.me(), subject: subject, body: string(body)})
	b.metrics.told(tell, err)
	return err
}

// Ask implements cluster.Bus.
func (b *Bus) Ask(ctx context.Context, to cluster.Node, subject string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience(ctx))
	defer cancel()
	id := ulid.Make().String()
	reply := b.expect(id)
	defer b.forget(id)
	m := message{kind: ask, id: id, from: b.me(), subject: subject, body: string(body), wait: patience(ctx)}
	err := b.send(ctx, to, m)
	b.metrics.told(ask, err)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-reply:
		if a.code != "" {
			return nil, cluster.FaultOf(&cluster.Fault{Code: a.code, Text: a.body})
		}
		return []byte(a.body), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s %s: %w", subject, to, cluster.ErrNoAnswer)
	case <-b.life.Done():
		return nil, fmt.Errorf("%s %s: %w", subject, to, cluster.ErrNoAnswer)
	}
}

func patience(ctx context.Context) time.Duration {
	if until, ok := ctx.Deadline(); ok {
		return max(time.Until(until), time.Millisecond)
	}
	return cluster.AskWithin
}

func (b *Bus) expect(id string) <-chan message {
	b.mu.Lock()
	defer b.mu.Unlock()
	reply := make(chan message, 1)
	b.waiting[id] = reply
	return reply
}

func (b *Bus) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, id)
}

func (b *Bus) send(ctx context.Context, to cluster.Node, m message) error {
	if len(m.body) > cluster.MaxBody {
		return fmt.Errorf("redisbus: %s: %d octets, want at most %d", m.subject, len(m.body), cluster.MaxBody)
	}
	if to.Validate() != nil {
		return fmt.Errorf("%s %q: %w", m.subject, string(to), cluster.ErrNoNode)
	}
	args := append([]any{longest}, m.fields()...)
	there, err := b.scripts.send.Run(ctx, b.client, []string{b.stream(to)}, args...).Int64()
	switch {
	case err != nil:
		return fmt.Errorf("redisbus: %s %s: %w", m.kind, m.subject, err)
	case there == 0 && b.unsure():
		return fmt.Errorf("redisbus: %s %s: %w", m.kind, m.subject, errUnsure)
	case there == 0:
		return fmt.Errorf("%s %s: %w", m.subject, to, cluster.ErrNoNode)
	default:
		return nil
	}
}

func (b *Bus) stream(n cluster.Node) string { return b.prefix + ":" + string(n) }

func (b *Bus) me() cluster.Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names[len(b.names)-1].node
}

func (b *Bus) all() []name {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.names)
}

// keep renews the streams' lives. One that was gone begins anew.
func (b *Bus) keep() {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.keepAll()
		case <-b.life.Done():
			return
		}
	}
}

func (b *Bus) keepAll() {
	ctx, cancel := context.WithTimeout(b.life, keepEvery)
	defer cancel()
	all := b.all()
	for i, n := range all {
		listed := ""
		if i == len(all)-1 {
			listed = string(n.node)
		}
		gone, err := b.keepName(ctx, n, listed)
		b.kept(err)
		if err == nil && gone {
			b.log.Warn("the node was not reachable for a while", "node", string(n.node))
			b.reached(n.node, "0-0")
		}
	}
}

func (b *Bus) keepName(ctx context.Context, n name, listed string) (gone bool, err error) {
	keys := []string{b.stream(n.node), b.prefix}
	r, err := b.scripts.keep.Run(ctx, b.client, keys, cluster.Silence.Milliseconds(), n.last, listed).Int64()
	return r == 1, err
}

// kept notes whether the store takes names.
func (b *Bus) kept(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shaken && err == nil {
		b.calm = time.Now()
	}
	b.shaken = err != nil
}

// unsure says that no node can be told from one whose name ran out while the
// store took none: for one Silence after it does so again.
func (b *Bus) unsure() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shaken || !b.calm.IsZero() && time.Since(b.calm) < cluster.Silence
}

func (b *Bus) reached(node cluster.Node, entry string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.names {
		if b.names[i].node == node {
			b.names[i].last = entry
		}
	}
}
