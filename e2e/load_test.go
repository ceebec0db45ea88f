package e2e

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"hotline/load"
	"hotline/node"
)

func (c *city) load() load.Options {
	return load.Options{
		URL: c.url(), SIP: c.dial("12345"), Agents: 2, Supervisor: load.Account{Name: "2001", Password: password("2001")},
		Accounts: []load.Account{{Name: "1001", Password: password("1001")}, {Name: "1002", Password: password("1002")}},
		Rate:     4, For: 6 * time.Second, Talk: 300 * time.Millisecond, Fixed: true, Patience: patience, Abandon: 0.3, Seed: 5,
		AcceptAfter: 200 * time.Millisecond, WrapUp: 100 * time.Millisecond,
		PID: os.Getpid(), Admin: c.at.Admin.String(), Log: slog.New(slog.DiscardHandler),
	}
}

// Two agents, more citizens than they can take at once, a third of whom leave
// early: each call has one end and one record.
func TestLoadBalancesItsLedger(t *testing.T) {
	c := startCity(t, func(cfg *node.Config) { cfg.SIP.MaxCalls = 100 })
	r, err := load.Run(t.Context(), c.load())
	if err != nil {
		t.Fatal(err)
	}
	if !r.Ledger.Balanced || r.Offered < 10 || r.Errors > 0 {
		t.Fatalf("ledger %+v, %d offered, %d errors: %s", r.Ledger, r.Offered, r.Errors, r.Error)
	}
	if r.Served < 5 || r.Citizens["gave_up"] < 1 || r.Served+r.Citizens["gave_up"] != r.Offered {
		t.Errorf("served %d of %d: %v", r.Served, r.Offered, r.Citizens)
	}
	if r.Records["citizen_ended"] != r.Served {
		t.Errorf("records tell %v, citizens %v", r.Records, r.Citizens)
	}
	if r.CitizenHearsMS.N != r.Served || r.AgentHearsMS.N != r.Served {
		t.Errorf("heard: %d citizens, %d agents, of %d", r.CitizenHearsMS.N, r.AgentHearsMS.N, r.Served)
	}
	if n := r.Node; n == nil || n.CPUSeconds <= 0 || n.RSS == 0 || n.Contacts["citizen_ended"] != r.Served {
		t.Errorf("node: %+v", n)
	}
	if n := r.Node; n == nil || n.JoinP99 <= 0 || n.CitizenP99 <= 0 || n.AgentP99 <= 0 {
		t.Errorf("the node did not measure accept to audio: %+v", n)
	}
}

// A node that is full says so, and its records know of it.
func TestLoadCountsWhoIsRefused(t *testing.T) {
	c := startCity(t, func(cfg *node.Config) { cfg.SIP.MaxCalls = 0; cfg.Lines[0].Numbers = cfg.Lines[0].Numbers[1:] })
	o := c.load()
	o.Agents, o.Calls = 0, 3
	r, err := load.Run(t.Context(), o) // 12345 is on no line now
	if err != nil {
		t.Fatal(err)
	}
	if r.Citizens["refused"] != 3 || r.Statuses[404] != 3 || r.Records["refused_unknown"] != 3 || !r.Ledger.Balanced {
		t.Errorf("citizens %v, statuses %v, records %v, ledger %+v", r.Citizens, r.Statuses, r.Records, r.Ledger)
	}
}

// Ctrl-C: no more citizens, calls hang up, the report tells of what was.
func TestLoadIsInterrupted(t *testing.T) {
	c := startCity(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	o := c.load()
	o.For, o.Talk = time.Hour, time.Hour
	o.Told = func(p load.Progress) {
		if p.Offered == 3 {
			stop()
		}
	}
	r, err := load.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.Offered != 3 || !r.Ledger.Balanced {
		t.Errorf("interrupted %v, %d offered, ledger %+v: %s", r.Interrupted, r.Offered, r.Ledger, r.Error)
	}
}

func TestLoadSaysWhoCannotSignIn(t *testing.T) {
	c := startCity(t, nil)
	o := c.load()
	o.Accounts[1].Password = "wrong-for-sure"
	if _, err := load.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "agent 1002") {
		t.Errorf("error %v, want that 1002 cannot sign in", err)
	}
}
