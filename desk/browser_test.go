package desk_test

import (
	_ "embed"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/prometheus/client_golang/prometheus"

	"hotline/desk"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/webrtc"
	"hotline/media/prompt"
	"hotline/routing"
)

//go:embed testdata/probe.js
var probe string

// page serves the probe as the browser desk is served: no script inline.
func page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/probe.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = fmt.Fprint(w, probe)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><title>wait</title><audio></audio><script src="/probe.js"></script>`)
	})
}

// A real browser judges what only a browser does: the __Host- cookie over plain
// http, the policy of the page, the Origin of the socket, and the audio.
func TestChromiumGetsReady(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
			t.Cleanup(wheel.Close)
			g, err := webrtc.New(webrtc.Options{
				Config: webrtc.Config{Listen: "0.0.0.0:0"}, Log: slog.New(slog.DiscardHandler),
				Registerer: prometheus.NewRegistry(), Wheel: wheel,
			})
			if err != nil {
				t.Fatal(err)
			}
			w := newWorldWith(t, desk.WebRTC(g))
			t.Cleanup(func() {
				if err := g.Close(w.ctx()); err != nil {
					t.Error(err)
				}
			})
			if title := w.browse(host); title != "ready" {
				t.Errorf("the page came to %q", title)
			}
			w.awaitQueue("1001", routing.Ready)
		})
	}
}

// browse opens the desk in Chromium and returns what the page came to.
func (w *world) browse(host string) string {
	w.t.Helper()
	ctx := gatewaytest.OpenChromium(w.ctx(), w.t, 1004)
	url := strings.Replace(w.server.URL, "127.0.0.1", host, 1)
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		w.t.Fatal(err)
	}
	title, err := chromedp.Run(ctx, chromedp.Poll[string](`document.title !== 'wait' && document.title`))
	if err != nil {
		w.t.Fatal(err)
	}
	return title
}
