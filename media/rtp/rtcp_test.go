package rtp

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"hotline/media"
)

const ours = 0x11223344

// marshal lets another library write the packets.
func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseRTCP(t *testing.T) {
	t.Parallel()
	about := rtcp.ReceptionReport{SSRC: ours, FractionLost: 3, TotalLost: 70000, LastSequenceNumber: 9, Jitter: 16, LastSenderReport: 5, Delay: 6}
	other := rtcp.ReceptionReport{SSRC: 99, TotalLost: 1}
	block := block{ours, 3, 70000, 9, 16, 5, 6}
	name := rtcp.NewCNAMESourceDescription(7, "who@where")
	tests := map[string]struct {
		bytes []byte
		want  compound
	}{
		"sender report": {
			marshal(t, &rtcp.SenderReport{SSRC: 7, NTPTime: 0x1111222233334444, Reports: []rtcp.ReceptionReport{about}}, name),
			compound{report: true, ssrc: 7, sender: true, ntp: 0x22223333, about: block},
		},
		"receiver report":    {marshal(t, &rtcp.ReceiverReport{SSRC: 7, Reports: []rtcp.ReceptionReport{other, about}}, name), compound{report: true, ssrc: 7, about: block}},
		"about others":       {marshal(t, &rtcp.ReceiverReport{SSRC: 7, Reports: []rtcp.ReceptionReport{other}}), compound{report: true, ssrc: 7}},
		"nothing to tell":    {marshal(t, &rtcp.ReceiverReport{SSRC: 7}, name), compound{report: true, ssrc: 7}},
		"farewell":           {marshal(t, &rtcp.ReceiverReport{SSRC: 7}, &rtcp.Goodbye{Sources: []uint32{7}, Reason: "bye"}), compound{report: true, ssrc: 7, bye: true}},
		"of unknown kind":    {append(marshal(t, &rtcp.ReceiverReport{SSRC: 7}), 0x80, 210, 0, 1, 1, 2, 3, 4), compound{report: true, ssrc: 7}},
		"padded at the end":  {append(marshal(t, &rtcp.ReceiverReport{SSRC: 7}), 0xa1, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4), compound{report: true, ssrc: 7, bye: true}},
		"profile extensions": {marshal(t, &rtcp.ReceiverReport{SSRC: 7, ProfileExtensions: []byte{1, 2, 3, 4}}), compound{report: true, ssrc: 7}},
		// As baresip 1.0 sends them.
		"a firewall's opener": {[]byte("\x80\xcc\x00\x03\xbc\xc3\x72\xc6PINGPONG"), compound{}},
		"a farewell alone":    {[]byte("\x81\xcb\x00\x03\xbc\xc3\x72\xc6\x04Adjo\x00\x00\x00"), compound{bye: true}},
		"more than it sent": {
			[]byte{0x81, 201, 0, 7, 0, 0, 0, 7, 0x11, 0x22, 0x33, 0x44, 0, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
			compound{report: true, ssrc: 7, about: blockOf(ours, -1)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseRTCP(tt.bytes, ours); err != nil || got != tt.want {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func blockOf(ssrc uint32, lost int32) block { return block{ssrc: ssrc, lost: lost} }

func TestParseRTCPRefuses(t *testing.T) {
	t.Parallel()
	report := marshal(t, &rtcp.ReceiverReport{SSRC: 7})
	tests := map[string][]byte{
		"nothing":              nil,
		"a header alone":       {0x80, 201, 0, 0},
		"version 1":            {0x40, 201, 0, 1, 0, 0, 0, 7},
		"padded at the start":  {0xa0, 201, 0, 1, 0, 0, 0, 7, 0x80, 203, 0, 0},
		"cut short":            report[:6],
		"longer than it is":    {0x80, 201, 0, 9, 0, 0, 0, 7},
		"a tail":               append(slices.Clip(report), 1, 2),
		"another version then": append(slices.Clip(report), 0x40, 203, 0, 0),
		"padded in between":    append(slices.Clip(report), 0xa0, 203, 0, 0, 0x80, 203, 0, 0),
		"fewer blocks":         {0x85, 201, 0, 1, 0, 0, 0, 7},
		"a sender without":     {0x80, 200, 0, 1, 0, 0, 0, 7},
		"RTP":                  {0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xd5},
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := parseRTCP(b, ours); err == nil {
				t.Errorf("took %+v", got)
			}
		})
	}
}

// What we write, another library reads.
func TestOthersReadOurReports(t *testing.T) {
	t.Parallel()
	about := block{ssrc: 9, fraction: 255, lost: 1<<23 - 1, highest: 1<<16 | 3, jitter: 80, lastSR: 0xaabbccdd, delay: 1 << 16}
	for _, s := range []*sender{nil, {ntp: 1<<63 | 5, timestamp: 6, packets: 7, octets: 8}} {
		for _, a := range []block{{}, about} {
			for _, name := range []string{"", "a", "ab", "abc", "abcd", strings.Repeat("x", 26)} {
				readOurs(t, s, a, name)
			}
		}
	}
}

func readOurs(t *testing.T, s *sender, a block, name string) {
	t.Helper()
	b := appendBye(appendName(appendReport(nil, ours, s, a), ours, name), ours)
	var c rtcp.CompoundPacket
	if err := c.Unmarshal(b); err != nil {
		t.Fatalf("%v: % x", err, b)
	}
	if err := c.Validate(); err != nil {
		t.Fatalf("%v: %v", err, c)
	}
	if got, err := c.CNAME(); err != nil || got != name {
		t.Errorf("name %q, %v", got, err)
	}
	var blocks []rtcp.ReceptionReport
	switch p := c[0].(type) {
	case *rtcp.SenderReport:
		if s == nil || p.SSRC != ours || p.NTPTime != s.ntp || p.RTPTime != s.timestamp || p.PacketCount != s.packets || p.OctetCount != s.octets {
			t.Errorf("%+v of %+v", p, s)
		}
		blocks = p.Reports
	case *rtcp.ReceiverReport:
		if s != nil || p.SSRC != ours {
			t.Errorf("%+v of %+v", p, s)
		}
		blocks = p.Reports
	}
	if a.ssrc == 0 != (len(blocks) == 0) {
		t.Fatalf("%d blocks", len(blocks))
	}
	if a.ssrc != 0 && blocks[0] != (rtcp.ReceptionReport{SSRC: a.ssrc, FractionLost: a.fraction, TotalLost: uint32(a.lost), LastSequenceNumber: a.highest, Jitter: a.jitter, LastSenderReport: a.lastSR, Delay: a.delay}) {
		t.Errorf("%+v of %+v", blocks[0], a)
	}
	if back, err := parseRTCP(b, a.ssrc); err != nil || back.about != a || !back.bye || back.sender != (s != nil) {
		t.Errorf("we read %+v, %v", back, err)
	}
}

func TestNTP(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 1, 12, 0, 0, 500_000_000, time.UTC)
	if got := (rtcp.SenderReport{NTPTime: ntpTime(at)}).NTPTime; got>>32 != uint64(at.Unix()+2208988800) || got&0xffffffff != 1<<31 {
		t.Errorf("%x", got)
	}
	if d := ntpDuration(ntpMiddle(at.Add(250*time.Millisecond)) - ntpMiddle(at)); d != 250*time.Millisecond {
		t.Errorf("%v", d)
	}
	if d := ntpDuration(ntpSpan(3 * time.Second)); d != 3*time.Second {
		t.Errorf("%v", d)
	}
}

// controls is a phone's RTCP port, with the audio port below it.
func newReporter(t *testing.T) (audio *phone, control *net.UDPConn) {
	t.Helper()
	for range 100 {
		audio = newPhone(t)
		at := netip.AddrPortFrom(audio.addr().Addr(), audio.addr().Port()+1)
		if conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)); err == nil {
			t.Cleanup(func() { _ = conn.Close() })
			return audio, conn
		}
	}
	t.Fatal("no two ports beside each other")
	return nil, nil
}

func receiveRTCP(t *testing.T, conn *net.UDPConn) rtcp.CompoundPacket {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, media.MaxDatagram)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	var c rtcp.CompoundPacket
	if err := c.Unmarshal(b[:n]); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c
}

func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s", what)
		}
	}
}

// A call with reports in both directions: theirs say what became of our audio,
// ours what became of theirs, and a farewell ends nothing.
func TestReportsBothWays(t *testing.T) {
	t.Parallel()
	s := openSession(t, openPorts(t, local()))
	far, control := newReporter(t)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	bridge(s, s) // an echo
	for i := range 10 {
		if i == 4 {
			far.seq++ // lost on the way
		}
		far.send(s, media.PayloadPCMA, make([]byte, media.FrameSamples))
		far.receive()
	}
	first := receiveRTCP(t, control)
	sr, ok := first[0].(*rtcp.SenderReport)
	if !ok || sr.SSRC != s.Out().SSRC() || sr.PacketCount != 10 || sr.OctetCount != 1600 || len(sr.Reports) != 1 {
		t.Fatalf("%+v", first[0])
	}
	if r := sr.Reports[0]; r.SSRC != 5 || r.TotalLost != 1 || r.FractionLost != 256/11 || r.LastSequenceNumber != 11 {
		t.Errorf("%+v", r)
	}

	delay := time.Second
	answer := &rtcp.SenderReport{SSRC: 5, NTPTime: ntpTime(time.Now()), Reports: []rtcp.ReceptionReport{{
		SSRC: s.Out().SSRC(), TotalLost: 3, Jitter: 40,
		LastSenderReport: ntpMiddle(time.Now().Add(-delay - 100*time.Millisecond)), Delay: ntpSpan(delay),
	}}}
	at := netip.AddrPortFrom(s.LocalAddr().Addr(), uint16(s.LocalPort()+1))
	for _, b := range [][]byte{
		[]byte("not a report"),
		marshal(t, answer, &rtcp.Goodbye{Sources: []uint32{5}}),
	} {
		if _, err := control.WriteToUDPAddrPort(b, at); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "heard", func() bool { return s.Stats().FarLost == 3 })
	got := s.Stats()
	if got.FarJitter != 5*time.Millisecond || got.RoundTrip < 100*time.Millisecond || got.RoundTrip > 5*time.Second {
		t.Errorf("%+v", got)
	}
	m := s.ports.metrics
	if count(t, m.reports) != 1 || count(t, m.byes) != 1 || count(t, m.malformed) != 1 {
		t.Errorf("%v reports, %v byes, %v malformed", count(t, m.reports), count(t, m.byes), count(t, m.malformed))
	}
	far.send(s, media.PayloadPCMA, []byte{1})
	far.receive() // the call goes on

	_ = s.Close()
	last := receiveRTCP(t, control)
	for len(last) < 3 { // a report may have been due in between
		last = receiveRTCP(t, control)
	}
	if bye, ok := last[2].(*rtcp.Goodbye); !ok || bye.Sources[0] != s.Out().SSRC() {
		t.Errorf("the last word: %+v", last)
	}
	if r, ok := last[0].(*rtcp.SenderReport); ok && (len(r.Reports) != 1 || r.Reports[0].LastSenderReport == 0) {
		t.Errorf("%+v", r)
	}
}

// Nobody but the peer reports.
func TestReportsOfStrangersAreNotHeard(t *testing.T) {
	t.Parallel()
	s, stranger := openSession(t, openPorts(t, local())), newPhone(t)
	far, control := newReporter(t)
	at := net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.LocalAddr().Addr(), uint16(s.LocalPort()+1)))
	lie := marshal(t, &rtcp.ReceiverReport{SSRC: 6, Reports: []rtcp.ReceptionReport{{SSRC: s.Out().SSRC(), TotalLost: 66}}})
	_, _ = stranger.conn.WriteTo(lie, at)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	_, _ = stranger.conn.WriteTo(lie, at)
	_, _ = control.WriteTo(marshal(t, &rtcp.ReceiverReport{SSRC: 5, Reports: []rtcp.ReceptionReport{{SSRC: s.Out().SSRC(), TotalLost: 1}}}), at)
	until(t, "heard", func() bool { return s.Stats().FarLost > 0 })
	if got := s.Stats().FarLost; got != 1 || count(t, s.ports.metrics.reports) != 1 {
		t.Errorf("%d lost, %v reports", got, count(t, s.ports.metrics.reports))
	}
}

func TestFarReports(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	from := func(who uint32, lost int32) compound { return compound{ssrc: who, about: blockOf(ours, lost)} }
	trip := func(d time.Duration) compound {
		c := from(1, 0)
		c.about.lastSR = ntpMiddle(now.Add(-d))
		return c
	}
	tests := map[string]struct {
		reports []compound
		want    media.Stats
	}{
		"nothing":                 {nil, media.Stats{}},
		"the newest counts":       {[]compound{from(1, 5), from(1, 9)}, media.Stats{FarLost: 9}},
		"more came than was lost": {[]compound{from(1, -4)}, media.Stats{}},
		"another reporter adds":   {[]compound{from(1, 5), from(2, 1), from(2, 2)}, media.Stats{FarLost: 7}},
		"about nobody of us":      {[]compound{{ssrc: 1}}, media.Stats{}},
		"round trip":              {[]compound{trip(250 * time.Millisecond)}, media.Stats{RoundTrip: 250 * time.Millisecond}},
		"longer than any can be":  {[]compound{trip(250 * time.Millisecond), trip(time.Hour)}, media.Stats{RoundTrip: 250 * time.Millisecond}},
		"of a report to come":     {[]compound{trip(-time.Second)}, media.Stats{}},
		"it has had none of ours": {[]compound{from(1, 0)}, media.Stats{}},
		"a farewell is no report": {[]compound{{ssrc: 1, bye: true}}, media.Stats{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f far
			for _, r := range tt.reports {
				f.learn(r, now)
			}
			var got media.Stats
			f.fill(&got)
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// Reports are spread, so that a thousand calls do not speak at once.
func TestReportsAreDrawn(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := drawn(reportEvery); d < reportEvery/2 || d >= reportEvery*3/2 {
			t.Fatalf("%v", d)
		}
	}
}

// FuzzRTCP feeds datagrams of any kind to a session's reports.
func FuzzRTCP(f *testing.F) {
	f.Add(marshal(f, &rtcp.SenderReport{SSRC: 7, NTPTime: 1 << 40, Reports: []rtcp.ReceptionReport{{SSRC: ours, TotalLost: 1<<24 - 1, LastSenderReport: 1}}}))
	f.Add(marshal(f, &rtcp.ReceiverReport{SSRC: 7}, rtcp.NewCNAMESourceDescription(7, "x"), &rtcp.Goodbye{Sources: []uint32{7}}))
	f.Add([]byte{0x9f, 201, 0xff, 0xff, 0, 0, 0, 7})
	m, _ := newMetrics(nil)
	ports := newPorts(Options{Config: local(), Log: silentLog()}, m)
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := parseRTCP(b, ours); err == nil && (c.sender || c.about.ssrc != 0) && !c.report {
			t.Fatalf("%+v of % x", c, b)
		}
		s := newSession(ports, pair{audio: -1, control: -1})
		s.reports.take(b, time.Now())
		if got := s.Stats(); got.RoundTrip < 0 || got.RoundTrip > maxRoundTrip || got.FarJitter < 0 || got.FarLost > 1<<23 {
			t.Fatalf("%+v", got)
		}
	})
}
