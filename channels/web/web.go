package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hotline/channels"
	"hotline/contact"
)

// ErrHere says that this node has the conversation already.
var ErrHere = errors.New("web: the conversation is here already")

// ErrStopped says that the house takes nothing more.
var ErrStopped = errors.New("web: stopped")

// Options makes a Web. Store, Key and Receive are needed.
type Options struct {
	Config Config
	Store  Store
	Node   string // this node's name, until Rename
	Key    []byte // of pseudonyms, 32 bytes or more, the same on all nodes
	// Receive gets each conversation that was opened here, once, on the
	// goroutine of the citizen's socket, and each that Tend found: it must not
	// block.
	Receive    func(channels.Conversation)
	Open       func() bool // whether new sockets and visitors are welcome; nil: always
	Log        *slog.Logger
	Registerer Registerer
	Now        func() time.Time // time.Now when nil
}

// Web is the web chat of one node: Start, then Close. It implements
// channels.House.
type Web struct {
	o       Options
	store   Store
	log     *slog.Logger
	metrics *metrics
	signer  *signer
	gates   gates
	proxies proxies
	feed    *feed
	ping    time.Duration
	seek    time.Duration

	life    context.Context // of everything that Start set going
	cut     context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	node    string
	leaving bool                         // no new sockets
	stopped bool                         // and nothing else
	held    map[contact.ID]*Conversation // nil while it is being opened
	sockets map[*socket]struct{}
}

var _ channels.House = (*Web)(nil)

// New makes a Web that has not begun.
func New(o Options) (*Web, error) {
	o.Config = o.Config.withDefaults()
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	signer, err := newSigner(o.Key)
	if err != nil {
		return nil, err
	}
	trusted, err := newProxies(o.Config.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("web: trusted_proxies: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Web{
		o: o, store: o.Store, log: o.Log, metrics: newMetrics(o.Registerer), signer: signer,
		gates: newGates(o.Config), proxies: trusted, node: o.Node, ping: pingEvery, seek: seekEvery, feed: newFeed(o.Store, o.Log),
		held: map[contact.ID]*Conversation{}, sockets: map[*socket]struct{}{},
	}
	w.life, w.cut = context.WithCancel(context.Background())
	return w, nil
}

// Start begins to listen for news; it does not wait.
func (w *Web) Start() { w.running.Go(func() { w.feed.run(w.life) }) }

func (w *Web) now() time.Time { return w.o.Now().UTC() }

func (w *Web) open() bool { return !w.isLeaving() && (w.o.Open == nil || w.o.Open()) }

func (w *Web) isLeaving() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leaving
}

// Drain tells each citizen's page to connect elsewhere, at a moment of its own
// within that time, and lets no new socket in. What a citizen says is still kept.
func (w *Web) Drain(within time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaving = true
	for k := range w.sockets {
		k.drain(within)
	}
}

// Close ends all sockets with 1012 and lets go of the conversations without
// ending them: another node, or this one after its restart, adopts them.
func (w *Web) Close(ctx context.Context) error {
	w.Drain(0)
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.cut()
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("web: close: %w", ctx.Err())
	}
}

// ref is the visitor's pseudonym.
func (w *Web) ref(visitor string) string { return contact.NewAddress(visitor).Ref(w.o.Key) }

// hold makes a conversation that this node has from now on.
func (w *Web) hold(a Anchor, s State) (*Conversation, error) {
	ref := w.ref(s.Visitor)
	c := &Conversation{
		web: w, anchor: a, state: s, ref: ref,
		events: make(chan contact.Event), done: make(chan struct{}),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		delete(w.held, a.ID)
		return nil, ErrStopped
	}
	c.watch = w.feed.add(ref, "")
	w.held[a.ID] = c
	w.metrics.held.Inc()
	w.running.Go(func() { c.feed(w.life) })
	return c, nil
}

func (w *Web) release(c *Conversation) {
	w.feed.remove(c.watch)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held[c.anchor.ID] == c {
		delete(w.held, c.anchor.ID)
	}
	w.metrics.held.Dec()
}

// claim keeps the place of a conversation that is being opened or adopted, so
// that nobody here takes it for an orphan.
func (w *Web) claim(id contact.ID) (node string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return "", ErrStopped
	}
	if _, ok := w.held[id]; ok {
		return "", ErrHere
	}
	w.held[id] = nil
	return w.node, nil
}

// unclaim gives the place back, unless the conversation took it.
func (w *Web) unclaim(id contact.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.held[id]; ok && c == nil {
		delete(w.held, id)
	}
}

func (w *Web) has(id contact.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.held[id]
	return ok
}

// Adopt implements channels.House. Who calls it knows that the other node is
// gone, and that no session has the conversation; ErrHere, channels.ErrClosed,
// ErrUnknown.
func (w *Web) Adopt(ctx context.Context, id contact.ID) (channels.Conversation, error) {
	c, err := w.adopt(ctx, Opened{ID: id})
	if err != nil {
		return nil, fmt.Errorf("web: adopt: %w", err)
	}
	return c, nil
}

// adopt takes the conversation over, from that node alone when it names one.
func (w *Web) adopt(ctx context.Context, o Opened) (*Conversation, error) {
	node, err := w.claim(o.ID)
	if err != nil {
		return nil, err
	}
	defer w.unclaim(o.ID)
	s, err := w.store.Adopt(ctx, o, node)
	if err != nil {
		return nil, err
	}
	c, err := w.hold(Anchor{ID: o.ID, Term: s.Term}, s)
	if err != nil {
		return nil, err
	}
	w.metrics.adopted.Inc()
	w.log.Info("conversation adopted", "contact_id", string(o.ID))
	return c, nil
}

// Rename re-anchors what this node has under its new name, after a lost lease.
// A conversation that another node has adopted meanwhile ends here with
// NodeLost. It goes on after an error and returns all.
func (w *Web) Rename(ctx context.Context, node string) error {
	w.mu.Lock()
	w.node = node
	var mine []*Conversation
	for _, c := range w.held {
		if c != nil {
			mine = append(mine, c)
		}
	}
	w.mu.Unlock()
	var errs []error
	for _, c := range mine {
		err := c.say("rename", w.store.Rename(ctx, c.anchor, node))
		if err != nil && !errors.Is(err, ErrMoved) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// post keeps a citizen's message and, when it opened a conversation, hands that
// on before the citizen hears of it.
func (w *Web) post(ctx context.Context, p Post) (Event, error) {
	node, err := w.claim(p.Candidate)
	if err != nil {
		return Event{}, err
	}
	defer w.unclaim(p.Candidate)
	p.Node = node
	begun := time.Now()
	got, err := w.store.Append(ctx, p)
	if err != nil {
		return Event{}, err
	}
	w.metrics.stored.Observe(time.Since(begun).Seconds())
	w.metrics.messages.WithLabelValues(string(contact.ByCitizen)).Inc()
	if got.Opened {
		w.opened(p, got)
	}
	return got.Event, nil
}

func (w *Web) opened(p Post, got Posted) {
	c, err := w.hold(got.Anchor, State{Visitor: p.Visitor, Account: p.Account, Topic: p.Topic})
	if err != nil {
		return // stopping: the next node finds it
	}
	w.metrics.opened.Inc()
	w.log.Info("conversation opened", "contact_id", string(got.Anchor.ID), "account", p.Account)
	w.o.Receive(c)
}
