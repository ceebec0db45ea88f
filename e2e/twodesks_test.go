package e2e

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
)

// TestSecondPC: the same account on another PC asks, takes the phone with the
// call, and gives it back.
func TestSecondPC(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"a second browser takes the phone in a call: the audio moves with it and back, the other desk looks on")
	c := soundCity(t, nil)
	here, there := newOperator(t, 1004), newOperator(t, 1500)
	here.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	here.answers()
	there.enter(int(c.at.HTTP.Port()), "1001")
	there.do("it asks", visible("phone-dialog"))
	there.says("phone-dialog", "转到本机")
	there.click("phone-take")
	there.hears(600)
	here.do("it is told", visible("phone-dialog"))
	here.click("phone-stay")
	here.do("the dialog is gone", chromedp.WaitNotVisible(mark("phone-dialog")))
	here.says("bar-phone", "已转到另一台")
	here.click("bar-phone-action")
	here.hears(600)
	here.is("agent-state", "talking")
	here.hangsUp()
	oneTalk(t, c)
	heard := citizen.Heard()
	citizenHeard(t, heard, 1500)
	is := sounding(heard, 1004)
	if again := run(is, run(is, run(is, 0, true).end+5, false).end, true); again.end-again.begin < 5 {
		t.Error("the citizen does not hear the first desk again")
	}
}

// TestSocketCut: the network between desk and HTTP port is cut; the audio has its
// own way. The call goes on, the desk says so, what was ordered meanwhile is
// carried out or refused in words, and what happened meanwhile is not missed.
func TestSocketCut(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the socket is cut in a call: the audio goes on, commands wait 5 s and are refused in words, nothing that happened is missed")
	c := soundCity(t, nil)
	cable := newWire(t, c.at.HTTP.String())
	o := newOperator(t, 1004)
	o.enter(cable.port(), "1001")
	o.is("leg-state", "proven")
	o.click("state-menu")
	o.click("state-ready")
	o.is("agent-state", "ready")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.answers()

	cable.cut()
	o.says("bar-link", "信令重连中，通话不受影响")
	o.hears(600)
	o.click("hold")
	o.says("notice", "服务器暂时连不上")
	o.is("agent-state", "talking")
	cable.mend()
	o.do("the socket is back", chromedp.WaitNotPresent(mark("bar-link")))
	o.hears(600)

	cable.cut()
	citizen.Stop()
	cable.mend()
	o.is("agent-state", "wrapup")
	r := c.await(c.supervisor(), "that ended", func(r record) bool { return r.Offers == 1 && !r.Connected.IsZero() })
	if r.Agent != "1001" {
		t.Errorf("record %+v", r)
	}
	is := sounding(citizen.Heard(), 1004)
	talk := run(is, 0, true)
	if rest := run(is, talk.end, true); rest.end-rest.begin > 1 {
		t.Errorf("the audio was interrupted: windows %+v, then %+v", talk, rest)
	}
}

// deaf drops the acknowledgement of a ring, as a page that hangs does.
const deaf = `{
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) { if (!String(text).includes('"offer.shown"')) send.call(this, text); };
}`

// TestOfferThatIsNotShown: a desk that does not acknowledge a ring within 2 s
// loses it to the next agent, and is told why it is not ready.
func TestOfferThatIsNotShown(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk-protocol.md: offer.shown",
		"a desk does not acknowledge a ring: the next agent rings within 3 s, the first is not ready with the reason told")
	c := soundCity(t, nil)
	hangs := newOperator(t, 1004)
	hangs.inject(deaf)
	hangs.signIn(c, "1001")
	rang := make(chan time.Time, 1)
	next := c.agent(headless.Options{
		Account: "1002", TalkFor: time.Second, WrapUp: 10 * time.Millisecond,
		Rings: func(headless.Report) { rang <- time.Now() },
	})
	gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	hangs.do("it rings", visible("ring-banner"))
	began := time.Now()
	if took := (<-rang).Sub(began); took > 3*time.Second {
		t.Errorf("the next agent rang after %s, want 3 s at most", took)
	}
	hangs.do("not ready, unreachable", chromedp.WaitVisible(chromedp.CSS(`[data-testid="agent-state"][data-state="not_ready"][data-reason="unreachable"]`)))
	hangs.says("bar-state", "没能在本机响起")
	if r := c.report(next); !r.Answered {
		t.Errorf("the next agent reports %+v", r)
	}
	r := c.await(c.supervisor(), "that ended", func(r record) bool { return !r.Ended.IsZero() })
	if r.Offers != 2 || r.Agent != "1002" {
		t.Errorf("record %+v", r)
	}
}

// detour sends the audio of every answer over a path that the test owns.
const detour = `{
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function (d) {
    const lines = d.sdp.split('\r\n');
    const first = lines.findIndex((l) => /^a=candidate:\S+ 1 udp /.test(l));
    const word = lines[first].split(' ');
    word[5] = String(await window.hotlinePath({ ip: word[4], port: Number(word[5]) }));
    const sdp = lines.filter((l, i) => i === first || !l.startsWith('a=candidate:')).map((l) => (l === lines[first] ? word.join(' ') : l)).join('\r\n');
    return native.call(this, { type: d.type, sdp });
  };
}`

// paths opens one for each answer of the desk.
type paths struct {
	mu  sync.Mutex
	all []*gatewaytest.Path
}

type endpoint struct {
	IP   string `json:"ip"`
	Port uint16 `json:"port"`
}

func (o *operator) detours() *paths {
	o.t.Helper()
	p := &paths{}
	o.do("expose the paths", chromedp.ExposeFunc("hotlinePath", func(_ context.Context, far endpoint) (uint16, error) {
		ip, err := netip.ParseAddr(far.IP)
		if err != nil {
			return 0, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		way := gatewaytest.NewPath(o.t, netip.AddrPortFrom(ip, far.Port))
		p.all = append(p.all, way)
		return way.Port(), nil
	}))
	o.inject(detour)
	return p
}

func (p *paths) newest() *gatewaytest.Path {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[len(p.all)-1]
}

// TestNetworkChange: the operator's network dies in a call and another one is
// there. The desk starts ICE over by itself; the citizen hears that we reconnect,
// then the operator again.
func TestNetworkChange(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "RFC 8445 §9: ICE restart",
		"the desk's network dies in a call: the desk restarts ICE, audio both ways within 10 s, the citizen hears an announcement meanwhile, one offer")
	c := soundCity(t, nil)
	o := newOperator(t, 1004)
	ways := o.detours()
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.answers()
	view := watch(t, c, "1001")
	ways.newest().Cut()
	cut := time.Now()
	apart, joined := view.awaitRejoined(t)
	took := joined.Sub(cut)
	t.Logf("the citizen heard us reconnect after %s, the operator again after %s", apart.Sub(cut), took)
	if took > 10*time.Second {
		t.Errorf("the citizen hears the operator again after %s, want 10 s at most", took)
	}
	o.hears(600)
	o.hangsUp()
	oneTalk(t, c)
	endsWith(t, citizen.Heard(), 1004)
}

// endsWith wants the tone in the last seconds of a recording, half a second or more.
func endsWith(t *testing.T, all []int16, hz float64) {
	t.Helper()
	is := sounding(all, hz)
	n := 0
	for _, heard := range is[max(0, len(is)-25):] {
		if heard {
			n++
		}
	}
	if n < 5 {
		t.Errorf("at the end the citizen hears %.0f Hz in %d windows of %s", hz, n, window)
	}
}
