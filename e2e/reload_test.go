package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/media/tone"
	"hotline/node"
	"hotline/tickets"
)

//go:embed testdata/first.js
var firstScript string

// soundCity is a city whose citizens are queued without a greeting, for browsers.
func soundCity(t *testing.T, change func(*node.Config)) *city {
	t.Helper()
	return start(&city{t: t, ui: browserDesk(t)}, tickets.SystemClock{}, func(c *node.Config) {
		c.Lines[0].Greeting = ""
		if change != nil {
			change(c)
		}
	})
}

// reloads lets the page go when it asks, and notes when it hears the citizen again.
func (o *operator) reloads() {
	o.t.Helper()
	o.inject(firstScript)
	go func() {
		for _, err := range chromedp.Events(o.ctx, page.JavascriptDialogOpening) {
			if err != nil {
				return
			}
			_, _ = chromedp.Call(o.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}
	}()
}

func (o *operator) reload() {
	o.t.Helper()
	o.do("reload", chromedp.Reload())
}

// hearsSince is how long after its navigation began the page heard the citizen.
func (o *operator) hearsSince() time.Duration {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	ms, err := chromedp.Run(ctx, chromedp.Poll[float64]("window.hotlineFirst"))
	if err != nil {
		o.t.Fatalf("the page never heard the citizen: %v\n%s", err, o.sees())
	}
	return time.Duration(ms * float64(time.Millisecond))
}

func (o *operator) answers() {
	o.t.Helper()
	o.do("it rings", visible("ring-banner"))
	o.click("answer")
	o.is("agent-state", "talking")
	o.hears(600)
}

func (o *operator) hangsUp() {
	o.t.Helper()
	o.click("hangup")
	o.is("agent-state", "wrapup")
	o.click("wrapup-finish")
	o.is("agent-state", "ready")
}

// shows waits until the field holds the text.
func (o *operator) shows(id, text string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf(`document.querySelector('[data-testid=%q]')?.value === %q`, id, text))); err != nil {
		o.t.Fatalf("%s never shows %q: %v\n%s", id, text, err, o.sees())
	}
}

// pressed waits until the button stands so.
func (o *operator) pressed(id string, on bool) {
	o.t.Helper()
	o.do(id+" pressed", chromedp.WaitVisible(chromedp.CSS(fmt.Sprintf(`[data-testid=%q][aria-pressed="%t"]`, id, on))))
}

func (o *operator) says(id, text string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	script := fmt.Sprintf(`[...document.querySelectorAll('[data-testid=%q]')].some((e) => e.textContent.includes(%q))`, id, text)
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](script)); err != nil {
		o.t.Fatalf("%s never says %q: %v\n%s", id, text, err, o.sees())
	}
}

// TestReloadKeepsCall: F5 in a call. The citizen's call is untouched, the operator
// hears again within 2 s, and form, mute and hold are as they were; the desk takes
// the next call without a further step.
func TestReloadKeepsCall(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the page is reloaded in a call: audio both ways again within 2 s, one talk, one offer, form, mute and hold as before")
	c := soundCity(t, nil)
	o := newOperator(t, 1004)
	o.reloads()
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.answers()
	view := watch(t, c, "1001")
	o.fill("field-title", "路灯不亮")
	o.is("draft-state", "clean")

	o.reload()
	took := o.hearsSince()
	t.Logf("reload to audio: %s", took)
	if took >= 2*time.Second {
		t.Errorf("the operator hears the citizen %s after the reload, want less than 2 s", took)
	}
	o.is("agent-state", "talking")
	o.shows("field-title", "路灯不亮")
	o.hears(600)

	o.click("mute")
	o.pressed("mute", true)
	o.reload()
	o.pressed("mute", true)
	o.click("mute")
	o.pressed("mute", false)
	o.click("hold")
	o.is("agent-state", "held")
	o.reload()
	o.is("agent-state", "held")
	o.click("hold")
	o.is("agent-state", "talking")
	o.hears(600)

	o.click("hangup")
	o.is("agent-state", "wrapup")
	o.reload()
	o.is("agent-state", "wrapup")
	o.shows("field-title", "路灯不亮")
	o.click("wrapup-finish")
	o.is("agent-state", "ready")
	oneTalk(t, c)
	if apart := view.saw(); len(apart) > 0 {
		t.Errorf("the agent was silent for 2 s or more, %d times", len(apart))
	}
	gap(t, citizen.Heard(), 1004, 2*time.Second)

	gatewaytest.StartBaresip(t, c.dial("12345"), "13800000002", 600)
	o.answers()
}

// oneTalk wants a record of one offer and one talk, ended by the agent.
func oneTalk(t *testing.T, c *city) {
	t.Helper()
	r := c.await(c.supervisor(), "that ended", func(r record) bool { return !r.Ended.IsZero() })
	if r.Offers != 1 || r.Agent != "1001" || r.Cause != "agent_ended" || r.Connected.IsZero() {
		t.Errorf("record %+v, want one offer, one talk", r)
	}
}

// window is how finely a recording is looked at.
const window = 100 * time.Millisecond

// sounding tells for each window of a recording whether it holds the tone.
func sounding(all []int16, hz float64) []bool {
	const n = 800 // samples of a window
	var is []bool
	for at := 0; at+n <= len(all); at += n {
		is = append(is, tone.Hears(all[at:at+n], hz))
	}
	return is
}

// gap wants the tone, then a pause of less than limit, then the tone again: at
// least half a second each time.
func gap(t *testing.T, all []int16, hz float64, limit time.Duration) {
	t.Helper()
	is := sounding(all, hz)
	first := run(is, 0, true)
	pause := run(is, first.end, false)
	again := run(is, pause.end, true)
	lasted := time.Duration(pause.end-pause.begin) * window
	t.Logf("the citizen hears %.0f Hz for %d, not for %d, again for %d windows of %s",
		hz, first.end-first.begin, pause.end-pause.begin, again.end-again.begin, window)
	if first.end-first.begin < 5 || again.end-again.begin < 5 {
		t.Errorf("the citizen does not hear %.0f Hz before and after", hz)
	}
	if lasted >= limit {
		t.Errorf("the citizen did not hear the agent for %s, want less than %s", lasted, limit)
	}
}

// stretch is some windows of a recording.
type stretch struct{ begin, end int }

// run is the next stretch that is so; single windows that differ are ignored.
func run(is []bool, from int, want bool) stretch {
	at := from
	for at < len(is) && is[at] != want {
		at++
	}
	s := stretch{at, at}
	for s.end < len(is) && (is[s.end] == want || s.end+1 < len(is) && is[s.end+1] == want) {
		s.end++
	}
	return s
}

// TestReloadWhileItRings: the ring comes back, and can be answered.
func TestReloadWhileItRings(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the page is reloaded while it rings: the ring is back and is answered, one offer")
	c := soundCity(t, nil)
	o := newOperator(t, 1004)
	o.reloads()
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.do("it rings", visible("ring-banner"))
	o.reload()
	o.answers()
	o.hangsUp()
	oneTalk(t, c)
	citizen.Stop()
}

// kill ends the browser as a crash does.
func (o *operator) kill() {
	o.t.Helper()
	if err := chromedp.FromContext(o.ctx).Browser.Process().Kill(); err != nil {
		o.t.Fatal(err)
	}
}

// TestBrowserDies: the browser is killed in a call. The citizen hears that we
// reconnect, is back at the head of the queue when nobody comes, and the next
// agent has the draft; the first one's desk is not ready until its person says so.
func TestBrowserDies(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the browser is killed in a call: the citizen hears an announcement and music, then the next agent, before a later caller; the draft goes along")
	c := soundCity(t, func(cfg *node.Config) {
		cfg.Desk.LostAfter, cfg.Desk.ReleaseAfter = 5*time.Second, 12*time.Second // a busy machine stalls for seconds
	})
	rest := c.supervisor()
	o := newOperator(t, 1004)
	o.signIn(c, "1001")
	first := gatewaytest.StartBaresip(t, c.dial("12345"), "13800000001", 600)
	o.answers()
	one := c.await(rest, "of the first citizen", func(r record) bool { return r.Caller == "+86138****0001" })
	o.fill("field-title", "路灯不亮")
	o.click("save-draft")
	o.is("draft-state", "clean")
	second := gatewaytest.StartBaresip(t, c.dial("12345"), "13800000002", 700)
	two := c.await(rest, "of the second citizen", func(r record) bool { return r.Caller == "+86138****0002" })

	view := watch(t, c, "1001")
	killed := time.Now()
	o.kill()
	waiting(t, rest, 2)
	t.Logf("back in the queue %s after the kill", time.Since(killed))
	if apart := view.saw(); len(apart) == 0 || apart[0].Sub(killed) > 5*time.Second {
		t.Errorf("the announcement began at %v, want it within 5 s of %v", apart, killed)
	} else {
		t.Logf("the announcement began %s after the kill", apart[0].Sub(killed))
	}
	next := c.agent(headless.Options{Account: "1002", TalkFor: 3 * time.Second, WrapUp: 10 * time.Millisecond, Play: headless.Sine(1500)})
	for i, want := range []record{one, two} {
		if r := c.report(next); r.Contact != want.Contact || !r.Answered {
			t.Errorf("call %d of the next agent is %+v, want %s", i+1, r, want.Contact)
		}
	}
	draftOf(t, c, "1002", one.Contact, "路灯不亮")
	announced(t, first.Heard())
	second.Stop()
	one = c.await(rest, "of the first citizen's end", func(r record) bool { return r.Contact == one.Contact && !r.Ended.IsZero() })
	if one.Offers != 2 || one.Agent != "1002" {
		t.Errorf("record %+v, want two offers, the second agent's", one)
	}
	comesBackAway(t, c)
}

// waiting waits until so many citizens are in the queue.
func waiting(t *testing.T, rest *headless.REST, n int) {
	t.Helper()
	type hall struct {
		Waiting map[string]int `json:"waiting"` // by skill
	}
	ask(t, rest, "/hall", fmt.Sprintf("with %d waiting", n), func(h hall) bool { return h.Waiting["general"] == n })
}

// draftOf wants the contact's draft as that agent gets it.
func draftOf(t *testing.T, c *city, account, id, title string) {
	t.Helper()
	rest, err := headless.SignIn(t.Context(), c.url(), account, password(account))
	if err != nil {
		t.Fatal(err)
	}
	defer rest.CloseIdle()
	var draft struct {
		Fields struct {
			Title string `json:"title"`
		} `json:"fields"`
	}
	if err := rest.Call(t.Context(), "GET", "/contacts/"+id+"/draft", nil, &draft); err != nil || draft.Fields.Title != title {
		t.Errorf("the draft is %+v, %v, want the title %s", draft, err, title)
	}
}

// announced wants the first agent, then something else than silence within 5 s,
// and at last the second agent.
func announced(t *testing.T, all []int16) {
	t.Helper()
	is := sounding(all, 1004)
	talk := run(is, 0, true)
	after := talk.end
	for after < len(is) && tone.Power(all[after*800:(after+1)*800]) < 1e-5 {
		after++
	}
	quiet := time.Duration(after-talk.end) * window
	t.Logf("the citizen hears silence for %s, then the announcement", quiet)
	if talk.end-talk.begin < 10 || quiet > 5*time.Second {
		t.Errorf("the agent for %d windows, then silence for %s, want 5 s at most", talk.end-talk.begin, quiet)
	}
	if next := run(sounding(all, 1500), talk.end, true); next.end-next.begin < 10 {
		t.Errorf("the citizen hears the next agent for %d windows", next.end-next.begin)
	}
}

// comesBackAway signs the first agent in again: not ready, with the reason and its remedy.
func comesBackAway(t *testing.T, c *city) {
	t.Helper()
	back := newOperator(t, 1004)
	back.enter(int(c.at.HTTP.Port()), "1001")
	back.is("leg-state", "proven")
	back.do("not ready, disconnected", chromedp.WaitVisible(chromedp.CSS(`[data-testid="agent-state"][data-state="not_ready"][data-reason="disconnected"]`)))
	back.says("notice", "市民已回到队首")
	back.says("bar-state", "曾经中断")
	back.click("bar-state-action")
	back.is("agent-state", "ready")
}

// TestBrowserComesBack: killed, and started again in time: the talk goes on, with
// the same citizen, in another browser.
func TestBrowserComesBack(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "docs/desk.md: when something breaks",
		"the browser is killed in a call and another one signs in within 30 s: the talk goes on, one offer")
	c := soundCity(t, nil)
	o := newOperator(t, 1004)
	o.signIn(c, "1001")
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	o.answers()
	o.kill()
	back := newOperator(t, 1500)
	back.enter(int(c.at.HTTP.Port()), "1001")
	back.is("agent-state", "talking")
	back.hears(600)
	back.hangsUp()
	oneTalk(t, c)
	citizenHeard(t, citizen.Heard(), 1500)
}
