package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline/gateway/gatewaytest"
)

// headset lets a test pull the only microphone, and plug it in again.
const headset = `{
  const media = navigator.mediaDevices;
  const [open, list] = [media.getUserMedia.bind(media), media.enumerateDevices.bind(media)];
  const tracks = [];
  let pulled = false;
  media.getUserMedia = async (c) => {
    if (pulled) throw new DOMException('none', 'NotFoundError');
    const stream = await open(c);
    tracks.push(...stream.getTracks());
    return stream;
  };
  media.enumerateDevices = async () => (pulled ? [] : list());
  window.hotlinePull = (away) => {
    pulled = away;
    if (away) for (const t of tracks.splice(0)) { t.stop(); t.dispatchEvent(new Event('ended')); }
    media.dispatchEvent(new Event('devicechange'));
    return true;
  };
}`

func (o *operator) script(what, script string) {
	o.t.Helper()
	if _, err := chromedp.Run(o.ctx, chromedp.Evaluate[bool](script)); err != nil {
		o.t.Fatalf("%s: %v", what, err)
	}
}

// TestMicrophoneLost: the headset is pulled in a call. The operator is told, the
// citizen hears one moment please and music, and the operator again once it is
// back. Before that, both sides are good and the desk says so.
func TestMicrophoneLost(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the only microphone is pulled in a call: the citizen hears an announcement, the operator is told; plugged in again, the talk goes on")
	c := soundCity(t, nil)
	o := newOperator(t, 1004)
	o.inject(headset)
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.answers()
	o.do("the quality is shown", visible("quality"))
	view := watch(t, c, "1001")
	o.script("pull the headset", "hotlinePull(true)")
	pulled := time.Now()
	o.says("bar-mic", "没有找到麦克风")
	o.says("bar-apart", "市民听到“请稍候”和音乐")
	o.script("plug it in", "hotlinePull(false)")
	apart, joined := view.awaitRejoined(t)
	t.Logf("the citizen was told after %s, and heard the operator again after %s", apart.Sub(pulled), joined.Sub(pulled))
	if told := apart.Sub(pulled); told > 5*time.Second {
		t.Errorf("the citizen was told after %s, want 5 s at most", told)
	}
	o.do("the bars are gone", chromedp.WaitNotPresent(mark("bar-mic")))
	o.do("the bars are gone", chromedp.WaitNotPresent(mark("bar-apart")))
	o.hears(600)
	o.hangsUp()
	oneTalk(t, c)
	endsWith(t, citizen.Heard(), 1004)
}
