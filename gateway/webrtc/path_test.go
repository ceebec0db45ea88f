package webrtc

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline/gateway/gatewaytest"
	"hotline/media"
	"hotline/media/tone"
)

// through sends the browser another way: the first UDP candidate of an answer
// with the path's port, and no other.
func through(t testing.TB, answer string, open func(far netip.AddrPort) *gatewaytest.Path) string {
	t.Helper()
	var kept []string
	done := false
	for line := range strings.Lines(answer) {
		fields := strings.Fields(line)
		switch {
		case !strings.HasPrefix(line, "a=candidate:"):
			kept = append(kept, line)
		case fields[2] == "udp" && fields[1] == "1" && !done:
			done = true
			far := netip.MustParseAddrPort(fields[4] + ":" + fields[5])
			kept = append(kept, strings.Replace(line, " "+fields[5]+" ", " "+portText(open(far))+" ", 1))
		}
	}
	if !done {
		t.Errorf("no UDP candidate in\n%s", answer)
	}
	return strings.Join(kept, "")
}

func portText(p *gatewaytest.Path) string {
	at := netip.AddrPortFrom(netip.IPv4Unspecified(), p.Port()).String()
	return at[strings.LastIndex(at, ":")+1:]
}

// heardAgain is how long after it began somebody hears the tone again.
func heardAgain(t *testing.T, who string, limit time.Duration, hears func() bool) {
	t.Helper()
	began := time.Now()
	for !hears() {
		if time.Since(began) > 2*limit {
			break
		}
	}
	took := time.Since(began)
	t.Logf("%s hears again after %s", who, took.Round(10*time.Millisecond))
	if took > limit {
		t.Errorf("%s hears again after %s, want %s at most", who, took, limit)
	}
}

// bothHear waits until citizen and agent hear each other again, each within limit
// of now.
func bothHear(t *testing.T, d *desk, ear *tone.Ear, limit time.Duration) {
	t.Helper()
	ear.Forget()
	heardAgain(t, "the citizen", limit, func() bool {
		s, err := ear.Await(within(t, 3*limit), media.SampleRate/10)
		return err == nil && tone.Hears(s[len(s)-media.SampleRate/10:], 1004)
	})
	heardAgain(t, "the agent", limit, func() bool {
		got := evaluate[loudest](d, "peak()")
		return got.Hz > 595 && got.Hz < 605 && got.Decibel > -40
	})
}

// The operator's NAT gives the browser another port in a call (M11): ICE goes on
// from there without a negotiation. Then the network dies altogether, and an ICE
// restart brings the same connection back over another one (M12).
func TestChromiumChangesItsNetwork(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "RFC 8445 §12: keepalives, RFC 8489: peer-reflexive addresses",
		"the browser's NAT rebinds in a call: audio both ways again within 5 s, no negotiation")
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "RFC 8445 §9: ICE restart",
		"the path dies in a call: an ICE restart over another one, the same DTLS association, audio both ways again")
	g := newGateway(t, Config{Listen: "0.0.0.0:0"})
	s := g.Seat("1001")
	var paths []*gatewaytest.Path
	d := openDeskVia(t, s, func(answer string) string {
		return through(t, answer, func(far netip.AddrPort) *gatewaytest.Path {
			paths = append(paths, gatewaytest.NewPath(t, far))
			return paths[len(paths)-1]
		})
	})
	citizen, ear := s.Out().NewSource(), tone.NewEar(8*media.SampleRate)
	s.Out().Select(citizen)
	s.Forward(ear)
	g.wheel.Play(citizen, sound(600), true)
	d.call("connect(1)")
	awaitEvent(t, s, SeatEvent{Connected, 1})
	hears(t, "citizen", ear, 1004)
	d.hears(600)
	peer := s.active.Load()

	paths[0].Rebind()
	bothHear(t, d, ear, 5*time.Second)

	paths[0].Cut()
	lost := time.Now()
	if _, err := chromedp.Run(d.ctx, chromedp.Poll[bool](`pc.connectionState === 'disconnected'`)); err != nil {
		t.Fatal(err)
	}
	t.Logf("the browser knows after %s", time.Since(lost).Round(10*time.Millisecond))
	d.call("restart(2)")
	bothHear(t, d, ear, 3*time.Second)
	if s.active.Load() != peer {
		t.Error("the restart made another connection")
	}
}
