package sip

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"golang.org/x/net/bpf"
	"pgregory.net/rapid"
)

func borderOf(t testing.TB, sources ...string) *border {
	t.Helper()
	c := Config{Trunks: []Trunk{{Name: "carrier", Addresses: sources, Media: []string{"127.0.0.0/8"}}}}
	trunks, err := c.trunks()
	if err != nil {
		t.Fatal(err)
	}
	return newBorder(trunks, newMetrics(prometheus.NewRegistry()))
}

// The kernel's filter lets in exactly the addresses that the border does.
func TestTheKernelAgreesWithTheBorder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v6 := rapid.Bool().Draw(r, "v6")
		address := addresses(v6)
		b := borderOf(t)
		b.trunks = []*trunk{{name: "carrier"}}
		for range rapid.IntRange(0, 12).Draw(r, "ranges") {
			a := address.Draw(r, "range")
			p := netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(r, "bits")).Masked()
			b.trunks[0].sources = append(b.trunks[0].sources, source{network: p})
		}
		for range rapid.IntRange(0, 5).Draw(r, "guests") {
			b.admit(address.Draw(r, "guest"), &trunk{name: "direct"})
		}
		vm, err := bpf.NewVM(kernelProgram(b.allowed(), v6, 0))
		if err != nil {
			r.Fatal(err)
		}
		for range 20 {
			from := address.Draw(r, "from")
			n, err := vm.Run(ipHeader(from))
			if err != nil {
				r.Fatal(err)
			}
			if in := b.trunkOf(netip.AddrPortFrom(from, 5060)) != nil; in != (n > 0) {
				r.Errorf("%v: the border says %v, the kernel %d", from, in, n)
			}
		}
	})
}

// addresses lie close together, so that ranges matter.
func addresses(v6 bool) *rapid.Generator[netip.Addr] {
	return rapid.Custom(func(r *rapid.T) netip.Addr {
		near := rapid.SampledFrom([]byte{0, 1, 2, 127, 128, 255})
		if !v6 {
			return netip.AddrFrom4([4]byte{near.Draw(r, "a"), near.Draw(r, "b"), near.Draw(r, "c"), near.Draw(r, "d")})
		}
		a := [16]byte{0x20, 0x01}
		for i := 2; i < len(a); i++ {
			a[i] = near.Draw(r, "e")
		}
		return netip.AddrFrom16(a)
	})
}

// ipHeader is what the filter looks at of a datagram.
func ipHeader(from netip.Addr) []byte {
	if from.Is4() {
		return append(append(make([]byte, 12), from.AsSlice()...), make([]byte, 12)...)
	}
	return append(append(make([]byte, 8), from.AsSlice()...), make([]byte, 24)...)
}

func TestKernelProgramHasABound(t *testing.T) {
	t.Parallel()
	var many []netip.Prefix
	for i := range 2000 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 32))
	}
	if p := kernelProgram(many, false, networkHeader); p != nil {
		t.Errorf("%d instructions: the kernel takes %d", len(p), maxProgram)
	}
}

// In the kernel itself: what a stranger sends is counted there and read by
// nobody; a guest is heard from the moment on that he is called.
func TestTheKernelDropsStrangers(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].Addresses = []string{"127.0.0.1"} })
	stranger := newPeerAt(t, n.Addrs().UDP, corner(t.Name(), 0).String())
	for range 50 {
		stranger.send(stranger.message("OPTIONS", "s", "s", "", "", ""))
	}
	n.wantAlive(t, "after")
	if runtime.GOOS == "linux" {
		if got := n.metrics.kernelDrops(); got != 50 {
			t.Errorf("the kernel dropped %.0f, want 50", got)
		}
	}
	leg, err := n.Dial(t.Context(), DialRequest{To: "sip:1@" + stranger.conn.LocalAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	invite := stranger.expect("INVITE ")
	if !strings.Contains(stranger.exchange("OPTIONS"), "SIP/2.0 200") {
		t.Error("the called is not heard")
	}
	stranger.answer(invite, "x")
	stranger.expect("ACK ")
	go func() { _ = leg.Hangup(t.Context(), 0) }()
	stranger.reply(stranger.expect("BYE "))
	<-leg.gone
	<-n.chores.idle() // his answer to our BYE was still awaited
	if m := stranger.exchange("OPTIONS"); m != "" {
		t.Errorf("after the call the called is a stranger again, and got %q", m)
	}
}

// Two calls to one host: the end of the first does not make the host a stranger
// to the second.
func TestAGuestStaysForEachOfHisCalls(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].Addresses = []string{"127.0.0.1"} })
	guest := netip.AddrPortFrom(corner(t.Name(), 0), 5060)
	prepare := func() *call {
		t.Helper()
		c, err := n.prepare(t.Context(), DialRequest{To: "sip:1@" + guest.String()})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, second := prepare(), prepare()
	first.abandon()
	if got := n.border.trunkOf(guest); got == nil || got != second.trunk {
		t.Errorf("after the first call the second's host speaks for %v", got)
	}
	second.abandon()
	if got := n.border.trunkOf(guest); got != nil {
		t.Errorf("after all calls their host still speaks for %v", got)
	}
}

// exchange sends a request and returns the next message.
func (p *peer) exchange(method string) string {
	p.send(p.message(method, "exchange", "exchange", "", "", ""))
	return p.receive(300 * time.Millisecond)
}

func TestStrangersCostNoAllocation(t *testing.T) {
	b := borderOf(t, "192.0.2.1", "198.51.100.0/24", "2001:db8::/32")
	stranger := netip.MustParseAddrPort("203.0.113.9:5060")
	known := netip.MustParseAddrPort("192.0.2.1:5060")
	b.lets(known)
	if n := testing.AllocsPerRun(1000, func() { b.lets(stranger); b.lets(known) }); n > 0 {
		t.Errorf("%v allocations a datagram", n)
	}
}

func BenchmarkStranger(b *testing.B) {
	at := borderOf(b, "192.0.2.1", "198.51.100.0/24")
	stranger := netip.MustParseAddrPort("203.0.113.9:5060")
	for b.Loop() {
		at.lets(stranger)
	}
}

func TestBucket(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	tests := map[string]struct {
		rate, burst float64
		asks        int           // at once
		later       time.Duration // and then as many again
		want        [2]int
	}{
		"unlimited":        {0, 0, 50, 0, [2]int{50, 50}},
		"burst":            {10, 5, 8, 0, [2]int{5, 0}},
		"refilled":         {10, 5, 8, 300 * time.Millisecond, [2]int{5, 3}},
		"never above":      {10, 5, 8, time.Hour, [2]int{5, 5}},
		"at least one":     {10, 0, 3, 0, [2]int{1, 0}},
		"the clock is old": {10, 5, 8, -time.Hour, [2]int{5, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bucket
			for i, now := range []time.Time{at, at.Add(tt.later)} {
				got := 0
				for range tt.asks {
					if b.take(tt.rate, tt.burst, now) {
						got++
					}
				}
				if got != tt.want[i] {
					t.Errorf("round %d: %d taken, want %d", i, got, tt.want[i])
				}
			}
		})
	}
}

// What exceeds a trunk's rate is dropped, of that address alone.
func TestRate(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp, func(o *Options) {
		o.Config.Trunks[0].Addresses = []string{"127.0.0.0/8"}
		o.Config.Trunks[0].Rate, o.Config.Trunks[0].Burst = 1, 20
	})
	p := newPeerAt(t, n.Addrs().UDP, corner(t.Name(), 0).String())
	for i := range 60 {
		p.send(p.message("OPTIONS", fmt.Sprint("r", i), fmt.Sprint("r", i), "", "", ""))
	}
	got := 0
	for p.receive(500*time.Millisecond) != "" {
		got++
	}
	if got < 20 || got > 22 {
		t.Errorf("%d of 60 were answered, want 20", got)
	}
	n.wantDropped(t, droppedRate, 38)
	other := newPeerAt(t, n.Addrs().UDP, corner(t.Name(), 1).String())
	other.send(other.message("OPTIONS", "o", "o", "", "", ""))
	other.expect("SIP/2.0 200")
}

func (n *node) wantDropped(t *testing.T, why string, atLeast float64) {
	t.Helper()
	if got := valueOf(t, n.metrics.dropped.WithLabelValues(why)); got < atLeast {
		t.Errorf("%v dropped for %s, want %v", got, why, atLeast)
	}
}

// Beyond a trunk's new calls a second, 503 with Retry-After, and nothing is
// kept of it.
func TestNewCallsASecond(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].CPS = 3 })
	p := newPeer(t, n.Addrs().UDP)
	got := map[string]int{}
	for i := range 12 {
		p.invite(fmt.Sprint("cps", i), "")
	}
	for range 12 {
		id := header(p.expectFinal(), "Call-ID")
		got[id]++
	}
	if len(got) != 12 {
		t.Errorf("%d INVITEs were answered", len(got))
	}
	if began := len(n.calls); began < 3 || began > 4 {
		t.Errorf("%d calls began, want 3", began)
	}
	if refused := valueOf(t, n.metrics.answered.WithLabelValues("INVITE", "503")); refused < 8 {
		t.Errorf("%v were refused", refused)
	}
	for range len(n.calls) {
		in := n.call(t)
		tag := string(in.ID())
		p.send(p.message("ACK", in.names.callID, in.names.callID+"ack", tag, "", ""))
		p.send(p.message("BYE", in.names.callID, in.names.callID+"bye", tag, "", ""))
		<-in.gone
	}
}

// expectFinal waits for a final answer to an INVITE that was not yet seen; a
// refusal must say when to come back.
func (p *peer) expectFinal() string {
	p.t.Helper()
	for {
		m := p.receive(5 * time.Second)
		if m == "" {
			p.t.Fatal("no final answer")
		}
		if strings.HasPrefix(m, "SIP/2.0 1") || !strings.Contains(m, " INVITE\r\n") {
			continue
		}
		if strings.HasPrefix(m, "SIP/2.0 503") && !strings.Contains(m, "Retry-After: ") {
			p.t.Errorf("503 without Retry-After: %s", m)
		}
		return m
	}
}

// 40,000 addresses, twice: strangers are not remembered at all, and of a
// trunk's addresses only the latest.
func TestFortyThousandSources(t *testing.T) { //nolint:paralleltest // it measures memory
	n := startNode(t, pickUp, func(o *Options) { o.Config.Trunks[0].Addresses = []string{"127.0.0.1", "127.1.0.0/16"} })
	s := n.socket
	wave := func(net byte) {
		for i := range 40000 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, net, byte(i >> 8), byte(i)}), uint16(1024+i%30000))
			if s.passes(from, []byte("OPTIONS sip:x SIP/2.0\r\nCall-ID: "+fmt.Sprint(i)+"\r\n\r\n")) {
				s.meet(from)
			}
		}
	}
	wave(1) // of the trunk
	first := heap()
	wave(1)
	wave(2) // strangers
	if grown := int64(heap()) - int64(first); grown > 10<<20 {
		t.Errorf("the second wave added %d octets", grown)
	}
	if left := len(n.border.speakers.young) + len(n.border.speakers.old); left > 2*maxSpeakers {
		t.Errorf("%d addresses are remembered", left)
	}
	if left := s.pool.Size(); left > 2*maxSources+2 {
		t.Errorf("the stack's pool holds %d", left)
	}
	n.wantDropped(t, droppedStranger, 40000)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// More sources than one generation holds: the reader starts anew, nothing is
// lost, and our own requests still find the socket.
func TestTheReaderStartsAnew(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	talk := newPeer(t, n.Addrs().UDP)
	talk.invite("through", "")
	tag := toTag(talk.expect("SIP/2.0 200"))
	talk.send(talk.message("ACK", "through", "throughack", tag, "", ""))
	in := n.call(t)
	for range 2 {
		n.socket.mu.Lock()
		for i := range maxSources {
			n.socket.young[netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 5060)] = struct{}{}
		}
		n.socket.mu.Unlock()
		n.wantAlive(t, "anew") // the datagram that was one too many
	}
	go func() { _ = in.Hangup(t.Context(), 0) }()
	talk.reply(talk.expect("BYE "))
	<-in.gone
}

// A request that waits keeps its worker; beyond them nothing piles up.
func TestWorkersAreBounded(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	p := newPeer(t, n.Addrs().UDP)
	for range maxWorkers {
		n.border.enter()
	}
	before := runtime.NumGoroutine()
	for i := range 200 {
		p.send(p.message("CANCEL", fmt.Sprint("w", i), fmt.Sprint("w", i), "", "", "")) // each waits for its INVITE
	}
	p.invite("toomany", "")
	p.expect("SIP/2.0 503", "Retry-After: ")
	if after := runtime.NumGoroutine(); after > before+100 {
		t.Errorf("%d goroutines more", after-before)
	}
	n.wantDropped(t, droppedBusy, 1)
	for range maxWorkers {
		n.border.leave()
	}
	n.wantAlive(t, "again")
}

// A peer that sends one octet now and then is closed at its deadline, and does
// not keep others.
func TestSlowStreams(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	for _, l := range n.listeners {
		if g, ok := l.(*gate); ok {
			g.limit = 200 * time.Millisecond // nobody has connected yet
		}
	}
	c := dialTCP(t, n.Addrs().TCP)
	if _, err := c.Write([]byte("OPTIONS sip:x SIP/2.0\r\nVia")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("a stalled connection was kept: %v", err)
	}
	n.wantDropped(t, droppedStall, 1)
	n.wantAlive(t, "slow")
}

func TestIdleStreamsAreBounded(t *testing.T) {
	t.Parallel()
	n := startNode(t, pickUp)
	var open []net.Conn
	for range maxTCP {
		open = append(open, dialTCP(t, n.Addrs().TCP))
	}
	c := dialTCP(t, n.Addrs().TCP)
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("one more than %d was kept: %v", len(open), err)
	}
	n.wantDropped(t, droppedFull, 1)
	n.wantAlive(t, "idle")
}

func TestAccountPays(t *testing.T) {
	t.Parallel()
	ok, again := []byte("SIP/2.0 200 OK\r\n"+strings.Repeat("x", 100)), []byte("BYE sip:x SIP/2.0\r\n")
	a := account{in: 60}
	for i, want := range []bool{true, false, false} {
		if got := a.pays(ok); got != want {
			t.Errorf("answer %d: %v", i, got)
		}
	}
	if !a.pays(again) {
		t.Error("a small request within the bound was held back")
	}
	a.in += 1000
	if !a.pays(ok) {
		t.Error("who asked again got nothing")
	}
}

func TestDropReasonsExistFromTheStart(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	newMetrics(reg)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "hotline_gateway_sip_dropped_total" && len(f.GetMetric()) == len(dropReasons()) {
			return
		}
	}
	t.Error("a reason is missing")
}

func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var v dto.Metric
	if err := m.Write(&v); err != nil {
		t.Fatal(err)
	}
	return v.GetCounter().GetValue()
}

// The order in which a forger rotates addresses does not matter: whoever is
// forgotten has to prove itself anew.
func TestSpeakersForgetTheOldest(t *testing.T) {
	t.Parallel()
	s := newSpeakers(time.Now)
	first := netip.MustParseAddr("192.0.2.1")
	s.prove(first)
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 * maxSpeakers {
		s.take(netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}), limits{})
	}
	if s.proven(first) {
		t.Error("remembered for ever")
	}
}
