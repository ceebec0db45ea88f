package node

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"hotline/callbacks"
	"hotline/channels/web"
	"hotline/config"
	"hotline/database"
	"hotline/desk"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/media/engine"
	"hotline/media/recorder"
	"hotline/media/rtp"
	"hotline/people"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets/webhook"
)

// Config is the whole of a node's YAML file. Each room owns its section.
type Config struct {
	Node       Section          `yaml:"node" doc:"This instance."`
	HTTP       HTTP             `yaml:"http" doc:"Desks, staff API and administration."`
	Redis      Redis            `yaml:"redis" doc:"What lives: queue, presence, drafts."`
	Database   database.Config  `yaml:"database" doc:"What happened and what was promised: records, tickets, accounts, audit."`
	SIP        sip.Config       `yaml:"sip" doc:"The trunk's signalling."`
	RTP        rtp.Config       `yaml:"rtp" doc:"The trunk's audio."`
	Engine     engine.Config    `yaml:"engine" doc:"Who forwards audio."`
	WebRTC     webrtc.Config    `yaml:"webrtc" doc:"The desks' audio."`
	Recordings recorder.Config  `yaml:"recordings" doc:"Calls, written down."`
	Desk       desk.Config      `yaml:"desk" doc:"How patient the house is with a desk that is gone."`
	Lines      []routing.Line   `yaml:"lines" doc:"The service lines; each answers its own numbers."`
	Routing    routing.Policy   `yaml:"routing" doc:"Who serves what, and when."`
	Callbacks  callbacks.Config `yaml:"callbacks" doc:"Citizens who are called back: who asked for it in the queue, and whose call was lost there."`
	Waiting    session.Waiting  `yaml:"waiting" doc:"What callers hear while they wait."`
	Web        web.Config       `yaml:"web" doc:"The text channel of web pages and apps."`
	Text       session.Text     `yaml:"conversations" doc:"How conversations are kept: the clocks, and what the house says in them."`
	People     people.Config    `yaml:"people" doc:"Accounts that are made at the first start."`
	Tickets    webhook.Config   `yaml:"tickets" doc:"Where units receive their tickets."`
}

// Section is the node's own.
type Section struct {
	Name       string        `yaml:"name" default:"hotline-1" doc:"Name in logs and records; each life of the node adds a suffix of its own."`
	Data       string        `yaml:"data" default:"var" doc:"Folder of everything this node keeps: private Redis, SQLite, keys."`
	DrainLimit time.Duration `yaml:"drain_limit" default:"2h" doc:"How long a drain waits for calls in progress before it ends them."`
	RefKey     config.Secret `yaml:"ref_key" doc:"32 or more characters; keys the pseudonyms of citizens. Made at the first start and kept under data when empty; the same on all nodes."`
}

// HTTP is where people and machines reach the node.
type HTTP struct {
	Listen      string `yaml:"listen" default:"127.0.0.1:8080" doc:"Desks and staff API, plain HTTP; behind a proxy or on this machine only."`
	TLSListen   string `yaml:"tls_listen" default:"" doc:"Desks and staff API over HTTPS, such as 0.0.0.0:8443; empty for none. A desk on another PC needs it for the microphone."`
	Certificate string `yaml:"certificate" doc:"PEM file of the certificate chain."`
	Key         string `yaml:"key" doc:"PEM file of the key."`
	SelfSigned  bool   `yaml:"self_signed" default:"false" doc:"Makes a certificate under data when no file is named."`
	Admin       string `yaml:"admin" default:"127.0.0.1:9090" doc:"/metrics, /healthz, /readyz and pprof; never on a public address."`
}

// Redis is a server of yours, or a private one.
type Redis struct {
	URL         config.Secret `yaml:"url" doc:"redis://… or unix://… of a Redis 7 or newer with appendonly yes and maxmemory-policy noeviction; redis://one:26379?addr=two:26379&addr=three:26379&master_name=hotline names Sentinels, whose primary is followed; empty: the node supervises a private one."`
	Confirm     int           `yaml:"confirm" default:"0" doc:"How many replicas must confirm before a desk rings; 1 with Sentinels, so that a fail-over gives no citizen to two agents."`
	Appendfsync string        `yaml:"appendfsync" default:"everysec" doc:"Of the private Redis: always, everysec or no."`
	Hall        string        `yaml:"hall" default:"12345" doc:"Hash tag of all keys; one hall is one queue."`
}

// Validate names the fields at fault that no section knows by itself.
func (c Config) Validate() error {
	errs := []error{c.policy().Validate()}
	errs = append(errs, c.checkCallbacks())
	if c.Redis.URL.Reveal() != "" && c.Database.Engine() == database.SQLite {
		errs = append(errs, errors.New("database.url: a shared Redis needs PostgreSQL: SQLite serves exactly one node"))
	}
	if c.Redis.Confirm < 0 || c.Redis.Confirm > 5 {
		errs = append(errs, fmt.Errorf("redis.confirm: %d is not between 0 and 5", c.Redis.Confirm))
	}
	if c.Redis.Confirm > 0 && c.Redis.URL.Reveal() == "" {
		errs = append(errs, errors.New("redis.confirm: a private Redis has no replicas"))
	}
	return errors.Join(errs...)
}

// Validate names the field at fault.
func (s Section) Validate() error {
	var errs []error
	if s.Name == "" {
		errs = append(errs, errors.New("name: is empty"))
	}
	if s.Data == "" {
		errs = append(errs, errors.New("data: must name a folder"))
	}
	if s.DrainLimit < 0 {
		errs = append(errs, fmt.Errorf("drain_limit: %s is negative", s.DrainLimit))
	}
	if n := len(s.RefKey.Reveal()); n > 0 && n < 32 {
		errs = append(errs, fmt.Errorf("ref_key: has %d characters, want 32 or more", n))
	}
	return errors.Join(errs...)
}

// Validate names the field at fault.
func (h HTTP) Validate() error {
	var errs []error
	for field, v := range map[string]string{"listen": h.Listen, "admin": h.Admin, "tls_listen": h.TLSListen} {
		if _, err := netip.ParseAddrPort(v); err != nil && (v != "" || field != "tls_listen") {
			errs = append(errs, fmt.Errorf("%s: %q is not IP:port", field, v))
		}
	}
	if (h.Certificate == "") != (h.Key == "") {
		errs = append(errs, errors.New("certificate: certificate and key go together"))
	}
	if h.TLSListen != "" && h.Certificate == "" && !h.SelfSigned {
		errs = append(errs, errors.New("tls_listen: needs certificate and key, or self_signed"))
	}
	return errors.Join(errs...)
}
