package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	agentui "hotline/agent-ui"
	"hotline/config"
	"hotline/contact"
	"hotline/database"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/media/rtp"
	"hotline/node"
	"hotline/people"
	"hotline/routing"
	"hotline/tickets"
	"hotline/tickets/fakeunit"
	"hotline/tickets/webhook"
)

// patience bounds every wait for a thing that must come.
const patience = 60 * time.Second

// city is one node with its unit, on free ports, gone after the test.
type city struct {
	t        *testing.T
	at       node.Addresses
	unit     *fakeunit.Unit
	ui       fs.FS // nil: no browser comes
	refusals int   // of one ticket, seen so far

	// drain is what the first signal does.
	drain   func()
	drained atomic.Bool
}

// startCity runs a node; change may alter its configuration before.
func startCity(t *testing.T, change func(*node.Config)) *city {
	t.Helper()
	return startCityOn(t, tickets.SystemClock{}, change)
}

// startCityWithDesk runs a node for real browsers.
func startCityWithDesk(t *testing.T) *city {
	t.Helper()
	return start(&city{t: t, ui: browserDesk(t)}, tickets.SystemClock{}, nil)
}

// startCityOn runs a node whose deliveries live on the clock.
func startCityOn(t *testing.T, clock tickets.Clock, change func(*node.Config)) *city {
	t.Helper()
	return start(&city{t: t}, clock, change)
}

func start(c *city, clock tickets.Clock, change func(*node.Config)) *city {
	t := c.t
	t.Helper()
	secret := fakeunit.NewSecret()
	unit, err := fakeunit.Start(t.Context(), fakeunit.Options{Secrets: []config.Secret{secret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unit.Close() })
	cfg := settings(t, webhook.Endpoint{Code: webhook.AnyUnit, URL: unit.URL(), Secret: secret})
	if change != nil {
		change(&cfg)
	}
	c.unit = unit
	c.run(cfg, clock)
	return c
}

// run starts the node and stops it at the end of the test; a node that does not
// stop cleanly fails it.
func (c *city) run(cfg node.Config, clock tickets.Clock) {
	c.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	n := node.New(node.Options{Config: cfg, Log: log, Clock: clock, UI: c.ui})
	drain, ready, ended := make(chan struct{}), make(chan node.Addresses, 1), make(chan error, 1)
	c.drain = sync.OnceFunc(func() { c.drained.Store(true); close(drain) })
	go func() {
		ended <- n.Run(context.Background(), drain, func(a node.Addresses) { ready <- a })
	}()
	select {
	case c.at = <-ready:
	case err := <-ended:
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		c.drain()
		if err := <-ended; err != nil {
			c.t.Errorf("the node did not stop cleanly: %v", err)
		}
	})
}

func settings(t *testing.T, unit webhook.Endpoint) node.Config {
	t.Helper()
	dir := t.TempDir()
	line := routing.DefaultLine()
	line.Name, line.Skill, line.Greeting = "citizen", "general", "greeting"
	line.Title = routing.Title{ZH: "市民热线", EN: "Citizens' line"}
	line.Numbers = []routing.Number{{Dial: "12345", Source: "12345"}, {Dial: "12315", Source: "12315"}}
	return node.Config{
		Node:     node.Section{Name: "e2e", Data: dir, DrainLimit: 5 * time.Second},
		HTTP:     node.HTTP{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"},
		Redis:    node.Redis{Appendfsync: "everysec", Hall: "12345"},
		Database: database.Config{URL: "sqlite:" + dir + "/hotline.db"},
		SIP: sip.Config{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", AreaCode: "010", MaxCalls: 20, Trunks: []sip.Trunk{
			{Name: "carrier", Addresses: []string{"127.0.0.0/8"}, Media: []string{"127.0.0.0/8"}, Transport: "udp"},
		}},
		RTP:     rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Quarantine: time.Second, Silence: time.Minute},
		WebRTC:  webrtc.Config{Listen: "0.0.0.0:0"},
		Desk:    desk.Defaults(),
		Lines:   []routing.Line{line},
		People:  people.Config{Accounts: []people.Seed{account("1001", people.Agent), account("1002", people.Agent), account("2001", people.Supervisor)}},
		Tickets: webhook.Config{Units: []webhook.Endpoint{unit}},
	}
}

func account(id string, role people.Role) people.Seed {
	return people.Seed{ID: contact.AgentID(id), Name: "话务员" + id, Role: role, Password: config.NewSecret(password(id)), Skills: []string{"general"}}
}

func password(id string) string { return "secret-of-" + id }

func (c *city) url() string { return "http://" + c.at.HTTP.String() }

func (c *city) dial(number string) string { return fmt.Sprintf("sip:%s@%s", number, c.at.SIP) }

// supervisor asks the staff API.
func (c *city) supervisor() *headless.REST {
	c.t.Helper()
	rest, err := headless.SignIn(c.t.Context(), c.url(), "2001", password("2001"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(rest.CloseIdle)
	return rest
}

// record is what the API tells of a contact.
type record struct {
	Contact   string    `json:"contact"`
	Origin    string    `json:"origin"`
	Source    string    `json:"source"`
	Caller    string    `json:"caller"`
	Agent     string    `json:"agent"`
	Accepted  time.Time `json:"accepted"`
	Connected time.Time `json:"connected"`
	Ended     time.Time `json:"ended"`
	Offers    int       `json:"offers"`
	Cause     string    `json:"cause"`
}

// await asks for the newest records until one satisfies so.
func (c *city) await(rest *headless.REST, what string, so func(record) bool) record {
	c.t.Helper()
	type list struct {
		Contacts []record `json:"contacts"`
	}
	all := ask(c.t, rest, "/contacts?limit=50", what, func(l list) bool { return slices.ContainsFunc(l.Contacts, so) })
	return all.Contacts[slices.IndexFunc(all.Contacts, so)]
}

// ask repeats a GET of the staff API until the answer satisfies so.
func ask[T any](t *testing.T, rest *headless.REST, path, what string, so func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		var got T
		if err := rest.Call(ctx, "GET", path, nil, &got); err != nil {
			t.Fatal(err)
		}
		if so(got) {
			return got
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("%s: nothing %s in %+v", path, what, got)
		}
	}
}

// browserDesk is the built desk; a checkout that has none builds it first.
func browserDesk(t *testing.T) fs.FS {
	t.Helper()
	if agentui.Built() {
		return agentui.Files()
	}
	if out, err := exec.CommandContext(t.Context(), "make", "-C", "..", "ui").CombinedOutput(); err != nil {
		t.Fatalf("build the desk (make ui): %v\n%s", err, out)
	}
	return os.DirFS("../agent-ui/dist")
}
