package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"hotline/gateway/gatewaytest"
)

//go:embed testdata/ear.js
var earScript string

// operator is a person at a real browser, whose microphone hears one tone.
type operator struct {
	t   *testing.T
	ctx context.Context
}

// newOperator opens a browser whose microphone hears hz.
func newOperator(t *testing.T, hz float64) *operator {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	tab := gatewaytest.OpenChromium(ctx, t, hz,
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"), chromedp.WindowSize(1366, 768))
	o := &operator{t, tab}
	o.inject(earScript) // what the person hears is measured at the receivers, whatever the page does with them
	return o
}

// inject runs a script in each page before the page's own.
func (o *operator) inject(script string) {
	o.t.Helper()
	_, err := chromedp.Run(o.ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func mark(id string) chromedp.CSS { return chromedp.CSS(fmt.Sprintf(`[data-testid=%q]`, id)) }

func (o *operator) do(what string, a chromedp.Action[chromedp.Void]) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, a); err != nil {
		o.t.Fatalf("%s: %v\n%s", what, err, o.sees())
	}
}

// sees is the text of the page, for a failed test; go test -artifacts keeps a picture.
func (o *operator) sees() string {
	ctx, cancel := context.WithTimeout(o.ctx, 10*time.Second)
	defer cancel()
	if picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot()); err == nil {
		_ = os.WriteFile(filepath.Join(o.t.ArtifactDir(), "desk.png"), picture, 0o600)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

func visible(id string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(mark(id))
}

func (o *operator) click(id string) {
	o.t.Helper()
	o.do("click "+id, chromedp.Click(mark(id), chromedp.NodeVisible))
}

func (o *operator) fill(id, text string) {
	o.t.Helper()
	o.do("fill "+id, chromedp.SendKeys(mark(id), text, chromedp.NodeVisible))
}

// pick types into a picker and takes the option of that code.
func (o *operator) pick(id, words, code string) {
	o.t.Helper()
	o.fill(id, words)
	o.do("pick "+code, chromedp.Click(chromedp.CSS(fmt.Sprintf(`[data-testid="%s-option"][data-code=%q]`, id, code)), chromedp.NodeVisible))
}

// is waits until the mark is in that state.
func (o *operator) is(id, state string) {
	o.t.Helper()
	o.do(id+" is "+state, chromedp.WaitVisible(chromedp.CSS(fmt.Sprintf(`[data-testid=%q][data-state=%q]`, id, state))))
}

func (o *operator) text(id string) string {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Text(mark(id), chromedp.NodeVisible))
	if err != nil {
		o.t.Fatalf("text of %s: %v\n%s", id, err, o.sees())
	}
	return s
}

// signIn brings the person to a ready desk.
func (o *operator) signIn(c *city, account string) {
	o.t.Helper()
	o.enter(int(c.at.HTTP.Port()), account)
	o.is("leg-state", "proven")
	o.click("state-menu")
	o.click("state-ready")
	o.is("agent-state", "ready")
}

// enter signs in at a port of this machine.
func (o *operator) enter(port int, account string) {
	o.t.Helper()
	o.do("open the desk", chromedp.Navigate(fmt.Sprintf("http://localhost:%d/", port)))
	o.fill("sign-in-account", account)
	o.fill("sign-in-password", password(account))
	o.click("sign-in-submit")
	o.click("ring-heard-yes")
}

// sound is what reaches the person's ear.
type sound struct {
	Hz         float64 `json:"hz"`    // the loudest
	AboveFloor float64 `json:"above"` // dB over the median of the spectrum
}

// hears measures for two seconds at a time until hz is there, ±5 Hz and 20 dB above
// the floor.
func (o *operator) hears(hz float64) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	var got sound
	for ctx.Err() == nil {
		var err error
		got, err = chromedp.Run(ctx, chromedp.Evaluate[sound]("window.hotlineEar()", chromedp.EvalAwaitPromise))
		if err != nil {
			o.t.Fatalf("listen: %v", err)
		}
		if math.Abs(got.Hz-hz) <= 5 && got.AboveFloor >= 20 {
			o.t.Logf("the operator hears %.1f Hz, %.0f dB above the floor", got.Hz, got.AboveFloor)
			return
		}
	}
	o.t.Fatalf("the operator hears %.1f Hz, %.0f dB above the floor; want %.0f Hz", got.Hz, got.AboveFloor, hz)
}
