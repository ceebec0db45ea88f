package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/tone"
	"hotline/node"
)

// The tones of the talk, and the one that must not be heard in it.
const (
	citizenHz  = 600.0
	agentHz    = 1004.0
	attackerHz = 1400.0
)

// TestInjectedMedia: while a citizen and an agent talk, and already before, others
// who know the node's audio port send audio to it, from another address and from
// the citizen's own, with the numbers of the citizen's stream, and RTCP farewells.
// Nobody hears them, they hear nobody, and the talk is what it would have been
// (CVE-2025-53399 let them in elsewhere).
func TestInjectedMedia(t *testing.T) {
	tests := map[string]struct {
		peer  gatewaytest.Peer // of the citizen, or whose bytes the attackers' are
		start func(*city, *mob) talker
	}{
		"baresip":                 {gatewaytest.PeerBaresip, (*city).baresipTalks},
		"with the citizen's SSRC": {gatewaytest.PeerRawSockets, (*city).phoneTalks},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Tried(t, tt.peer, "RFC 3550 §9, RTP injection and bleed",
				"strangers send RTP and RTCP BYE to a call's ports before and during it, also with its SSRC: not heard, nothing sent to them, the call untouched")
			gatewaytest.Tried(t, tt.peer, "RFC 3550 §6.4", "a talk with reports in both directions: they are read, its farewell ends nothing")
			port := gatewaytest.FreePort(t)
			c := startCity(t, func(cfg *node.Config) {
				cfg.Lines[0].Greeting = ""
				cfg.RTP.PortMin, cfg.RTP.PortMax = uint16(port), uint16(port+1)
			})
			heard := make(chan []int16, 1)
			agent := c.agent(headless.Options{
				Account: "1001", AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond,
				Play:  prompt.Tone(agentHz, time.Second, 0.3).Linear(),
				Heard: func(_ headless.Report, samples []int16) { heard <- samples },
			})
			attack := startMob(t, port)
			citizen := tt.start(c, attack)
			c.await(c.supervisor(), "of the talk", func(r record) bool { return !r.Connected.IsZero() })
			attack.more(250) // five seconds
			c.reported()
			said := citizen.hangUp()
			c.unharmed(c.report(agent), <-heard, said)
			attack.mustHaveHeardNothing()
			c.nothingRead()
		})
	}
}

// talker is a citizen in a call; hangUp returns what the citizen heard.
type talker interface{ hangUp() []int16 }

type baresipCitizen struct{ *gatewaytest.Baresip }

func (b baresipCitizen) hangUp() []int16 { return b.Heard() }

func (c *city) baresipTalks(*mob) talker {
	return baresipCitizen{gatewaytest.StartBaresip(c.t, c.dial("12345"), "13812345678", citizenHz)}
}

type phoneCitizen struct {
	t     *testing.T
	phone *phone.Phone
	call  *phone.Call
}

// phoneTalks calls with our own phone, whose SSRC the attackers learn.
func (c *city) phoneTalks(m *mob) talker {
	c.t.Helper()
	p, err := phone.New(c.t.Context(), c.dial("12345"), slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	call, err := p.Place(c.t.Context(), phone.Options{
		Target: c.dial("12345"), From: "13812345678", Play: prompt.Tone(citizenHz, time.Second, 0.3), Record: true,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	select {
	case <-call.Answered():
	case <-time.After(patience):
		c.t.Fatal("not answered")
	}
	m.ssrc.Store(call.Report().SSRC)
	return &phoneCitizen{c.t, p, call}
}

func (p *phoneCitizen) hangUp() []int16 {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.call.Hangup(ctx); err != nil {
		p.t.Error(err)
	}
	r, err := p.call.Wait(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.phone.Close(ctx); err != nil {
		p.t.Error(err)
	}
	return r.Heard.Linear()
}

// unharmed says that both heard each other to the end, and no third tone.
func (c *city) unharmed(r headless.Report, agentHeard, citizenHeard []int16) {
	c.t.Helper()
	if r.Cause != "citizen_ended" || math.Abs(r.HeardHz-citizenHz) > 5 || r.Lost*50 > r.Packets {
		c.t.Errorf("the agent reports %+v", r)
	}
	hearsOnly(c.t, "the agent", agentHeard, citizenHz)
	hearsOnly(c.t, "the citizen", citizenHeard, agentHz)
}

// hearsOnly looks at half a second at a time: the tone must be there in eight or
// more, the attackers' in none.
func hearsOnly(t *testing.T, who string, heard []int16, hz float64) {
	t.Helper()
	const window = media.SampleRate / 2
	good, all := 0, 0
	for part := range slices.Chunk(heard, window) {
		if len(part) < window {
			continue
		}
		all++
		if tone.Hears(part, hz) {
			good++
		}
		if alien := tone.Goertzel(part, media.SampleRate, attackerHz); tone.Hears(part, attackerHz) || alien > 1e-5 {
			t.Errorf("%s heard the attackers in half second %d, at a power of %.2g", who, all, alien)
		}
	}
	if good < 8 {
		t.Errorf("%s heard %.0f Hz in %d of %d half seconds, want 8 or more", who, hz, good, all)
	}
	t.Logf("%s heard %.0f Hz in %d of %d half seconds", who, hz, good, all)
}

// metric reads one of the node's counters.
func (c *city) metric(name string) float64 {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, fmt.Sprintf("http://%s/metrics", c.at.Admin), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n"+name+" ")
	line, _, _ := strings.Cut(after, "\n")
	value, err := strconv.ParseFloat(line, 64)
	if err != nil {
		c.t.Fatalf("metric %s: %v", name, err)
	}
	return value
}

// reported waits until the citizen's phone has told what it received.
func (c *city) reported() {
	c.t.Helper()
	late := time.After(patience)
	for every := time.NewTicker(50 * time.Millisecond); c.metric("hotline_rtcp_reports_total") == 0; {
		select {
		case <-every.C:
		case <-late:
			c.t.Fatal("no report (RTCP) of the citizen's phone")
		}
	}
}

// nothingRead: what strangers send is dropped before the node reads it.
func (c *city) nothingRead() {
	c.t.Helper()
	for _, name := range []string{"hotline_rtp_packets_ignored_total", "hotline_rtp_packets_flooded_total", "hotline_rtcp_malformed_total"} {
		if n := c.metric(name); n != 0 {
			c.t.Errorf("%s is %v, want 0", name, n)
		}
	}
}

// mob is the attackers: one on another address, one on the citizen's.
type mob struct {
	t        *testing.T
	conns    []*net.UDPConn
	to       netip.AddrPort
	ssrc     atomic.Uint32
	sent     chan struct{} // one for each round
	bled     atomic.Int64  // octets that they received
	stop     chan struct{}
	attacker sync.WaitGroup
}

// startMob attacks a port, which may not be bound yet, until the end of the test.
func startMob(t *testing.T, port int) *mob {
	t.Helper()
	m := &mob{
		t: t, to: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)),
		sent: make(chan struct{}), stop: make(chan struct{}),
	}
	m.ssrc.Store(0x5eed)
	for _, at := range []string{"127.0.0.9:0", "127.0.0.1:0"} {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(at)))
		if err != nil {
			t.Fatal(err)
		}
		m.conns = append(m.conns, conn)
		m.attacker.Go(func() { m.listen(conn) })
	}
	m.attacker.Go(m.attack)
	t.Cleanup(m.end)
	return m
}

func (m *mob) end() {
	close(m.stop)
	for _, conn := range m.conns {
		_ = conn.Close()
	}
	m.attacker.Wait()
}

// more lets n further rounds pass.
func (m *mob) more(n int) {
	m.t.Helper()
	late := time.After(patience)
	for range n {
		select {
		case <-m.sent:
		case <-late:
			m.t.Fatal("the attackers are held up")
		}
	}
}

func (m *mob) listen(conn *net.UDPConn) {
	b := make([]byte, media.MaxDatagram)
	for {
		n, err := conn.Read(b)
		select {
		case <-m.stop:
			return
		default:
		}
		if err == nil { // errors: the port is not there yet
			m.bled.Add(int64(n) + 1)
		}
	}
}

// attack sends a frame of both attackers' tone each 20 ms, and a farewell.
func (m *mob) attack() {
	alaw := prompt.Tone(attackerHz, time.Second, 0.5).AppendALaw(nil)
	every := time.NewTicker(media.FrameDuration)
	defer every.Stop()
	h := media.Header{PayloadType: media.PayloadPCMA, Sequence: 1}
	for round := 0; ; round++ {
		select {
		case <-m.stop:
			return
		case <-every.C:
		}
		h.SSRC = m.ssrc.Load()
		h.Sequence++
		h.Timestamp += media.FrameSamples
		at := round * media.FrameSamples % (len(alaw) - media.FrameSamples)
		m.round(h, alaw[at:at+media.FrameSamples])
		select {
		case m.sent <- struct{}{}:
		default:
		}
	}
}

func (m *mob) round(h media.Header, payload []byte) {
	audio := make([]byte, media.HeaderSize, media.HeaderSize+len(payload))
	h.Put(audio)
	audio = append(audio, payload...)
	bye := []byte{0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 203, 0, 1, 0, 0, 0, 0}
	for i := range 4 { // the SSRC, twice
		bye[4+i], bye[12+i] = byte(h.SSRC>>(24-8*i)), byte(h.SSRC>>(24-8*i))
	}
	control := netip.AddrPortFrom(m.to.Addr(), m.to.Port()+1)
	for _, conn := range m.conns {
		_, _ = conn.WriteToUDPAddrPort(audio, m.to) // refused while the port is not there
		_, _ = conn.WriteToUDPAddrPort(bye, m.to)
		_, _ = conn.WriteToUDPAddrPort(bye, control)
	}
}

func (m *mob) mustHaveHeardNothing() {
	m.t.Helper()
	if n := m.bled.Load(); n > 0 {
		m.t.Errorf("the attackers received %d octets", n)
	}
}

// TestPortsUsedUp: a call for which there is no audio port is refused before it
// is answered; once the other one is over, and its port has rested, there is one.
func TestPortsUsedUp(t *testing.T) {
	port := gatewaytest.FreePort(t)
	c := startCity(t, func(cfg *node.Config) {
		cfg.RTP.PortMin, cfg.RTP.PortMax, cfg.RTP.Quarantine = uint16(port), uint16(port+1), 100*time.Millisecond
	})
	first := (*city).phoneTalks(c, &mob{})
	if r := c.call(phone.Options{Target: c.dial("12345"), HangupAfter: time.Millisecond}); r.Status != 503 || !r.Answered.IsZero() {
		t.Errorf("the second call: status %d, answered %v; want 503", r.Status, r.Answered)
	}
	first.hangUp()
	for late := time.Now().Add(patience); ; {
		r := c.call(phone.Options{Target: c.dial("12345"), HangupAfter: time.Millisecond})
		if r.Status == 200 {
			break
		}
		if r.Status != 503 || time.Now().After(late) {
			t.Fatalf("status %d after the port was free", r.Status)
		}
	}
	if n := c.metric("hotline_rtp_ports_exhausted_total"); n < 1 {
		t.Errorf("%v calls counted that found no port", n)
	}
}
