package sip

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
	"hotline/media/rtp"
)

// node is a Gateway under test with what became of its calls.
type node struct {
	*Gateway

	calls chan *Inbound
	ended chan contact.Cause
}

// startNode starts a Gateway on free ports whose trunk is the loopback
// network; serve is the house.
func startNode(t *testing.T, serve func(context.Context, *Inbound), change ...func(*Options)) *node {
	t.Helper()
	ports := gatewaytest.NewPorts(t, rtp.Config{Address: netip.MustParseAddr("127.0.0.1"), Silence: time.Minute})
	n := &node{calls: make(chan *Inbound, 1000), ended: make(chan contact.Cause, 1000)}
	o := Options{
		Config: Config{
			UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", AreaCode: "010",
			Trunks: []Trunk{{Name: "carrier", Addresses: []string{"127.0.0.1"}, Media: []string{"127.0.0.0/8"}}},
		},
		Ports: ports, Log: testLog(t),
		OnCall: func(in gateway.Inbound) { n.serve(t.Context(), in.(*Inbound), serve) },
	}
	for _, f := range change {
		f(&o)
	}
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	n.Gateway = g
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.border.speakers.prove(netip.MustParseAddr("127.0.0.1")) // as after its first call
	t.Cleanup(func() { n.stop(t, ports) })
	return n
}

func (n *node) stop(t *testing.T, ports *rtp.Ports) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		t.Error(err)
	}
	ports.Close()
}

func (n *node) serve(ctx context.Context, in *Inbound, house func(context.Context, *Inbound)) {
	n.calls <- in
	go func() {
		for e := range in.Events() {
			if e.Kind == gateway.LegGone {
				n.ended <- e.Cause
			}
		}
	}()
	house(ctx, in)
}

// pickUp is a house that rings and answers.
func pickUp(ctx context.Context, in *Inbound) {
	if in.Ring(ctx) == nil {
		_ = in.Answer(ctx)
	}
}

func (n *node) call(t *testing.T) *Inbound {
	t.Helper()
	select {
	case in := <-n.calls:
		return in
	case <-time.After(10 * time.Second):
		t.Fatal("no call arrived")
		return nil
	}
}

func (n *node) wantEnded(t *testing.T, want contact.Cause) {
	t.Helper()
	select {
	case got := <-n.ended:
		if got != want {
			t.Errorf("the call ended with %s, want %s", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("the call has not ended")
	}
}

// sipp plays a scenario against addr (empty: it waits for calls) and returns
// its exit code and what it printed.
func sipp(t *testing.T, scenario string, addr netip.AddrPort, args ...string) {
	t.Helper()
	cmd := sippCommand(t, scenario, addr, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("sipp %s: %v\n%s\n%s", scenario, err, tail(out), sippErrors(cmd.Dir))
	}
}

func sippCommand(t *testing.T, scenario string, addr netip.AddrPort, args ...string) *exec.Cmd {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{
		"-sf", file, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", strconv.Itoa(gatewaytest.FreePort(t)), "-mp", strconv.Itoa(gatewaytest.FreePort(t)),
		"-s", "12345", "-nostdin", "-timeout", "30s", "-timeout_error", "-trace_err",
	}, args...)
	if addr.IsValid() {
		args = append(args, addr.String())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sipp", args...)
	cmd.Dir = t.TempDir()
	return cmd
}

func sippErrors(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*errors.log"))
	var all []byte
	for _, f := range files {
		b, _ := os.ReadFile(f)
		all = append(all, b...)
	}
	return string(all)
}

func tail(b []byte) []byte { return b[max(0, len(b)-1500):] }

func TestSIPpBasicCall(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	sipp(t, "uac_basic", n.Addrs().UDP, "-m", "1")
	n.wantEnded(t, contact.CitizenEnded)
	in := n.call(t)
	want := gateway.Arrival{Trunk: "carrier", Called: "12345", Caller: contact.NewAddress("+8613812345678")}
	if in.Arrival() != want {
		t.Errorf("arrival %+v, want %+v", in.Arrival(), want)
	}
}
