package main

import (
	"context"
	"net/netip"
	"time"
)

// forwardCalls is how many calls a forwarding bench carries.
const (
	trunkCalls   = 100
	browserCalls = 80
)

// carrier is one contender of a forwarding bench: it joins the ends that the
// generator has opened.
type carrier interface {
	pid() int
	join(ctx context.Context, far Opened) (Joined, error)
	profile(ctx context.Context, d time.Duration) error
}

// benchForwardTrunk compares what a plain call costs, from trunk to trunk.
func benchForwardTrunk(ctx context.Context, l *lab) error {
	return l.forward(ctx, "forward-rtp-rtp", OpenArgs{Calls: trunkCalls}, "second")
}

// benchForwardBrowser compares what a call between a trunk and an agent's
// browser costs: ICE, DTLS-SRTP with AES-128-GCM.
func benchForwardBrowser(ctx context.Context, l *lab) error {
	return l.forward(ctx, "forward-rtp-srtp", OpenArgs{Calls: browserCalls, Browsers: true}, "browser")
}

// forward lets both carriers take turns under the same load.
func (l *lab) forward(ctx context.Context, name string, load OpenArgs, second string) error {
	v, err := l.interleave(ctx,
		func(ctx context.Context) (sample, error) { return l.carry(ctx, load, l.ourCarrier) },
		func(ctx context.Context) (sample, error) { return l.carry(ctx, load, l.theirCarrier) })
	if err != nil {
		return err
	}
	compare := func(suffix, value, unit string, ratio bool) {
		l.report(figure{name + suffix, v.ours[value], unit, peer, v.peer[value], ratio})
	}
	compare("", "cores", "cores per 100 calls", true)
	compare("-lost", "lost", "packets", false)
	compare("-delay-trunk-p99", "first", "ms", true)
	compare("-delay-"+second+"-p99", "second", "ms", true)
	compare("-rss", "rss", "MB", true)
	return nil
}

// carry is one round of one carrier.
func (l *lab) carry(ctx context.Context, load OpenArgs, open func(context.Context) (carrier, error)) (sample, error) {
	g, err := l.spawn(ctx, "generator")
	if err != nil {
		return sample{}, err
	}
	c, err := open(ctx)
	if err != nil {
		return sample{}, err
	}
	defer l.stopAll()
	var far Opened
	if err := g.do(ctx, "Generator.Open", load, &far); err != nil {
		return sample{}, err
	}
	near, err := c.join(ctx, far)
	if err != nil {
		return sample{}, err
	}
	if err := g.do(ctx, "Generator.Connect", near, &Nothing{}); err != nil {
		return sample{}, err
	}
	if err := wait(ctx, l.settle()); err != nil {
		return sample{}, err
	}
	return l.measure(ctx, load, g, c)
}

// measure is the window of a round.
func (l *lab) measure(ctx context.Context, load OpenArgs, g *child, c carrier) (sample, error) {
	if err := g.do(ctx, "Generator.Mark", Nothing{}, &Nothing{}); err != nil {
		return sample{}, err
	}
	if err := c.profile(ctx, l.window()); err != nil {
		return sample{}, err
	}
	used, err := l.watch(ctx, l.window(), c.pid())
	if err != nil {
		return sample{}, err
	}
	memory, err := rss(c.pid())
	if err != nil {
		return sample{}, err
	}
	var m Measured
	if err := g.do(ctx, "Generator.Measure", Nothing{}, &m); err != nil {
		return sample{}, err
	}
	const milli = 1e3
	s := sample{noise: used.noise, values: map[string]float64{
		"cores": used.cores * 100 / float64(load.Calls),
		"lost":  float64(m.Lost + m.Refused),
		"first": m.FirstP99 * milli, "second": m.SecondP99 * milli,
		"rss": float64(memory) / (1 << 20),
	}}
	l.note("  pid %d: %.3f cores/100 calls, others %.2f cores, lost %d of %d, delay p50/p99 %.2f/%.2f and %.2f/%.2f ms, %.0f MB",
		c.pid(), s.values["cores"], s.noise, m.Lost, m.Sent, m.FirstP50*milli, m.FirstP99*milli,
		m.SecondP50*milli, m.SecondP99*milli, s.values["rss"])
	return s, nil
}

// ourCarrier is the relay role of this binary.
type ourCarrier struct {
	*child
	folder string // of profiles; empty for none
}

func (l *lab) ourCarrier(ctx context.Context) (carrier, error) {
	c, err := l.spawn(ctx, "relay")
	if err != nil {
		return nil, err
	}
	return &ourCarrier{c, l.profile}, nil
}

func (c *ourCarrier) join(ctx context.Context, far Opened) (near Joined, err error) {
	method := "Relay.JoinTrunks"
	if len(far.Offers) > 0 {
		method = "Relay.JoinBrowsers"
	}
	err = c.do(ctx, method, far, &near)
	return near, err
}

func (c *ourCarrier) profile(ctx context.Context, d time.Duration) error {
	if c.folder == "" {
		return nil
	}
	return c.do(ctx, "Relay.Profile", ProfileArgs{c.folder, d.Seconds()}, &Nothing{})
}

// theirCarrier is rtpengine.
type theirCarrier struct{ *rtpengine }

func (l *lab) theirCarrier(ctx context.Context) (carrier, error) {
	e, err := l.rtpengine(ctx)
	if err != nil {
		return nil, err
	}
	return theirCarrier{e}, nil
}

func (c theirCarrier) join(_ context.Context, far Opened) (near Joined, err error) {
	for i, first := range far.First {
		var toFirst, toSecond netip.AddrPort
		if len(far.Offers) > 0 {
			var answer string
			answer, toFirst, err = c.joinBrowser(i, first, far.Offers[i])
			near.Answers = append(near.Answers, answer)
		} else {
			toFirst, toSecond, err = c.joinTrunks(i, first, far.Second[i])
			near.Second = append(near.Second, toSecond)
		}
		if err != nil {
			return near, err
		}
		near.First = append(near.First, toFirst)
	}
	return near, nil
}

func (theirCarrier) profile(context.Context, time.Duration) error { return nil }
