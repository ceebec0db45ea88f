package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"hotline/config"
	"hotline/deploy"
	"hotline/load"
	"hotline/node"
	"hotline/people"
)

type loading struct {
	URL        string `default:"http://127.0.0.1:8080" help:"The node's desk address."`
	SIP        string `default:"sip:12345@127.0.0.1:5060" help:"Whom the citizens call."`
	Accounts   string `type:"existingfile" placeholder:"FILE" help:"Agents' accounts, one account,password a line; without it those of the demo city."`
	Supervisor string `default:"2001:demo-2001" help:"account:password that reads the records; - for none."`

	Agents      int           `default:"2" help:"How many agents sign in."`
	AcceptAfter time.Duration `default:"1s" help:"How long a desk rings."`
	WrapUp      time.Duration `default:"1s" help:"How long an agent writes."`

	Rate     float64       `default:"0.5" help:"Citizens a second, on average; arrivals are Poisson."`
	For      time.Duration `default:"60s" help:"How long citizens go on arriving."`
	Calls    int           `help:"At most so many citizens; 0 for no limit."`
	Talk     time.Duration `default:"20s" help:"A talk, on average."`
	Fixed    bool          `help:"Every talk lasts as long as the average; else exponential."`
	Patience time.Duration `default:"60s" help:"Who is not served so long after the answer hangs up."`
	Abandon  float64       `default:"0.1" help:"Share of citizens who hang up early: a third each in the greeting, in the queue, as it rings."`
	Seed     uint64        `default:"1" help:"The same seed draws the same citizens."`

	PID   int    `name:"pid" help:"The node's process on this machine: CPU and memory, its Redis included."`
	Admin string `placeholder:"IP:PORT" help:"The node's admin address: what it says of itself."`
	JSON  bool   `name:"json" help:"Print the whole report as JSON; else a summary."`
}

// Run fails when the ledger does not balance, or nothing could be run.
func (l *loading) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	o, err := l.options()
	if err != nil {
		return err
	}
	report, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if l.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = summary(os.Stdout, report)
	}
	if o.Supervisor.Name != "" && !report.Ledger.Balanced {
		err = errors.Join(err, errors.New("the ledger does not balance: not every call has one end and one record"))
	}
	return err
}

func (l *loading) options() (load.Options, error) {
	o := load.Options{
		URL: l.URL, SIP: l.SIP, Agents: l.Agents, AcceptAfter: l.AcceptAfter, WrapUp: l.WrapUp,
		Rate: l.Rate, For: l.For, Calls: l.Calls, Talk: l.Talk, Fixed: l.Fixed, Patience: l.Patience,
		Abandon: l.Abandon, Seed: l.Seed, PID: l.PID, Admin: l.Admin,
		Log: logger(slog.LevelError), Told: told(os.Stderr),
	}
	if l.Supervisor != "-" {
		name, password, ok := strings.Cut(l.Supervisor, ":")
		if !ok {
			return o, errors.New("supervisor: want account:password, or - for none")
		}
		o.Supervisor = load.Account{Name: name, Password: password}
	}
	var err error
	if o.Accounts, err = l.accounts(); err != nil {
		return o, fmt.Errorf("accounts: %w", err)
	}
	return o, o.Validate()
}

func (l *loading) accounts() ([]load.Account, error) {
	if l.Accounts == "" {
		return demoAgents()
	}
	text, err := os.ReadFile(l.Accounts)
	if err != nil {
		return nil, err
	}
	return load.ReadAccounts(string(text))
}

// demoAgents are the headless ones of the demo city first: a person may sit at
// one of the others.
func demoAgents() ([]load.Account, error) {
	cfg, err := config.Load[node.Config](config.Options{Text: []byte(deploy.Demo)})
	if err != nil {
		return nil, err
	}
	var headless, others []load.Account
	for _, a := range cfg.People.Accounts {
		one := load.Account{Name: string(a.ID), Password: a.Password.Reveal()}
		switch {
		case a.Role != people.Agent:
		case strings.HasPrefix(one.Name, "19"):
			headless = append(headless, one)
		default:
			others = append(others, one)
		}
	}
	return append(headless, others...), nil
}

// told writes a line every five seconds.
func told(w io.Writer) func(load.Progress) {
	var last time.Time
	return func(p load.Progress) {
		if time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		_, _ = fmt.Fprintf(w, "%d offered, %d open, %d served, %d ended\n", p.Offered, p.Open, p.Served, p.Ended)
	}
}

// summary is the report for a person.
func summary(w io.Writer, r load.Report) error {
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) }
	p("offered %d, answered %d, served %d in %.0f s", r.Offered, r.Answered, r.Served, r.Seconds)
	p("citizens saw     %v", r.Citizens)
	p("records tell     %v", r.Records)
	p("set-up           %s", line(r.SetupMS))
	p("wait             %s", line(r.WaitMS))
	p("accept → citizen %s", line(r.CitizenHearsMS))
	p("accept → agent   %s", line(r.AgentHearsMS))
	p("packets lost     %d of %d at citizens, %d of %d at agents",
		r.CitizensAudio.Lost, r.CitizensAudio.Lost+r.CitizensAudio.Packets,
		r.AgentsAudio.Lost, r.AgentsAudio.Lost+r.AgentsAudio.Packets)
	if n := r.Node; n != nil {
		p("node             %.2f CPU s, %d MB, %d MB before", n.CPUSeconds, n.RSS>>20, n.RSSBefore>>20)
	}
	p("ledger           %d offered, %d records: %d missing, %d open, %d unexpected, %d differ",
		r.Ledger.Offered, r.Ledger.Records, r.Ledger.Missing, r.Ledger.Open, r.Ledger.Unexpected, r.Ledger.Differ)
	if r.Errors > 0 {
		p("errors           %d, the first: %s", r.Errors, r.Error)
	}
	return nil
}

func line(t load.Times) string {
	if t.N == 0 {
		return "none"
	}
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms, p99 %.1f ms (of %d)", t.P50, t.P95, t.P99, t.N)
}
