package web

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	rereadEvery = 2 * time.Second
	headsAtOnce = 500
	signalsKept = 8
)

// watch is one who wants to know of a visitor: a socket, or a conversation that
// a session serves. Wake means: read the log.
type watch struct {
	ref      string
	socket   string // empty for a session's
	wake     chan struct{}
	signals  chan []byte
	replaced chan struct{} // closed when the socket has to go
	once     sync.Once
}

func (w *watch) stir() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watch) take(p Poke) {
	switch {
	case p.Replaced != "":
		if p.Replaced == w.socket {
			w.once.Do(func() { close(w.replaced) })
		}
	case p.Signal != nil:
		select {
		case w.signals <- p.Signal:
		default: // a signal may be lost
		}
	default:
		w.stir()
	}
}

// feed passes a visitor's news to who watches it. News may be lost; so it also
// compares, every 2 s, how far each watched visitor's log has come.
type feed struct {
	news   News
	log    *slog.Logger
	mu     sync.Mutex
	watchs map[string]map[*watch]struct{}
	heads  map[string]int64
}

func newFeed(n News, log *slog.Logger) *feed {
	return &feed{news: n, log: log, watchs: map[string]map[*watch]struct{}{}, heads: map[string]int64{}}
}

// add begins to watch; the log is read after it, so that nothing falls between.
func (f *feed) add(ref, socket string) *watch {
	w := &watch{
		ref: ref, socket: socket, wake: make(chan struct{}, 1),
		signals: make(chan []byte, signalsKept), replaced: make(chan struct{}),
	}
	w.stir()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchs[ref] == nil {
		f.watchs[ref] = map[*watch]struct{}{}
	}
	f.watchs[ref][w] = struct{}{}
	return w
}

func (f *feed) remove(w *watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchs[w.ref], w)
	if len(f.watchs[w.ref]) == 0 {
		delete(f.watchs, w.ref)
		delete(f.heads, w.ref)
	}
}

// run lives until ctx ends.
func (f *feed) run(ctx context.Context) {
	tick := time.NewTicker(rereadEvery)
	defer tick.Stop()
	pokes := f.subscribe(ctx)
	for {
		select {
		case p, ok := <-pokes:
			if !ok {
				pokes = nil // the clock subscribes again
				continue
			}
			f.pass(p)
		case <-tick.C:
			if pokes == nil {
				pokes = f.subscribe(ctx)
			}
			f.reread(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// subscribe returns nil when that fails: the clock alone goes on.
func (f *feed) subscribe(ctx context.Context) <-chan Poke {
	pokes, err := f.news.Subscribe(ctx)
	if err != nil && ctx.Err() == nil {
		f.log.Warn("no news of conversations: they are read every 2 s", "error", err)
	}
	return pokes
}

func (f *feed) pass(p Poke) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchs[p.Ref] {
		w.take(p)
	}
}

func (f *feed) reread(ctx context.Context) {
	f.mu.Lock()
	refs := slices.Collect(maps.Keys(f.watchs))
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, rereadEvery)
	defer cancel()
	for some := range slices.Chunk(refs, headsAtOnce) {
		heads, err := f.news.Heads(ctx, some)
		if err != nil {
			return // asked again in 2 s; whoever writes hears of it
		}
		f.compare(some, heads)
	}
}

func (f *feed) compare(refs []string, heads []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, ref := range refs {
		if f.watchs[ref] == nil || f.heads[ref] == heads[i] {
			continue
		}
		f.heads[ref] = heads[i]
		for w := range f.watchs[ref] {
			w.stir()
		}
	}
}
