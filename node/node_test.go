package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/config"
	"hotline/contact"
	"hotline/database"
	"hotline/desk"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/media/rtp"
	"hotline/people"
	"hotline/routing"
)

// small is a whole node on free ports, with all it keeps under a folder of its own.
func small(t *testing.T) Config {
	t.Helper()
	dir := t.TempDir()
	line := routing.DefaultLine()
	line.Name, line.Skill, line.Greeting = "citizen", "general", "greeting"
	line.Title = routing.Title{ZH: "市民热线", EN: "Citizens' line"}
	line.Numbers = []routing.Number{{Dial: "12345", Source: "12345"}}
	return Config{
		Node:     Section{Name: "test", Data: dir, DrainLimit: time.Minute},
		HTTP:     HTTP{Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"},
		Redis:    Redis{Appendfsync: "everysec", Hall: "12345"},
		Database: database.Config{URL: "sqlite:" + dir + "/hotline.db"},
		SIP: sip.Config{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", AreaCode: "010", MaxCalls: 10, Trunks: []sip.Trunk{
			{Name: "test", Addresses: []string{"127.0.0.0/8"}, Media: []string{"127.0.0.0/8"}, Transport: "udp"},
		}},
		RTP:    rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Quarantine: time.Second, Silence: time.Minute},
		WebRTC: webrtc.Config{Listen: "127.0.0.1:0"},
		Desk:   desk.Defaults(),
		Lines:  []routing.Line{line},
		People: people.Config{Accounts: []people.Seed{
			{ID: contact.AgentID("1001"), Role: people.Agent, Password: config.NewSecret("demo-1001"), Skills: []string{"general"}},
		}},
	}
}

func get(t *testing.T, at netip.AddrPort, path string) (int, string) {
	t.Helper()
	r, err := http.Get(fmt.Sprintf("http://%s%s", at, path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func TestStartServeDrainStop(t *testing.T) {
	before := goleak.IgnoreCurrent()
	n := New(Options{Config: small(t), Log: slog.New(slog.DiscardHandler)})
	drain, ready := make(chan struct{}), make(chan Addresses, 1)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(context.Background(), drain, func(a Addresses) { ready <- a }) }()
	var at Addresses
	select {
	case at = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/readyz": `"ok"`, "/healthz": `"ok"`, "/metrics": "hotline_session_contacts_total"} {
		if code, body := get(t, at.Admin, path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d without %s", path, code, want)
		}
	}
	if code, _ := get(t, at.HTTP, "/api/v1/session"); code != 401 {
		t.Errorf("a stranger gets %d from /api/v1/session, want 401", code)
	}
	http.DefaultClient.CloseIdleConnections()
	close(drain)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

// TestStartAndStopMany is the stress: nodes start and stop one after another
// in the same folder, some of them cut off while they start.
func TestStartAndStopMany(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := small(t)
	for i := range 8 {
		ctx, cancel := context.WithCancel(context.Background())
		n := New(Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
		if i%2 == 1 {
			time.AfterFunc(time.Duration(i)*20*time.Millisecond, cancel)
		}
		if err := n.Start(ctx); err == nil {
			if err := n.Stop(context.Background()); err != nil {
				t.Errorf("stop %d: %v", i, err)
			}
		} else if i%2 == 0 {
			t.Errorf("start %d: %v", i, err)
		}
		cancel()
	}
	goleak.VerifyNone(t, before)
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"a port that is taken": {func(c *Config) { c.HTTP.Admin = "203.0.113.1:1" }, "start http: admin"},
		"no such Redis":        {func(c *Config) { c.Redis.URL = config.NewSecret("unix:///nowhere/redis.sock") }, "start redis"},
		"an unreadable Redis URL": {
			func(c *Config) { c.Redis.URL = config.NewSecret("http://user:hidden@x") }, "redis.url: cannot be read",
		},
		"a folder that cannot be": {func(c *Config) { c.Node.Data = "/dev/null/x" }, "start data folder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := small(t)
			tt.spoil(&cfg)
			n := New(Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
			err := n.Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("error %v, want one with %q and without secrets", err, tt.want)
			}
		})
	}
}
