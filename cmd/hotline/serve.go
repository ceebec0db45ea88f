package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"

	"hotline/config"
	"hotline/deploy"
	"hotline/node"
	"hotline/tickets/fakeunit"
)

type serve struct {
	Config     string     `help:"YAML file; without one the demo city runs." type:"path" placeholder:"FILE"`
	SelfSigned bool       `help:"Serve desks over HTTPS on 0.0.0.0:8443 too, with a certificate of our own."`
	Log        slog.Level `help:"debug, info, warn or error." default:"info"`
}

// Run serves until the first signal drains the node or the second kills it; SIGHUP
// reads lines and routing of the file anew.
func (s *serve) Run(ctx context.Context, drain draining) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	log := logger(s.Log)
	if s.Config == "" {
		unit, err := demoUnit(ctx, cfg, log)
		if err != nil {
			return err
		}
		defer func() { _ = unit.Close() }()
		defer demoPhone(ctx, cfg, log)()
	}
	n := node.New(node.Options{Config: cfg, Log: log})
	follow := func() {}
	if s.Config != "" { // the demo city ends with its terminal
		again, stop := hangUps()
		defer stop()
		follow = func() { s.follow(ctx, again, n.Reload, log) }
	}
	return n.Run(ctx, drain, func(at node.Addresses) {
		s.welcome(os.Stdout, at, cfg)
		go follow()
	})
}

// follow reads the file anew at each SIGHUP, until again is closed.
func (s *serve) follow(ctx context.Context, again <-chan os.Signal, reload func(context.Context, node.Config) error, log *slog.Logger) {
	for range again {
		cfg, err := s.load()
		if err == nil {
			err = reload(ctx, cfg)
		}
		if err != nil {
			log.Error("the policy in force stays", "error", err)
		}
	}
}

func (s *serve) load() (node.Config, error) {
	o := config.Options{File: s.Config, Env: os.Environ()}
	if s.Config == "" {
		o.Text = []byte(deploy.Demo)
	}
	cfg, err := config.Load[node.Config](o)
	if err != nil {
		return cfg, fmt.Errorf("configuration:\n%w", err)
	}
	if s.SelfSigned {
		cfg.HTTP.SelfSigned = true
		if cfg.HTTP.TLSListen == "" {
			cfg.HTTP.TLSListen = "0.0.0.0:8443"
		}
	}
	return cfg, nil
}

// demoUnit is the responsible unit of the demo city: it takes every ticket.
func demoUnit(ctx context.Context, cfg node.Config, log *slog.Logger) (*fakeunit.Unit, error) {
	endpoint := cfg.Tickets.Units[0]
	at, err := url.Parse(endpoint.URL)
	if err != nil {
		return nil, fmt.Errorf("demo unit: %w", err)
	}
	return fakeunit.Start(ctx, fakeunit.Options{
		Listen: at.Host, Secrets: []config.Secret{endpoint.Secret}, Log: log.With("part", "fake unit"),
	})
}

// welcome tells a person where everything is.
func (s *serve) welcome(w io.Writer, at node.Addresses, cfg node.Config) {
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format+"\n", a...) }
	p("")
	p("  Hotline 12345 is ready / 市民热线已就绪")
	p("")
	p("  desk      http://localhost:%d/", at.HTTP.Port())
	if at.HTTPS.IsValid() {
		p("            https://<this machine>:%d/  (from another PC; accept the certificate)", at.HTTPS.Port())
	}
	p("  SIP       %s over UDP, %s over TCP", at.SIP, at.SIPTCP)
	p("  admin     http://%s/  metrics, healthz, readyz", at.Admin)
	if s.Config != "" {
		return
	}
	p("  unit      %s  (fake: takes every ticket)", cfg.Tickets.Units[0].URL)
	p("")
	p("  dial      sip:12345@%s  or any of the other %d numbers", at.SIP, len(cfg.Lines[0].Numbers)-1)
	p("  accounts  (demo passwords, for this machine only)")
	for _, a := range cfg.People.Accounts {
		p("            %-6s %-14s %-10s %s", a.ID, a.Role, a.Password.Reveal(), a.Name)
	}
	p("")
	p("  Try: make demo   Stop: Ctrl-C drains, a second one stops at once.")
	p("")
}
