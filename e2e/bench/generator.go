package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"hotline/media"
)

// Generator is the load, a process of its own: both ends of many calls, of
// which the first is a trunk and the second a trunk or a browser. Each end
// says 50 packets a second. Its methods are called one after the other.
type Generator struct {
	trunks   *trunks
	browsers []*browser
	first    []int // sockets
	second   []int // sockets; none with browsers
	streams  atomic.Pointer[[]*stream]
	pacer    *pacer
	delays   [2]delays // by direction
}

// OpenArgs say what to open.
type OpenArgs struct {
	Calls    int
	Browsers bool
}

// Opened is where the first ends receive, and the second ends' addresses or offers.
type Opened struct {
	First  []netip.AddrPort
	Second []netip.AddrPort
	Offers []string
}

// Joined is the relay's side: where the first ends send to, and where the
// second ends do, or the answers to their offers.
type Joined struct {
	First   []netip.AddrPort
	Second  []netip.AddrPort
	Answers []string
}

// Measured tells of one window.
type Measured struct {
	Sent, Lost, Refused uint64
	// Delays in seconds, of what the first and the second ends heard.
	FirstP50, FirstP99, SecondP50, SecondP99 float64
}

// connectPatience is how long all browsers may take to connect.
const connectPatience = 30 * time.Second

func serveGenerator(conn io.ReadWriteCloser) error {
	g := &Generator{}
	return errors.Join(serveRole(conn, "Generator", g), g.close())
}

// Open makes the ends of all calls.
func (g *Generator) Open(args OpenArgs, reply *Opened) (err error) {
	if g.trunks, err = newTrunks(g.heard); err != nil {
		return err
	}
	if g.first, reply.First, err = g.open(args.Calls); err != nil {
		return err
	}
	if args.Browsers {
		reply.Offers, err = g.offer(args.Calls)
		return err
	}
	g.second, reply.Second, err = g.open(args.Calls)
	return err
}

func (g *Generator) open(n int) (sockets []int, at []netip.AddrPort, err error) {
	for range n {
		fd, here, err := g.trunks.open()
		if err != nil {
			return nil, nil, err
		}
		sockets, at = append(sockets, fd), append(at, here)
	}
	return sockets, at, nil
}

func (g *Generator) offer(n int) (offers []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectPatience)
	defer cancel()
	kit, err := browserKit()
	if err != nil {
		return nil, err
	}
	for range n {
		b, err := newBrowser(kit, g.heard)
		if err != nil {
			return nil, err
		}
		g.browsers = append(g.browsers, b)
		offer, err := b.offer(ctx)
		if err != nil {
			return nil, err
		}
		offers = append(offers, offer)
	}
	return offers, nil
}

// Connect ties all ends to the relay and begins to send.
func (g *Generator) Connect(args Joined, _ *Nothing) error {
	if len(args.First) != len(g.first) || len(args.Second) != len(g.second) || len(args.Answers) != len(g.browsers) {
		return fmt.Errorf("connect: %d, %d and %d ends for %d, %d and %d of ours", len(args.First), len(args.Second),
			len(args.Answers), len(g.first), len(g.second), len(g.browsers))
	}
	if err := errors.Join(tie(g.first, args.First), tie(g.second, args.Second), g.answer(args.Answers)); err != nil {
		return err
	}
	streams := g.mouths()
	g.streams.Store(&streams)
	g.trunks.run()
	g.pacer = newPacer(streams)
	go g.pacer.run()
	return nil
}

func tie(sockets []int, to []netip.AddrPort) error {
	for i, fd := range sockets {
		if err := connectTo(fd, to[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *Generator) answer(answers []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), connectPatience)
	defer cancel()
	for i, b := range g.browsers {
		if err := b.answered(answers[i]); err != nil {
			return err
		}
	}
	for _, b := range g.browsers {
		if err := b.connected(ctx); err != nil {
			return err
		}
	}
	return nil
}

// mouths are the streams of all ends.
func (g *Generator) mouths() (all []*stream) {
	for i, fd := range g.first {
		second := func(b []byte) error { return g.browsers[i].send(b) }
		if len(g.browsers) == 0 {
			second = sender(g.second[i])
		}
		all = append(all, newStream(len(all), towardSecond, sender(fd)))
		all = append(all, newStream(len(all), towardFirst, second))
	}
	return all
}

// heard counts what an end received.
func (g *Generator) heard(payload []byte, at int64) {
	s, ok := readStamp(payload)
	streams := g.streams.Load()
	if !ok || streams == nil || int(s.stream) >= len(*streams) {
		return
	}
	from := (*streams)[s.stream]
	if from.counts(s.sequence) {
		g.delays[from.toward].add(time.Duration(at - s.sent))
	}
}

// Mark begins a window.
func (g *Generator) Mark(Nothing, *Nothing) error {
	for i := range g.delays {
		g.delays[i].reset()
	}
	for _, s := range *g.streams.Load() {
		s.mark()
	}
	return nil
}

// grace is how long packets may be under way before they count as lost.
const grace = 500 * time.Millisecond

// Measure ends the window.
func (g *Generator) Measure(_ Nothing, reply *Measured) error {
	for _, s := range *g.streams.Load() {
		s.finish()
	}
	<-time.After(ahead*media.FrameDuration + grace)
	for _, s := range *g.streams.Load() {
		reply.Sent += s.sent()
		reply.Lost += s.lost()
		reply.Refused += s.refused.Load()
	}
	first, second := &g.delays[towardFirst], &g.delays[towardSecond]
	reply.FirstP50, reply.FirstP99 = first.percentile(0.5).Seconds(), first.percentile(0.99).Seconds()
	reply.SecondP50, reply.SecondP99 = second.percentile(0.5).Seconds(), second.percentile(0.99).Seconds()
	return nil
}

// close ends all; nothing of it may be used any more.
func (g *Generator) close() error {
	if g.pacer != nil {
		g.pacer.stop()
	}
	var errs []error
	for _, b := range g.browsers {
		errs = append(errs, b.close())
	}
	if g.trunks != nil {
		errs = append(errs, g.trunks.close())
	}
	return errors.Join(errs...)
}
