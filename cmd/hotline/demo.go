package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/media/prompt"
	"hotline/media/tone"
)

const (
	agentHz = 1004 // what a headless agent says
	// A person at a desk may need longer than a headless agent.
	demoPatience = 2 * time.Minute
)

type demo struct {
	URL        string `default:"http://127.0.0.1:8080" help:"The node's desk address."`
	SIP        string `default:"127.0.0.1:5060" help:"The node's SIP address."`
	Unit       string `default:"http://127.0.0.1:8090" help:"The fake unit."`
	Calls      int    `default:"5" help:"How many citizens call."`
	Supervisor string `default:"2001:demo-2001" help:"account:password that reads the records."`
	Agents     string `default:"1901:demo-1901,1902:demo-1902" help:"account:password of the headless agents."`
}

// outcome is what became of one citizen.
type outcome struct {
	citizen
	report  phone.Report
	heard   float64 // Hz at the citizen's ear, in the talk
	contact string
	agent   string
	talked  time.Duration
	ticket  string
	unit    string
	err     error
}

// Run fails when a citizen was not answered, heard nobody, or has no ticket at
// the unit.
func (d *demo) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	city, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer city.leave()
	agents, err := d.staff(ctx, city)
	if err != nil {
		return err
	}
	defer dismiss(agents)
	all, err := d.callAll(ctx, city)
	if err != nil {
		return err
	}
	return show(os.Stdout, all)
}

// staff lets headless agents answer where nobody has signed in.
func (d *demo) staff(ctx context.Context, city *city) ([]*headless.Agent, error) {
	present, err := city.agents(ctx)
	if err != nil {
		return nil, err
	}
	if present > 0 {
		fmt.Printf("%d at their desks: please answer. 有话务员在岗,请接听。\n", present)
		return nil, nil
	}
	fmt.Println("nobody at a desk: headless agents answer. 无人在岗,由演示话务员接听。")
	var agents []*headless.Agent
	for _, who := range pairs(d.Agents) {
		a, err := headless.Dial(ctx, headless.Options{
			URL: d.URL, Account: who[0], Password: who[1], Log: logger(slog.LevelError), Phone: "take",
			AnswerAfter: time.Second, WrapUp: time.Second, Form: sampleForm(len(agents)),
			Play: prompt.Tone(agentHz, time.Second, 0.3).Linear(),
		})
		if err != nil {
			dismiss(agents)
			return nil, fmt.Errorf("headless agent %s: %w", who[0], err)
		}
		agents = append(agents, a)
	}
	return agents, nil
}

func dismiss(agents []*headless.Agent) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, a := range agents {
		_ = a.Close(ctx) // the demo is over either way
	}
}

// callAll lets the citizens call, a second apart, and follows each to the unit.
func (d *demo) callAll(ctx context.Context, city *city) ([]outcome, error) {
	target := "sip:12345@" + d.SIP
	p, err := phone.New(ctx, target, logger(slog.LevelError))
	if err != nil {
		return nil, err
	}
	all := make([]outcome, d.Calls)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { all[i] = d.follow(ctx, p, city, citizenOf(i, d.SIP)) })
		pause(ctx, time.Second)
	}
	wg.Wait()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return all, p.Close(end)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// follow is one citizen's story.
func (d *demo) follow(ctx context.Context, p *phone.Phone, city *city, c citizen) outcome {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	o := outcome{citizen: c}
	o.report, o.err = d.talk(ctx, p, city, c)
	o.heard = lastTone(o.report.Heard)
	if o.err == nil {
		o.err = city.trace(ctx, &o)
	}
	return o
}

// talk calls, waits for an agent, talks for four seconds and hangs up.
func (d *demo) talk(ctx context.Context, p *phone.Phone, city *city, c citizen) (phone.Report, error) {
	call, err := p.Place(ctx, phone.Options{
		Target: c.target, From: c.number, Record: true, Play: prompt.Tone(c.hz, time.Second, 0.3),
	})
	if err != nil {
		return phone.Report{}, err
	}
	connected := city.connected(ctx, c.number)
	pause(ctx, 4*time.Second)
	hangup := call.Hangup(context.WithoutCancel(ctx))
	report, err := call.Wait(context.WithoutCancel(ctx))
	return report, errors.Join(connected, hangup, err)
}

// lastTone is the loudest frequency of the last second heard.
func lastTone(a prompt.Audio) float64 {
	samples := a.Linear()
	if len(samples) > 8000 {
		samples = samples[len(samples)-8000:]
	}
	hz, _ := tone.Peak(samples, 8000)
	return hz
}
