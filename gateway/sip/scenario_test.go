package sip

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

// What citizens and carriers do, played by SIPp. Each scenario checks the
// answers itself.
func TestSIPpScenarios(t *testing.T) {
	t.Parallel()
	ringOn := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
	hangUp := func(ctx context.Context, in *Inbound) {
		pickUp(ctx, in)
		_ = in.Hangup(ctx, contact.AgentEnded)
	}
	refuse := func(why contact.Cause) func(context.Context, *Inbound) {
		return func(ctx context.Context, in *Inbound) { _ = in.Refuse(ctx, why) }
	}
	short := func(o *Options) { o.Timers = Timers{T1: 50 * time.Millisecond, T2: 100 * time.Millisecond} }
	full := func(o *Options) { o.Config.MaxCalls = 1 }
	thirty := func(o *Options) { o.Config.SessionExpires = 30 * time.Minute }
	const none = contact.Cause(255) // no call begins
	tests := map[string]struct {
		clause   string
		what     string
		scenario string
		serve    func(context.Context, *Inbound)
		want     contact.Cause
		change   func(*Options)
		args     []string
	}{
		"offer in the 200":               {"RFC 3261 §13.2.1", "INVITE without an offer: ours in the 200, the answer in the ACK", "uac_late", pickUp, contact.CitizenEnded, nil, nil},
		"offer in the 200, no answer":    {"RFC 3261 §13.2.1", "INVITE without an offer and an ACK without an answer: BYE", "uac_late_none", pickUp, contact.MediaLost, nil, nil},
		"CANCEL":                         {"RFC 3261 §9.2", "CANCEL while it rings: 200 and 487", "uac_cancel", ringOn, contact.CitizenEnded, nil, nil},
		"BYE from the house":             {"RFC 3261 §15.1.1", "we hang up: BYE", "uac_recv_bye", hangUp, contact.AgentEnded, nil, nil},
		"no ACK":                         {"RFC 3261 §13.3.1.4", "no ACK: our 200 is repeated, then BYE", "uac_noack", pickUp, contact.MediaLost, short, nil},
		"OPTIONS":                        {"RFC 3261 §11.2", "OPTIONS: 200 with Allow, Accept and Supported", "uac_options", nil, none, nil, nil},
		"hold, retrieve, another codec":  {"RFC 3264 §8.4", "hold by sendonly, inactive and 0.0.0.0, retrieved by UPDATE, late offer in a re-INVITE: each mirrored", "uac_hold", pickUp, contact.CitizenEnded, nil, nil},
		"re-INVITE to a foreign address": {"RFC 3261 §14.2", "re-INVITE to an address outside the trunk: 488 and the call stays", "uac_reject_reoffer", pickUp, contact.CitizenEnded, nil, nil},
		"2.5 KB with Record-Routes":      {"RFC 3261 §12.1.1", "INVITE of more than 2 KB with Via and Record-Route of others: echoed in order", "uac_large", pickUp, contact.CitizenEnded, nil, nil},
		"TCP":                            {"RFC 3261 §18", "a call over TCP", "uac_basic", pickUp, contact.CitizenEnded, nil, []string{"-t", "t1"}},
		"TCP, BYE from the house":        {"RFC 5923 §5", "our BYE over the TCP connection that the peer opened", "uac_recv_bye", hangUp, contact.AgentEnded, nil, []string{"-t", "t1"}},
		"Max-Forwards 0":                 {"RFC 3261 §8.2", "Max-Forwards 0: 483", "uac_hops", nil, none, nil, nil},
		"Require":                        {"RFC 3261 §8.2.2.3", "an unknown extension required: 420 with Unsupported", "uac_require", nil, none, nil, nil},
		"no common codec":                {"RFC 3264 §6", "no codec in common: 488", "uac_codec", nil, none, nil, nil},
		"media address of others":        {"RFC 3261 §21.4.26", "an offer outside the trunk's media ranges: 488", "uac_foreign_media", nil, none, nil, nil},
		"requests of no dialog":          {"RFC 3261 §12.2.2", "BYE, UPDATE and CANCEL of no dialog: 481", "uac_strangers", nil, none, nil, nil},
		"unknown number":                 {"RFC 3261 §21.4.5", "unknown number: 404", "uac_unknown", refuse(contact.RefusedUnknown), contact.RefusedUnknown, nil, nil},
		"refreshed by UPDATE":            {"RFC 4028 §10", "Session-Expires with refresher=uas: UPDATE at half the interval, twice", "uac_timer", pickUp, contact.CitizenEnded, timed, nil},
		"refreshed by re-INVITE":         {"RFC 4028 §10", "Session-Expires of a peer without UPDATE: re-INVITE at half the interval", "uac_timer_invite", pickUp, contact.CitizenEnded, timed, nil},
		"interval too small":             {"RFC 4028 §9", "Session-Expires below the least: 422 with Min-SE, then accepted", "uac_timer_small", pickUp, contact.CitizenEnded, thirty, nil},
		"overload":                       {"RFC 3261 §21.5.4", "overload: 503 with Retry-After", "uac_busy", refuse(contact.RefusedOverload), contact.RefusedOverload, full, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerSIPp, tt.clause, tt.what)
			var changes []func(*Options)
			if tt.change != nil {
				changes = append(changes, tt.change)
			}
			n := startNode(t, tt.serve, changes...)
			addr := n.Addrs().UDP
			if len(tt.args) > 0 {
				addr = n.Addrs().TCP
			}
			sipp(t, tt.scenario, addr, append([]string{"-m", "1"}, tt.args...)...)
			if tt.want != none {
				n.wantEnded(t, tt.want)
			} else if len(n.calls) != 0 {
				t.Error("a call began")
			}
		})
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	sipp(t, "uac_basic", n.Addrs().UDP, "-m", "100", "-r", "100")
	for range 100 {
		n.wantEnded(t, contact.CitizenEnded)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	n.Drain()
	sipp(t, "uac_busy", n.Addrs().UDP, "-m", "1")
	if len(n.calls) != 0 {
		t.Error("a call began on a draining node")
	}
}

func TestMaxCalls(t *testing.T) {
	t.Parallel()
	ring := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
	n := startNode(t, ring, func(o *Options) { o.Config.MaxCalls = 1 })
	p := newPeer(t, n.Addrs().UDP)
	p.invite("one", "")
	n.call(t)
	sipp(t, "uac_busy", n.Addrs().UDP, "-m", "1")
}

// uas starts SIPp as the called.
func uas(t *testing.T, scenario string) (target string, wait func()) {
	t.Helper()
	port := gatewaytest.FreePort(t)
	cmd := sippCommand(t, scenario, netip.AddrPort{}, "-m", "1", "-p", itoa(port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return "sip:12345@127.0.0.1:" + itoa(port), func() {
		if err := cmd.Wait(); err != nil {
			t.Errorf("sipp %s: %v\n%s", scenario, err, sippErrors(cmd.Dir))
		}
	}
}

func events(t *testing.T, l gateway.Leg) func(gateway.LegEventKind) gateway.LegEvent {
	t.Helper()
	return func(want gateway.LegEventKind) gateway.LegEvent {
		select {
		case e := <-l.Events():
			if e.Kind != want {
				t.Fatalf("event %d (cause %s), want %d", e.Kind, e.Cause, want)
			}
			return e
		case <-time.After(20 * time.Second):
			t.Fatalf("event %d has not come", want)
		}
		return gateway.LegEvent{}
	}
}

func TestOutboundManyProvisionals(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §13.2.2.1", "fourteen provisional answers before the 200: ACK, and the call talks")
	n := startNode(t, nil)
	target, wait := uas(t, "uas_many_provisionals")
	leg, err := n.Dial(t.Context(), DialRequest{To: target, From: "01012345"})
	if err != nil {
		t.Fatal(err)
	}
	next := events(t, leg)
	next(gateway.LegAnswered)
	if leg.Media() == nil || leg.Status() != 200 {
		t.Errorf("answered with status %d, media %v", leg.Status(), leg.Media())
	}
	if err := leg.Hangup(t.Context(), contact.AgentEnded); err != nil {
		t.Error(err)
	}
	next(gateway.LegGone)
	wait()
}

// A 200 that crosses our CANCEL gets ACK and BYE.
func TestOutboundCrossing(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerSIPp, "RFC 3261 §9.1", "their 200 crosses our CANCEL: ACK and BYE")
	n := startNode(t, nil)
	target, wait := uas(t, "uas_cross")
	ctx, cancel := context.WithCancel(t.Context())
	leg, err := n.Dial(ctx, DialRequest{To: target})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, cancel)
	if e := events(t, leg)(gateway.LegGone); e.Cause != contact.CitizenEnded {
		t.Errorf("cause %s", e.Cause)
	}
	wait()
}
