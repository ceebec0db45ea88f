package webrtc

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline/gateway/gatewaytest"
	"hotline/media"
	"hotline/media/tone"
)

// A real browser: its microphone is measured here, our tone is measured there;
// then the page is reloaded, and ICE restarted, while the bridge stays.
func TestChromium(t *testing.T) {
	g := newGateway(t, Config{Listen: "0.0.0.0:0", ListenTCP: "127.0.0.1:0"})
	s := g.Seat("1001")
	desk := openDesk(t, s)
	citizen, ear := s.Out().NewSource(), tone.NewEar(8*media.SampleRate)
	s.Out().Select(citizen)
	s.Forward(ear)
	g.wheel.Play(citizen, sound(600), true)

	desk.call("connect(1)")
	awaitEvent(t, s, SeatEvent{Connected, 1})
	hears(t, "citizen", ear, 1004)
	desk.hears(600)
	desk.report()

	desk.call("press('5#')")
	for _, want := range "5#" {
		if key := desk.key(s); key != want {
			t.Errorf("key %q, want %q", key, want)
		}
	}

	desk.call("restart(2)")
	desk.hears(600)

	reloaded := time.Now()
	desk.run(chromedp.Reload())
	desk.call("connect(3)")
	awaitEvent(t, s, SeatEvent{Connected, 3})
	if _, err := ear.Await(desk.ctx, media.FrameSamples); err != nil {
		t.Fatal(err)
	}
	t.Logf("reload to audio: %v", time.Since(reloaded))
	hears(t, "citizen after the reload", ear, 1004)
	desk.hears(600)

	s.Out().Select(nil)
	proof, err := s.Prove(desk.ctx)
	if err != nil || !proof.Toned || proof.PacketsIn < 40 || proof.Peak < 1000 {
		t.Errorf("proof %+v, %v", proof, err)
	}
}

// desk is the page in Chromium.
type desk struct {
	t   *testing.T
	ctx context.Context
}

func openDesk(t *testing.T, s *Seat) *desk {
	t.Helper()
	return openDeskVia(t, s, func(answer string) string { return answer })
}

// openDeskVia changes the answers on their way to the browser.
func openDeskVia(t *testing.T, s *Seat, change func(string) string) *desk {
	t.Helper()
	page, err := os.ReadFile("testdata/desk.html")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })
	mux.HandleFunc("POST /offer", func(w http.ResponseWriter, r *http.Request) { answerHTTP(w, r, s, change) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	d := &desk{t, gatewaytest.OpenChromium(within(t, 90*time.Second), t, 1004)}
	d.run(chromedp.Navigate(server.URL))
	return d
}

func answerHTTP(w http.ResponseWriter, r *http.Request, s *Seat, change func(string) string) {
	offer, _ := io.ReadAll(r.Body)
	gen, _ := strconv.Atoi(r.URL.Query().Get("gen"))
	answer, err := s.Answer(r.Context(), gen, string(offer))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, change(answer))
}

func (d *desk) run(action chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	if _, err := chromedp.Run(d.ctx, action); err != nil {
		d.t.Fatal(err)
	}
}

// evaluate runs a script of the page and waits for its promise.
func evaluate[T any](d *desk, script string) T {
	d.t.Helper()
	result, err := chromedp.Run(d.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		d.t.Fatalf("%s: %v", script, err)
	}
	return result
}

func (d *desk) call(script string) {
	d.t.Helper()
	evaluate[string](d, script)
}

// loudest is what peak of the page returns.
type loudest struct {
	Hz      float64 `json:"hz"`
	Decibel float64 `json:"decibel"`
}

// hears looks until the loudest tone in the browser is hz; the first sound may
// still be on its way.
func (d *desk) hears(hz float64) {
	d.t.Helper()
	var got loudest
	for range 10 {
		got = evaluate[loudest](d, "peak()")
		if math.Abs(got.Hz-hz) < 5 && got.Decibel > -40 {
			return
		}
	}
	d.t.Errorf("the browser hears %.1f Hz at %.0f dB, want %v Hz", got.Hz, got.Decibel, hz)
}

// browserStats is what report of the page returns.
type browserStats struct {
	Cipher   string `json:"cipher"`
	DTLSRole string `json:"dtlsRole"`
	Lost     int    `json:"lost"`
	Received int    `json:"received"`
}

func (d *desk) report() {
	d.t.Helper()
	got := evaluate[browserStats](d, "report()")
	if got.Cipher != "SRTP_AEAD_AES_128_GCM" || got.DTLSRole != "client" || got.Lost != 0 || got.Received == 0 {
		d.t.Errorf("%+v", got)
	}
}

func (d *desk) key(s *Seat) rune {
	d.t.Helper()
	select {
	case key := <-s.Digits():
		return key
	case <-d.ctx.Done():
		d.t.Fatal("no key")
		return 0
	}
}
