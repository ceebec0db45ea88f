package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/webrtc"
	"hotline/media"
	"hotline/media/engine"
	"hotline/media/prompt"
	"hotline/media/rtp"
)

// Relay is our side of the comparison: the product's rooms that carry audio,
// in a process of their own, with the process settings of a node. Every call
// is a gateway.Call that was answered and connected to an agent, so that
// packets take the product's own path.
type Relay struct {
	log    *slog.Logger
	engine *engine.Engine
	ports  *rtp.Ports
	wheel  *prompt.Wheel
	seats  *webrtc.Gateway
	desks  desks
	calls  []*gateway.Call
}

// relayPatience is how long one step of a call's set-up may take.
const relayPatience = 10 * time.Second

func serveRelay(conn io.ReadWriteCloser) error {
	r, err := newRelay(true)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + r.engine.Loops()) // as a node does
	return errors.Join(serveRole(conn, "Relay", r), r.close())
}

// newRelay opens the rooms; hold lets the event loops keep their processors.
func newRelay(hold bool) (r *Relay, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r = &Relay{log: log, wheel: prompt.NewWheel(log)}
	if r.engine, err = engine.New(engine.Options{Hold: hold, Log: log}); err != nil {
		return nil, err
	}
	r.ports, err = rtp.NewPorts(rtp.Options{
		Config: rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Silence: time.Minute}, Engine: r.engine, Log: log,
	})
	if err != nil {
		return nil, err
	}
	r.seats, err = webrtc.New(webrtc.Options{
		Config: webrtc.Config{Listen: "127.0.0.1:0"}, Log: log, Wheel: r.wheel,
	})
	if err != nil {
		return nil, err
	}
	r.desks.browsers = r.seats
	return r, nil
}

// JoinTrunks bridges one call between each first and second address: the
// second is a department's phone.
func (r *Relay) JoinTrunks(far Opened, reply *Joined) error {
	for i, first := range far.First {
		citizen, err := r.trunk(first)
		if err != nil {
			return err
		}
		phone, err := r.trunk(far.Second[i])
		if err != nil {
			return err
		}
		who := contact.AgentID(fmt.Sprintf("phone-%d", i))
		r.desks.sit(who, phone)
		if err := r.bridge(i, citizen, who); err != nil {
			return err
		}
		reply.First = append(reply.First, citizen.LocalAddr())
		reply.Second = append(reply.Second, phone.LocalAddr())
	}
	return nil
}

// JoinBrowsers bridges one call between each first address and each offer.
func (r *Relay) JoinBrowsers(far Opened, reply *Joined) error {
	ctx, cancel := context.WithTimeout(context.Background(), relayPatience)
	defer cancel()
	for i, first := range far.First {
		citizen, err := r.trunk(first)
		if err != nil {
			return err
		}
		who := contact.AgentID(fmt.Sprintf("desk-%d", i))
		answer, err := r.seats.Seat(who).Answer(ctx, 1, far.Offers[i])
		if err != nil {
			return err
		}
		if err := r.bridge(i, citizen, who); err != nil {
			return err
		}
		reply.First = append(reply.First, citizen.LocalAddr())
		reply.Answers = append(reply.Answers, answer)
	}
	return nil
}

func (r *Relay) trunk(far netip.AddrPort) (*rtp.Session, error) {
	s, err := r.ports.Open()
	if err != nil {
		return nil, err
	}
	return s, s.Start(rtp.Params{Remote: far, Law: media.ALaw, DigitPayload: 101})
}

// bridge does to a call what session and desk do.
func (r *Relay) bridge(i int, citizen *rtp.Session, agent contact.AgentID) error {
	ctx, cancel := context.WithTimeout(context.Background(), relayPatience)
	defer cancel()
	c := gateway.NewCall(gateway.CallOptions{
		Leg: newTrunkLeg(i, citizen), Seats: &r.desks, Wheel: r.wheel, ID: contact.ID(fmt.Sprintf("bench-%d", i)), Log: r.log,
	})
	r.calls = append(r.calls, c)
	if err := c.Answer(ctx); err != nil {
		return err
	}
	return c.Connect(ctx, agent)
}

// ProfileArgs say where a CPU profile goes, and how long it takes.
type ProfileArgs struct {
	Folder  string
	Seconds float64
}

// Profile takes a CPU profile in the background.
func (r *Relay) Profile(args ProfileArgs, _ *Nothing) error {
	f, err := os.CreateTemp(args.Folder, "relay-*.pprof")
	if err != nil {
		return fmt.Errorf("profile in %s: %w", filepath.Base(args.Folder), err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	time.AfterFunc(time.Duration(args.Seconds*float64(time.Second)), func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	})
	return nil
}

func (r *Relay) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), relayPatience)
	defer cancel()
	var errs []error
	for _, c := range r.calls {
		errs = append(errs, c.Close(ctx, contact.AgentEnded))
		for e := range c.Events() {
			if e.Kind == contact.Gone {
				break
			}
		}
	}
	errs = append(errs, r.seats.Close(ctx))
	r.ports.Close()
	r.wheel.Close()
	errs = append(errs, r.engine.Close(ctx))
	return errors.Join(errs...)
}

// desks are the agents' seats: browsers, and phones that we were told of.
type desks struct {
	browsers *webrtc.Gateway
	mu       sync.Mutex
	phones   map[contact.AgentID]media.Stream
}

func (d *desks) sit(who contact.AgentID, phone media.Stream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.phones == nil {
		d.phones = map[contact.AgentID]media.Stream{}
	}
	d.phones[who] = phone
}

// SeatMedia implements gateway.Seats.
func (d *desks) SeatMedia(who contact.AgentID) (media.Stream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if phone, ok := d.phones[who]; ok {
		return phone, nil
	}
	return d.browsers.SeatMedia(who)
}

// trunkLeg is a citizen's leg of which only the audio is real.
type trunkLeg struct {
	id      gateway.LegID
	session *rtp.Session
	events  chan gateway.LegEvent
	once    sync.Once
}

var _ gateway.Inbound = (*trunkLeg)(nil)

func newTrunkLeg(i int, s *rtp.Session) *trunkLeg {
	return &trunkLeg{id: gateway.LegID(fmt.Sprintf("leg-%d", i)), session: s, events: make(chan gateway.LegEvent, 1)}
}

func (l *trunkLeg) ID() gateway.LegID                               { return l.id }
func (l *trunkLeg) Media() media.Stream                             { return l.session }
func (l *trunkLeg) Events() <-chan gateway.LegEvent                 { return l.events }
func (l *trunkLeg) Arrival() gateway.Arrival                        { return gateway.Arrival{Trunk: "bench", Called: "12345"} }
func (l *trunkLeg) Ring(context.Context) error                      { return nil }
func (l *trunkLeg) Answer(context.Context) error                    { return nil }
func (l *trunkLeg) Refuse(c context.Context, w contact.Cause) error { return l.Hangup(c, w) }

// Hangup implements gateway.Leg.
func (l *trunkLeg) Hangup(_ context.Context, why contact.Cause) (err error) {
	l.once.Do(func() {
		err = l.session.Close()
		l.events <- gateway.LegEvent{Kind: gateway.LegGone, Cause: why}
		close(l.events)
	})
	return err
}
