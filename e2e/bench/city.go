package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"hotline/config"
	"hotline/contact"
	"hotline/database"
	"hotline/desk"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/load"
	"hotline/media/recorder"
	"hotline/media/rtp"
	"hotline/node"
	"hotline/people"
	"hotline/routing"
	"hotline/tickets/fakeunit"
	"hotline/tickets/webhook"
)

// City is a whole node in a process of its own, with its private Redis as child.
type City struct {
	data  string
	stop  context.CancelFunc // nil before Open
	ended chan error
}

// CityArgs say what the node is like.
type CityArgs struct {
	Agents   int
	Recorded bool
}

// CityAt is where it is reached.
type CityAt struct{ HTTP, SIP, Admin string }

// cityPhones is how many calls the node takes at a time.
const cityPhones = 5000

func serveCity(conn io.ReadWriteCloser) error {
	// A child of ours has a child of its own: it stops in order.
	ctx, forget := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer forget()
	c := &City{}
	served := make(chan error, 1)
	go func() { served <- serveRole(conn, "City", c) }()
	select {
	case err := <-served:
		return errors.Join(err, c.close())
	case <-ctx.Done():
		return c.close()
	}
}

// Open starts the node and tells where it is.
func (c *City) Open(args CityArgs, reply *CityAt) (err error) {
	if c.data, err = os.MkdirTemp("", "hotline-bench-"); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(c.data, "node.log"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(file, nil)) // as a node writes it; the file ends with the process
	n := node.New(node.Options{Config: cityConfig(c.data, args), Log: log})
	ctx, stop := context.WithCancel(context.Background())
	ready := make(chan node.Addresses, 1)
	c.stop, c.ended = stop, make(chan error, 1)
	go func() { c.ended <- n.Run(ctx, nil, func(at node.Addresses) { ready <- at }) }()
	select {
	case at := <-ready:
		*reply = CityAt{HTTP: "http://" + at.HTTP.String(), SIP: at.SIP.String(), Admin: at.Admin.String()}
		return nil
	case err := <-c.ended:
		c.ended <- nil
		return errors.Join(errors.New("the node did not start"), err)
	}
}

// close stops the node, which bounds its own stop.
func (c *City) close() error {
	var errs []error
	if c.stop != nil {
		c.stop()
		errs = append(errs, <-c.ended)
	}
	if c.data != "" {
		errs = append(errs, os.RemoveAll(c.data))
	}
	return errors.Join(errs...)
}

func cityConfig(data string, args CityArgs) node.Config {
	line := routing.DefaultLine()
	line.Name, line.Skill = "citizen", "general" // no greeting: who calls waits at once
	line.Title = routing.Title{ZH: "市民热线", EN: "Citizens' line"}
	line.Numbers = []routing.Number{{Dial: "12345", Source: "12345"}}
	loopback := []string{"127.0.0.0/8"}
	return node.Config{
		Node:     node.Section{Name: "bench", Data: data, DrainLimit: time.Second},
		HTTP:     node.HTTP{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"},
		Redis:    node.Redis{Appendfsync: "everysec", Hall: "12345"},
		Database: database.Config{URL: "sqlite:" + filepath.Join(data, "hotline.db")},
		SIP: sip.Config{
			UDP: "127.0.0.1:0", AreaCode: "010", MaxCalls: cityPhones, // and no limit of the rate
			Trunks: []sip.Trunk{{Name: "bench", Addresses: loopback, Media: loopback}},
		},
		// A port rests for a second: at 500 calls/s half a minute would take the range.
		RTP:        rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Quarantine: time.Second, Silence: time.Minute},
		Recordings: recorder.Config{Folder: "recordings", Enabled: args.Recorded},
		WebRTC:     webrtc.Config{Listen: "127.0.0.1:0"},
		Desk:       desk.Defaults(),
		Lines:      []routing.Line{line},
		People:     people.Config{Accounts: seeds(args.Agents)},
		Tickets: webhook.Config{Units: []webhook.Endpoint{
			{Code: webhook.AnyUnit, URL: "http://127.0.0.1:9/", Secret: fakeunit.NewSecret()}, // no ticket is written
		}},
	}
}

func seeds(agents int) (all []people.Seed) {
	for _, a := range accounts(agents) {
		all = append(all, people.Seed{
			ID: contact.AgentID(a.Name), Role: people.Agent, Skills: []string{"general"}, Password: config.NewSecret(a.Password),
		})
	}
	return append(all, people.Seed{
		ID: supervisorName, Role: people.Supervisor, Skills: []string{"general"}, Password: config.NewSecret(supervisorPassword),
	})
}

const (
	supervisorName     = "2001"
	supervisorPassword = "bench-2001"
)

func accounts(n int) (all []load.Account) {
	for i := range n {
		name := fmt.Sprint(3001 + i)
		all = append(all, load.Account{Name: name, Password: "bench-" + name})
	}
	return all
}

// city starts a node.
func (l *lab) city(ctx context.Context, args CityArgs) (*child, CityAt, error) {
	var at CityAt
	c, err := l.spawn(ctx, "city")
	if err != nil {
		return nil, at, err
	}
	return c, at, c.do(ctx, "City.Open", args, &at)
}

// crowd is what all loads on a node of ours have in common.
func crowd(at CityAt, agents []load.Account) load.Options {
	return load.Options{
		URL: at.HTTP, SIP: "sip:12345@" + at.SIP, Admin: at.Admin, Accounts: agents, Agents: len(agents),
		AcceptAfter: 200 * time.Millisecond, WrapUp: 200 * time.Millisecond, Fixed: true,
		Patience: time.Minute, Seed: 1, Log: slog.New(slog.DiscardHandler),
	}
}
