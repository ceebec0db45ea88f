package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/node"
	"hotline/routing"
)

// plainNumber reaches a line without greeting.
const plainNumber = "12315"

// withPlainLine makes of 12315 a line of its own, whose callers are in the
// queue at once.
func withPlainLine(cfg *node.Config) {
	plain := cfg.Lines[0]
	plain.Name, plain.Greeting = "plain", ""
	plain.Numbers = []routing.Number{{Dial: plainNumber, Source: plainNumber}}
	cfg.Lines[0].Numbers = cfg.Lines[0].Numbers[:1]
	cfg.Lines = append(cfg.Lines, plain)
	cfg.SIP.MaxCalls = 200
	cfg.RTP.Quarantine = 100 * time.Millisecond
}

// TestHangupAnywhere: a citizen hangs up at every step of a call. The ring stops,
// the cause is right, nothing is left behind, and the agent is free for the next.
func TestHangupAnywhere(t *testing.T) {
	var data string
	c := startCity(t, func(cfg *node.Config) { withPlainLine(cfg); data = cfg.Node.Data })
	h := &hangups{city: c, rest: c.supervisor()}
	keys := redisOf(t, data)
	before := c.census()
	defer func() { c.t = t }()
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"in the greeting", h.greeting},
		{"in the queue", h.queue},
		{"while it rings", h.ring},
		{"in the talk", h.talk},
		{"on hold", h.hold},
		{"while reconnecting", h.reconnecting},
		{"in the goodbye", h.goodbye},
		{"before the answer", h.cancel},
		{"around the accept", h.crossing},
	} {
		t.Run(step.name, func(t *testing.T) {
			c.t = t
			step.do(t)
			c.backTo(before, keys)
		})
	}
}

type hangups struct {
	*city
	rest *headless.REST
	used int
}

// caller is a number not used before, as shown and as recorded.
func (h *hangups) caller() (number, masked string) {
	h.used++
	return fmt.Sprintf("1380000%04d", h.used), fmt.Sprintf("+86138****%04d", h.used)
}

// ended is the record of a citizen who is gone.
func (h *hangups) ended(t *testing.T, masked, cause string) record {
	t.Helper()
	r := h.await(h.rest, "of "+masked+" that ended", func(r record) bool { return r.Caller == masked && !r.Ended.IsZero() })
	if r.Cause != cause {
		t.Errorf("cause %s, want %s", r.Cause, cause)
	}
	return r
}

func (h *hangups) greeting(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §15.1.1", "BYE in the greeting: the call counts as abandoned there")
	number, masked := h.caller()
	h.sipp("leave", "12345", []string{number + ";500"})
	if r := h.ended(t, masked, "abandoned_greeting"); r.Offers != 0 {
		t.Errorf("record %+v", r)
	}
}

func (h *hangups) queue(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §15.1.1", "BYE in the queue: the call counts as abandoned there and is never rung")
	number, masked := h.caller()
	h.sipp("leave", plainNumber, []string{number + ";500"})
	h.ended(t, masked, "abandoned_queue")
}

// dialled is a foreign phone that is with the agent now.
func (h *hangups) dialled(t *testing.T, what string, so func(record) bool) (*gatewaytest.Baresip, string) {
	t.Helper()
	number, masked := h.caller()
	citizen := gatewaytest.StartBaresip(t, h.dial(plainNumber), number, 600)
	h.await(h.rest, what, func(r record) bool { return r.Caller == masked && so(r) })
	return citizen, masked
}

func connected(r record) bool { return !r.Connected.IsZero() }

// seated opens a desk for one step.
func (h *hangups) seated(t *testing.T, o headless.Options) *headless.Agent {
	t.Helper()
	o.Account, o.URL, o.Password, o.Log = "1001", h.url(), password("1001"), slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, err := headless.Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// leaves is the citizen's hang-up and what the desk made of it.
func (h *hangups) leaves(t *testing.T, citizen *gatewaytest.Baresip, a *headless.Agent) headless.Report {
	t.Helper()
	began := time.Now()
	citizen.Stop()
	r := h.report(a)
	if told := time.Since(began); told > 2*time.Second {
		t.Errorf("the desk was told after %s", told)
	}
	return r
}

func (h *hangups) close(t *testing.T, a *headless.Agent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.Close(ctx); err != nil {
		t.Error(err)
	}
}

func (h *hangups) ring(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §15.1.1", "BYE while a desk rings: the ring stops at once and the agent stays ready")
	a := h.seated(t, headless.Options{AnswerAfter: time.Hour})
	defer h.close(t, a)
	for range 2 { // the second shows that the agent is free
		citizen, masked := h.dialled(t, "that rings", func(r record) bool { return r.Offers == 1 })
		if r := h.leaves(t, citizen, a); r.Cause != "citizen_gone" {
			t.Errorf("the desk reports %+v", r)
		}
		h.ended(t, masked, "abandoned_ringing")
	}
}

// busy is an agent who answers at once and writes for a moment.
func busy() headless.Options {
	return headless.Options{AnswerAfter: time.Millisecond, WrapUp: 10 * time.Millisecond, Play: headless.Sine(440)}
}

func (h *hangups) talk(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §15.1.1", "BYE in the talk: the agent writes, then is free")
	a := h.seated(t, busy())
	defer h.close(t, a)
	for range 2 {
		citizen, masked := h.dialled(t, "of a talk", connected)
		h.leaves(t, citizen, a)
		h.ended(t, masked, "citizen_ended")
	}
}

func (h *hangups) hold(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §15.1.1", "BYE while the agent holds the citizen: as in the talk")
	a := h.seated(t, busy())
	defer h.close(t, a)
	citizen, masked := h.dialled(t, "of a talk", connected)
	if err := a.Command(t.Context(), "call.hold"); err != nil {
		t.Fatal(err)
	}
	h.leaves(t, citizen, a)
	h.ended(t, masked, "citizen_ended")
}

func (h *hangups) reconnecting(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §15.1.1", "BYE while the agent's audio is gone: as in the talk")
	a := h.seated(t, busy())
	defer h.close(t, a)
	citizen, masked := h.dialled(t, "of a talk", connected)
	watch := h.watch(t, "1001")
	defer watch.close()
	if err := a.Hush(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	watch.changed(t, func(d deskCall) bool { return d.ApartUntil != nil })
	h.leaves(t, citizen, a)
	h.ended(t, masked, "citizen_ended")
}

func (h *hangups) goodbye(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §15.1.1", "BYE in the goodbye, after the agent has hung up: the agent's ending counts")
	a := h.seated(t, busy())
	defer h.close(t, a)
	citizen, masked := h.dialled(t, "of a talk", connected)
	if err := a.Command(t.Context(), "call.hangup"); err != nil {
		t.Fatal(err)
	}
	h.leaves(t, citizen, a)
	h.ended(t, masked, "agent_ended")
}

// cancel: CANCEL, or BYE where the answer was faster, within the first ms.
func (h *hangups) cancel(t *testing.T) {
	p, err := phone.New(t.Context(), h.dial(plainNumber), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	for range 40 {
		number, masked := h.caller()
		placed, err := p.Place(t.Context(), phone.Options{Target: h.dial(plainNumber), From: number})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(rand.N(8 * time.Millisecond))
		if err := placed.Hangup(t.Context()); err != nil {
			t.Logf("hang-up: %v", err)
		}
		<-placed.Done()
		r := h.await(h.rest, "of "+masked+" that ended", func(r record) bool { return r.Caller == masked && !r.Ended.IsZero() })
		if r.Cause != "abandoned_greeting" && r.Cause != "abandoned_queue" {
			t.Errorf("%s: cause %s", masked, r.Cause)
		}
	}
}

// crossing: BYE around the moment at which the agent accepts, many times.
func (h *hangups) crossing(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §15.1.1", "BYE around the moment of the agent's answer, at many offsets: one record each, with the cause that the order of both gives")
	o := busy()
	o.AnswerAfter, o.WrapUp = 20*time.Millisecond, time.Millisecond
	a := h.seated(t, o)
	defer h.close(t, a)
	const many = 100
	var calls []string
	first := h.used + 1
	for range many {
		number, _ := h.caller()
		calls = append(calls, fmt.Sprintf("%s;%d", number, rand.IntN(80)))
	}
	h.sipp("leave", plainNumber, calls, "-r", "8", "-l", "1")
	got := map[string]int{}
	for n := first; n < first+many; n++ {
		masked := fmt.Sprintf("+86138****%04d", n)
		r := h.find(t, masked)
		got[r.Cause]++
		if met := connected(r); met != (r.Cause == "citizen_ended") || (r.Cause == "abandoned_ringing") != (!met && r.Offers > 0) {
			t.Errorf("record %+v", r)
		}
	}
	if got["abandoned_queue"]+got["abandoned_ringing"]+got["citizen_ended"] != many || got["citizen_ended"] == 0 {
		t.Errorf("causes %v of %d calls", got, many)
	}
	t.Logf("causes %v", got)
	for {
		select { // what the desk has seen of them
		case <-a.Reports():
			continue
		default:
		}
		break
	}
	citizen, masked := h.dialled(t, "of a talk", connected)
	h.leaves(t, citizen, a)
	h.ended(t, masked, "citizen_ended")
}

// find is a record among many.
func (h *hangups) find(t *testing.T, masked string) record {
	t.Helper()
	type list struct {
		Contacts []record `json:"contacts"`
	}
	var found record
	ask(t, h.rest, "/contacts?limit=100", "of "+masked+" that ended", func(l list) bool {
		for _, r := range l.Contacts {
			if r.Caller == masked && !r.Ended.IsZero() {
				found = r
				return true
			}
		}
		return false
	})
	return found
}
