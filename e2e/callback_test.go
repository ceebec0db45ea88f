package e2e

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/media/prompt"
	"hotline/media/tone"
	"hotline/node"
	"hotline/routing"
)

const (
	homeHz  = 600.0
	otherHz = 1000.0
)

// homePhone is a citizen's phone that can be called.
func homePhone(t *testing.T, h phone.Home) (*phone.Phone, <-chan *phone.Call) {
	t.Helper()
	calls := make(chan *phone.Call, 8)
	h.At, h.Callers = netip.MustParseAddrPort("127.0.0.1:0"), []string{"127.0.0.0/8"}
	h.Log, h.OnCall = slog.New(slog.DiscardHandler), func(c *phone.Call) { calls <- c }
	p, err := phone.Listen(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p, calls
}

// callingBack lets the city dial its citizens through that phone's exchange.
func callingBack(to *phone.Phone) func(*node.Config) {
	return func(cfg *node.Config) {
		cfg.Lines[0].Greeting = ""
		cfg.SIP.Trunks[0].Outbound = to.Addr().String()
		cfg.Callbacks.Trunk, cfg.Callbacks.From, cfg.Callbacks.Ring = "carrier", "12345", 20*time.Second
		cfg.Callbacks.Abandoned, cfg.Callbacks.AbandonedAfter = true, 5*time.Second
		cfg.Routing.Callbacks = routing.CallbackRule{
			After: time.Second, Attempts: 3, Spacing: []time.Duration{time.Minute}, Zone: "Asia/Shanghai",
		}
	}
}

// places lets a citizen call, and returns the call while it goes on.
func (c *city) places(o phone.Options) *phone.Call {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), 2*patience)
	o.Target = cmp.Or(o.Target, c.dial("12345"))
	p, err := phone.New(ctx, o.Target, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	call, err := p.Place(ctx, o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := p.Close(ctx); err != nil {
			c.t.Error(err)
		}
		cancel()
	})
	return call
}

func (c *city) caller(rest *headless.REST, masked string) record {
	c.t.Helper()
	return c.await(rest, "of "+masked, func(r record) bool { return r.Caller == masked && r.Origin == "" })
}

// TestCallbackKeepsPlace: three citizens wait, the second keeps the place with a
// key. The agent who comes serves the first, then the second by a call-back,
// then the third.
func TestCallbackKeepsPlace(t *testing.T) {
	home, rings := homePhone(t, phone.Home{
		Ring: 300 * time.Millisecond, Options: phone.Options{Play: prompt.Tone(homeHz, time.Second, 0.3), Record: true},
	})
	c := startCity(t, callingBack(home))
	rest := c.supervisor()
	other := phone.Options{Play: prompt.Tone(otherHz, time.Second, 0.3)}
	with := func(from, digits string) phone.Options {
		o := other
		o.From, o.Digits, o.DigitGap = from, digits, 3*time.Second
		return o
	}
	c.places(with("13800000001", ""))
	first := c.caller(rest, "+86138****0001")
	asks := c.places(with("13800000002", "11111111")) // until it is heard
	second := c.caller(rest, "+86138****0002")
	c.places(with("13800000003", ""))
	third := c.caller(rest, "+86138****0003")

	second = c.await(rest, "that took a call-back", func(r record) bool { return r.Contact == second.Contact && !r.Ended.IsZero() })
	if second.Cause != "callback_taken" || second.Offers != 0 {
		t.Errorf("the second record %+v", second)
	}
	<-asks.Done() // the house has said goodbye
	agent := c.agent(headless.Options{
		Account: "1001", AnswerAfter: 10 * time.Millisecond, TalkFor: 4 * time.Second, WrapUp: 10 * time.Millisecond,
		Play: prompt.Tone(agentHz, time.Second, 0.3).Linear(),
	})
	if r := c.report(agent); r.Contact != first.Contact || !r.Answered {
		t.Errorf("first was %+v, want %s", r, first.Contact)
	}
	select {
	case <-rings:
	case <-time.After(patience):
		t.Fatal("the second citizen's phone does not ring")
	}
	served := c.report(agent)
	if !served.Answered || served.Caller != "+86138****0002" || served.HeardHz < homeHz-5 || served.HeardHz > homeHz+5 {
		t.Errorf("then %+v, want the call-back of the second", served)
	}
	back := c.await(rest, "of the call-back", func(r record) bool { return r.Contact == served.Contact && !r.Ended.IsZero() })
	if back.Origin != second.Contact || back.Cause != "agent_ended" || back.Caller != second.Caller || back.Connected.IsZero() {
		t.Errorf("the call-back's record %+v, want origin %s", back, second.Contact)
	}
	if r := c.report(agent); r.Contact != third.Contact || !r.Answered {
		t.Errorf("last was %+v, want %s", r, third.Contact)
	}
}

// TestCallbackIsHeard: the citizen who is called back hears the agent, and
// nothing of the queue; one who does not answer costs the agent no wrap-up.
func TestCallbackIsHeard(t *testing.T) {
	home, rings := homePhone(t, phone.Home{
		Ring: 300 * time.Millisecond, Options: phone.Options{Play: prompt.Tone(homeHz, time.Second, 0.3), Record: true},
	})
	c := startCity(t, callingBack(home))
	rest := c.supervisor()
	gone := c.places(phone.Options{From: "13800000001", HangupAfter: 6 * time.Second})
	<-gone.Done()
	left := c.await(rest, "that was given up", func(r record) bool { return !r.Ended.IsZero() })
	if left.Cause != "abandoned_queue" {
		t.Fatalf("record %+v", left)
	}
	agent := c.agent(headless.Options{
		Account: "1001", AnswerAfter: 10 * time.Millisecond, TalkFor: 4 * time.Second, WrapUp: 10 * time.Millisecond,
		Play: prompt.Tone(agentHz, time.Second, 0.3).Linear(),
	})
	var called *phone.Call
	select {
	case called = <-rings:
	case <-time.After(patience):
		t.Fatal("who gave up is not called back")
	}
	if r := c.report(agent); !r.Answered || r.HeardHz < homeHz-5 || r.HeardHz > homeHz+5 {
		t.Errorf("the agent reports %+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	heard, err := called.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	samples := heard.Heard.Linear()
	if len(samples) < 2*8000 || !tone.Hears(samples[8000:12000], agentHz) {
		t.Errorf("of %d samples the second second is not the agent", len(samples))
	}
}

// TestCallersOfADeadNodeAreCalledBack: kill −9 of a node while a citizen waits
// there. The other node calls the citizen back, before one who called there
// later.
func TestCallersOfADeadNodeAreCalledBack(t *testing.T) {
	home, rings := homePhone(t, phone.Home{Options: phone.Options{Play: prompt.Tone(homeHz, time.Second, 0.3)}})
	h := newHouse(t)
	binary := filepath.Join(t.TempDir(), "hotline")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../cmd/hotline").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	living := startCity(t, func(cfg *node.Config) {
		h.shared("living")(cfg)
		callingBack(home)(cfg)
	})
	dying := h.killable(t, binary)
	rest := living.supervisor()
	dying.places(phone.Options{From: "13800000001"})
	first := living.caller(rest, "+86138****0001")
	ask(t, rest, "/hall", "that waits", func(b struct {
		Waiting map[string]int `json:"waiting"`
	},
	) bool {
		return b.Waiting["general"] == 1
	})
	dying.kill()
	living.places(phone.Options{From: "13800000002"})
	second := living.caller(rest, "+86138****0002")
	type list struct {
		Callbacks []struct {
			Contact, Why, State string
		} `json:"callbacks"`
	}
	ask(t, rest, "/callbacks", "that was lost with its node", func(l list) bool {
		return len(l.Callbacks) == 1 && l.Callbacks[0].Contact == first.Contact && l.Callbacks[0].Why == "node_lost" && l.Callbacks[0].State == "queued"
	})
	agent := living.agent(headless.Options{
		Account: "1001", AnswerAfter: 10 * time.Millisecond, TalkFor: 3 * time.Second, WrapUp: 10 * time.Millisecond,
	})
	served := living.report(agent)
	if !served.Answered || served.Caller != first.Caller || served.HeardHz < homeHz-5 || served.HeardHz > homeHz+5 {
		t.Errorf("first was %+v, want the call-back of %s", served, first.Contact)
	}
	if len(rings) != 1 {
		t.Errorf("the citizen's phone rang %d times, want once", len(rings))
	}
	back := living.await(rest, "of the call-back", func(r record) bool { return r.Contact == served.Contact && !r.Ended.IsZero() })
	if back.Origin != first.Contact || back.Cause != "agent_ended" {
		t.Errorf("the call-back's record %+v", back)
	}
	if r := living.report(agent); r.Contact != second.Contact {
		t.Errorf("then %+v, want %s", r, second.Contact)
	}
}

// killable is a node of the house in a process of its own.
func (h *house) killable(t *testing.T, binary string) *process {
	t.Helper()
	data := t.TempDir()
	file := filepath.Join(data, "hotline.yaml")
	text := fmt.Sprintf(`node: { name: dying, data: %[1]s, ref_key: "%[2]s" }
http: { listen: "127.0.0.1:0", admin: "127.0.0.1:0" }
redis: { url: "%[3]s" }
database: { url: "%[4]s" }
sip:
  udp: 127.0.0.1:0
  tcp: 127.0.0.1:0
  area_code: "010"
  trunks: [{ name: carrier, addresses: [127.0.0.0/8], media: [127.0.0.0/8] }]
rtp: { port_min: 0, port_max: 0 }
webrtc: { listen: "127.0.0.1:0" }
lines: [{ name: citizen, title: { zh: 市民热线, en: "Citizens' line" }, skill: general, numbers: ["12345"] }]
people: { accounts: [] }
`, data, houseKey, h.redis.url(), h.db)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return launch(t, binary, file)
}
