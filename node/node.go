package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	agentui "hotline/agent-ui"
	"hotline/audit"
	"hotline/callbacks"
	callbacksql "hotline/callbacks/sqlstore"
	"hotline/channels/web"
	"hotline/cluster/redisbus"
	"hotline/database"
	"hotline/desk"
	"hotline/gateway"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/media/engine"
	"hotline/media/prompt"
	"hotline/media/recorder"
	"hotline/media/rtp"
	"hotline/people"
	recordsql "hotline/records/sqlstore"
	"hotline/redisserver"
	"hotline/routing"
	"hotline/routing/redisstore"
	"hotline/session"
	"hotline/session/remote"
	"hotline/tickets"
	ticketsql "hotline/tickets/sqlstore"
	"hotline/tickets/webhook"
)

// stopLimit bounds the whole teardown.
const stopLimit = 30 * time.Second

// Options makes a Node. Log is needed.
type Options struct {
	Config Config
	Log    *slog.Logger
	Now    func() time.Time // time.Now when nil
	Clock  tickets.Clock    // of deliveries; tickets.SystemClock when nil
	UI     fs.FS            // the browser's desk; the one in the binary when nil
}

// Node is one running instance. Start, then Stop; or Run for both.
type Node struct {
	cfg    Config
	log    *slog.Logger
	now    func() time.Time
	clock  tickets.Clock
	ui     fs.FS
	name   routing.NodeID // the heartbeat's, once that runs
	refKey []byte

	renamed bool // the heartbeat's: the new name has not been told

	reloading sync.Mutex
	turns     *turns

	metrics registry
	health  health
	down    teardown
	life    context.Context // of the sessions; ended by Stop
	cut     func()          // ends life
	running sync.WaitGroup  // what Start set going

	redis     redis.UniversalClient
	sentinels *redisserver.Sentinels
	guard     *redisserver.Guard
	db        *database.DB
	audit     *audit.Log
	staff     *people.Staff
	records   *recordsql.Store
	lines     *routing.Book
	queue     *redisstore.Store

	units      *webhook.Units
	outbox     *ticketsql.Store
	tickets    *tickets.Service
	dispatcher *tickets.Dispatcher

	recorder    *recorder.Recorder
	wheel       *prompt.Wheel
	prompts     *prompt.Library
	engine      *engine.Engine
	ports       *rtp.Ports
	mint        *gateway.Mint
	heard       *gateway.Metrics
	seats       *webrtc.Gateway
	bus         *redisbus.Bus
	leases      *redisbus.Leases
	board       *desk.Switchboard
	exchange    *remote.Exchange
	desk        *desk.Desk
	web         *web.Web // nil: no web chat
	hall        *session.Hall
	promises    *callbacksql.Store
	callbacks   *callbacks.Book
	noCallbacks func() // recalls them, for good
	trunk       *sip.Gateway

	addresses Addresses
}

// New makes a node that has not begun.
func New(o Options) *Node {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UI == nil {
		o.UI = agentui.Files()
	}
	name := routing.NodeID(o.Config.Node.Name + "-" + ulid.Make().String()[16:])
	log := o.Log.With("node", string(name))
	n := &Node{cfg: o.Config, log: log, now: o.Now, clock: o.Clock, ui: o.UI, name: name, metrics: newRegistry(), down: teardown{log: log}}
	n.health.limit = max(o.Config.SIP.MaxCalls, 1)
	n.health.load = n.calls
	n.noCallbacks = func() {}
	return n
}

// Run starts the node, tells ready where it is reached, and serves until drain
// is closed: then calls in progress go on, up to the drain limit. When ctx ends
// it stops at once. It returns once all is torn down.
func (n *Node) Run(ctx context.Context, drain <-chan struct{}, ready func(Addresses)) error {
	if err := n.Start(ctx); err != nil {
		return err
	}
	ready(n.addresses)
	select {
	case <-drain:
		n.Drain(ctx)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	return n.Stop(stop)
}

// Start builds every room in one straight line. On an error all that was begun
// is undone.
func (n *Node) Start(ctx context.Context) error {
	n.life, n.cut = context.WithCancel(context.WithoutCancel(ctx))
	n.down.add("background", func(context.Context) error { n.cut(); n.running.Wait(); return nil })
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"data folder", n.openData},
		{"redis", n.openRedis},
		{"database", n.openDatabase},
		{"accounts", n.openAccounts},
		{"tickets", n.openTickets},
		{"recordings", n.openRecordings},
		{"audio", n.openAudio},
		{"queue", n.openQueue},
		{"bus", n.openBus},
		{"promises", n.openPromises},
		{"desk", n.openDesk},
		{"exchange", n.openExchange},
		{"channels", n.openChannels},
		{"sessions", n.openHall},
		{"trunk", n.openTrunk},
		{"call-backs", n.openCallbacks},
		{"http", n.openHTTP},
	}
	for _, s := range steps {
		if err := s.do(ctx); err != nil {
			return errors.Join(fmt.Errorf("start %s: %w", s.name, err), n.Stop(context.WithoutCancel(ctx)))
		}
	}
	n.health.started.Store(true)
	n.log.Info("node ready", "http", n.addresses.HTTP, "sip", n.addresses.SIP)
	return nil
}

// Drain refuses new calls and waits for those in progress until the drain limit,
// or ctx, ends.
func (n *Node) Drain(ctx context.Context) {
	n.trunk.Drain()
	n.noCallbacks()
	n.drainChannels()
	n.health.draining.Store(true) // whoever reads it is right about the trunk
	n.log.Info("draining", "calls", n.hall.Open())
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Node.DrainLimit)
	defer cancel()
	away := n.sendDesksAway(ctx)
	if err := errors.Join(n.hall.Wait(ctx), <-away); err != nil {
		n.log.Warn("drain given up", "error", err)
	}
}

// Stop ends what is open and tears everything down, backwards, until ctx ends.
func (n *Node) Stop(ctx context.Context) error {
	n.health.draining.Store(true)
	if n.desk != nil {
		n.desk.Drain(time.Second) // desks connect again once we are back
	}
	err := n.down.run(ctx)
	if err != nil {
		n.log.Error("node stopped", "error", err)
		return err
	}
	n.log.Info("node stopped")
	return nil
}

func (n *Node) calls() int {
	if n.hall == nil {
		return 0
	}
	return n.hall.Open()
}
