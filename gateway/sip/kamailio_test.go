package sip

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
)

// kamailio is a proxy between a carrier and a node, with a socket on each side.
type kamailio struct {
	carrier, house netip.AddrPort
}

func startKamailio(t *testing.T, n *node) kamailio {
	t.Helper()
	first := uint16(gatewaytest.FreePort(t))
	local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	k := kamailio{carrier: netip.AddrPortFrom(local, first), house: netip.AddrPortFrom(local, first+1)}
	dir := t.TempDir()
	raw, err := os.ReadFile("testdata/kamailio/proxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer("%CARRIER%", itoa(int(k.carrier.Port())), "%HOUSE%", itoa(int(k.house.Port())),
		"%NODE%", itoa(int(n.Addrs().UDP.Port()))).Replace(string(raw))
	path := filepath.Join(dir, "proxy.cfg")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(context.Background(), "kamailio", "-f", path, "-DD", "-E", "-m", "32", "-M", "4", "-Y", dir, "-w", dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its children too
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("kamailio says\n%s", out.String())
		}
	})
	k.await(t)
	return k
}

// await asks until the proxy answers.
func (k kamailio) await(t *testing.T) {
	t.Helper()
	p := newPeer(t, k.carrier)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		p.send(p.message("OPTIONS", "up", "up", "", "", ""))
		if strings.HasPrefix(p.receive(100*time.Millisecond), "SIP/2.0 200") {
			return
		}
	}
	t.Fatal("kamailio does not answer")
}

// A proxy with a socket on each side records two routes. Every request within
// the dialog must take both, in order, whoever sends it.
func TestKamailioRecordsTwoRoutes(t *testing.T) {
	t.Parallel()
	hangUp := func(ctx context.Context, in *Inbound) {
		pickUp(ctx, in)
		_ = in.Hangup(ctx, contact.AgentEnded)
	}
	ring := func(ctx context.Context, in *Inbound) { _ = in.Ring(ctx) }
	tests := map[string]struct {
		scenario, what string
		serve          func(context.Context, *Inbound)
		want           contact.Cause
	}{
		"their BYE":     {"uac_basic", "call and BYE of the carrier's: answered", pickUp, contact.CitizenEnded},
		"our BYE":       {"uac_recv_bye", "our BYE: arrives", hangUp, contact.AgentEnded},
		"re-INVITEs":    {"uac_hold", "hold and retrieve by re-INVITE and UPDATE: answered, our late offer too", pickUp, contact.CitizenEnded},
		"our UPDATE":    {"uac_timer", "our refreshes by UPDATE: arrive", pickUp, contact.CitizenEnded},
		"our re-INVITE": {"uac_timer_invite", "our refreshes by re-INVITE, with their ACKs: arrive", pickUp, contact.CitizenEnded},
		"CANCEL":        {"uac_cancel", "CANCEL: 487", ring, contact.CitizenEnded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Tried(t, gatewaytest.PeerKamailio, "RFC 3261 §12.1.1", "two Record-Routes in front of us; "+tt.what)
			n := startNode(t, tt.serve, timed)
			k := startKamailio(t, n)
			sipp(t, tt.scenario, k.carrier, "-m", "1")
			n.wantEnded(t, tt.want)
			if in := n.call(t); len(in.dialog.routes) != 2 { // the call is over: nobody touches it
				t.Errorf("the dialog has the routes %v", in.dialog.routes)
			}
		})
	}
}

// Our own call through the proxy: the route set is the reverse of what it
// recorded.
func TestKamailioBehindOurCall(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerKamailio, "RFC 3261 §12.1.2", "our call through two Record-Routes: ACK and BYE take them in reverse")
	n := startNode(t, nil)
	k := startKamailio(t, n)
	n.border.trunks[0].outbound = k.house.String()
	p := newPeer(t, n.Addrs().UDP)
	leg, err := n.Dial(t.Context(), DialRequest{Trunk: "carrier", To: "sip:1@" + p.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	p.to = k.carrier
	invite := p.expect("INVITE ")
	l := p.called(invite)
	record := copied(invite, "Record-Route:")
	if strings.Count(record, "Record-Route:") != 2 {
		t.Fatalf("kamailio recorded\n%s", record)
	}
	l.take(invite, "180", record, "")
	l.take(invite, "200", record, someSDP)
	l.expect("ACK ", "tag=callee")
	events(t, leg)(gateway.LegAnswered)
	go func() { _ = leg.Hangup(t.Context(), contact.AgentEnded) }()
	l.take(l.expect("BYE ", "tag=callee"), "200", "", "")
	events(t, leg)(gateway.LegGone)
}
