package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media/rtp"
)

// agentName is what we tell about ourselves.
const agentName = "Hotline"

const (
	// readBuffer of the UDP socket; the kernel may grant less (rmem_max). The
	// default of 208 KiB loses datagrams above some 1,500 calls/s.
	readBuffer = 8 << 20
	// byeGrace is how long Close waits for the answers to its BYEs.
	byeGrace = 2 * time.Second
)

// settle sets sipgo's package variables, once a process. It refuses UDP
// messages over UDPMTUSize less 200, and with the default of 1,500 the answers
// to IMS INVITEs with several Record-Routes would vanish. What it logs past the
// logger it was given holds addresses, so that goes nowhere.
//
//nolint:gochecknoglobals // the variables are sipgo's; this is only their lock
var settle = sync.OnceFunc(func() {
	sip.UDPMTUSize = 65535
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
})

// Options are what a Gateway needs.
type Options struct {
	Config     Config
	Ports      *rtp.Ports
	Log        *slog.Logger
	Registerer Registerer // nil: not registered
	// OnCall takes a call that has arrived. It is called on a goroutine of its
	// own and may block; the caller hears nothing until it orders something.
	// nil: every call is refused with 480.
	OnCall func(gateway.Inbound)
	// Health answers the carriers' OPTIONS: false says 503. nil is always well.
	Health func() bool
	// Timers are shortened by tests; zero is RFC 3261.
	Timers Timers
}

// Gateway is the trunk side of a node. All methods may be called from any
// goroutine.
type Gateway struct {
	config  Config
	ports   *rtp.Ports
	log     *slog.Logger
	onCall  func(gateway.Inbound)
	health  func() bool
	timers  Timers
	metrics *metrics
	border  *border
	self    endpoint

	transport    *sip.TransportLayer
	transactions *sip.TransactionLayer
	socket       *socket // of UDP; nil without
	listeners    []interface{ Close() error }
	serving      sync.WaitGroup // the listeners' readers

	ctx      context.Context // ends errands when Close's time is over
	cancel   context.CancelFunc
	chores   chores // calls, and requests that wait for their answer
	draining atomic.Bool

	mu     sync.Mutex
	closed bool
	calls  registry
}

// New checks the configuration; nothing is bound before Start.
func New(o Options) (*Gateway, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	trunks, err := o.Config.trunks()
	if err != nil {
		return nil, fmt.Errorf("sip: trunks: %w", err)
	}
	settle()
	m := newMetrics(o.Registerer)
	g := &Gateway{
		config: o.Config, ports: o.Ports, log: o.Log, onCall: o.OnCall, health: o.Health,
		timers: o.Timers.orDefault(), metrics: m, calls: newRegistry(),
		border: newBorder(trunks, m),
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.stack()
	return g, nil
}

// stack builds sipgo's parser, transport and transactions.
func (g *Gateway) stack() {
	log := slog.New(quiet{g.log})
	g.transport = sip.NewTransportLayer(net.DefaultResolver, sip.NewParser(), nil, sip.WithTransportLayerLogger(log))
	g.transport.OnMessage(g.screen) // before the transactions see it
	g.transactions = sip.NewTransactionLayer(g.transport,
		sip.WithTransactionLayerLogger(log),
		sip.WithTransactionLayerTerminateOnConnClose(),
		sip.WithTransactionLayerUnhandledResponseHandler(g.onStray))
	g.transactions.OnRequest(g.onRequest)
}

// Start binds and serves. It returns once both sockets are open; ctx is for
// the binding only.
func (g *Gateway) Start(ctx context.Context) error {
	if err := g.bind(ctx); err != nil {
		for _, l := range g.listeners {
			_ = l.Close()
		}
		return fmt.Errorf("sip: listen: %w", err)
	}
	g.self.host = g.host()
	for _, l := range g.listeners {
		g.serving.Go(func() { g.serve(l) })
	}
	g.log.Info("sip listening", "udp", g.self.udp, "tcp", g.self.tcp)
	return nil
}

func (g *Gateway) host() string {
	switch {
	case g.config.Advertise != "":
		return g.config.Advertise
	case g.self.udp.IsValid():
		return g.self.udp.Addr().String()
	}
	return g.self.tcp.Addr().String()
}

func (g *Gateway) bind(ctx context.Context) error {
	var lc net.ListenConfig
	if g.config.UDP != "" {
		pc, err := lc.ListenPacket(ctx, "udp", g.config.UDP)
		if err != nil {
			return err
		}
		conn := pc.(*net.UDPConn)
		g.socket = newSocket(conn, g.border, g.transport.Pool("udp"))
		g.listeners = append(g.listeners, g.socket)
		g.self.udp = addrPort(pc.LocalAddr())
		g.border.guard(guardSocket(conn))
		drops := func() float64 { return kernelDrops(conn) }
		g.metrics.inKernel.Store(&drops)
	}
	if g.config.TCP == "" {
		return nil
	}
	l, err := lc.Listen(ctx, "tcp", g.config.TCP)
	if err != nil {
		return err
	}
	g.listeners = append(g.listeners, newGate(l, g.border, func(p any) { g.panicked(g.log, p) }))
	g.self.tcp = addrPort(l.Addr())
	return nil
}

func (g *Gateway) serve(l interface{ Close() error }) {
	var err error
	switch l := l.(type) {
	case *socket:
		for again := true; again; {
			again, err = g.serveUDP(l)
		}
	case net.Listener:
		err = g.transport.ServeTCP(l)
	}
	if !g.isClosed() {
		g.log.Error("sip listener ended", "error", err)
	}
}

// serveUDP runs the stack's one reader until it ends. It starts anew when it
// knows too many sources, or when a datagram made it panic.
func (g *Gateway) serveUDP(s *socket) (again bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			g.panicked(g.log, p)
			again = true
		}
	}()
	err = g.transport.ServeUDP(s)
	return s.renew.Swap(false), err
}

// Addresses are what a Gateway is bound to; zero: not.
type Addresses struct{ UDP, TCP netip.AddrPort }

// Addrs returns the bound addresses, with the ports that 0 became.
func (g *Gateway) Addrs() Addresses { return Addresses{UDP: g.self.udp, TCP: g.self.tcp} }

// Drain refuses new calls and OPTIONS with 503 while the present ones go on.
func (g *Gateway) Drain() { g.draining.Store(true) }

// Calls is the number of calls that live.
func (g *Gateway) Calls() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.calls.dialogs)
}

func (g *Gateway) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close ends every call with cause node lost and frees the sockets. It waits
// for the peers' answers 2 s at most, less when ctx ends; safe to call twice.
func (g *Gateway) Close(ctx context.Context) error {
	g.Drain()
	g.mu.Lock()
	again := g.closed
	g.closed = true
	live := g.calls.all()
	g.mu.Unlock()
	if again {
		return nil
	}
	for _, c := range live {
		c.post(func() { c.order(evHangup, contact.NodeLost) })
	}
	left := g.settle(ctx)
	g.cancel() // whoever still waits says the last word and goes
	<-g.chores.idle()
	g.chores.end()
	g.border.shut.Store(true)
	return errors.Join(left, g.shut())
}

// shut closes the sockets.
func (g *Gateway) shut() error {
	g.transactions.Close()
	var errs []error
	sealed := false
	for _, l := range g.listeners {
		if s, ok := l.(*socket); ok {
			s.seal()
			sealed = true
		}
		errs = append(errs, l.Close())
	}
	g.serving.Wait()
	errs = append(errs, g.transport.Pool("tcp").Clear())
	if !sealed {
		errs = append(errs, g.transport.Pool("udp").Clear())
	}
	return errors.Join(errs...)
}

func (g *Gateway) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, byeGrace)
	defer cancel()
	select {
	case <-g.chores.idle():
		return nil
	case <-ctx.Done():
	}
	if left := g.Calls(); left > 0 {
		return fmt.Errorf("sip: close: %d calls left unanswered", left)
	}
	return nil // only requests that nobody answered
}
