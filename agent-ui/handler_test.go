package agentui

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestHandler(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"index.html":            {Data: []byte("page")},
		"assets/app-1a2b.js":    {Data: []byte("plain")},
		"assets/app-1a2b.js.gz": {Data: []byte("packed")},
		"favicon.svg":           {Data: []byte("<svg/>")},
	}
	const forever = "public, max-age=31536000, immutable"
	cases := map[string]struct {
		method, path, accept string
		code                 int
		body, kind, cache    string
	}{
		"root":            {"GET", "/", "", 200, "page", "text/html; charset=utf-8", "no-cache"},
		"page of the app": {"GET", "/desk", "", 200, "page", "text/html; charset=utf-8", "no-cache"},
		"plain asset":     {"GET", "/assets/app-1a2b.js", "", 200, "plain", "text/javascript; charset=utf-8", forever},
		"packed asset":    {"GET", "/assets/app-1a2b.js", "br, gzip", 200, "packed", "text/javascript; charset=utf-8", forever},
		"gzip refused":    {"GET", "/assets/app-1a2b.js", "gzip;q=0", 200, "plain", "text/javascript; charset=utf-8", forever},
		"picture":         {"GET", "/favicon.svg", "", 200, "<svg/>", "image/svg+xml", "no-cache"},
		"missing asset":   {"GET", "/assets/gone.js", "", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		"climbing out":    {"GET", "/../../embed.go", "", 404, "404 page not found\n", "text/plain; charset=utf-8", ""},
		"head":            {"HEAD", "/", "", 200, "", "text/html; charset=utf-8", "no-cache"},
		"post":            {"POST", "/", "", 405, "method not allowed\n", "text/plain; charset=utf-8", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/", http.NoBody)
			r.URL.Path = c.path
			r.Header.Set("Accept-Encoding", c.accept)
			w := httptest.NewRecorder()
			Handler(files).ServeHTTP(w, r)
			got := []any{w.Code, w.Body.String(), w.Header().Get("Content-Type"), w.Header().Get("Cache-Control")}
			want := []any{c.code, c.body, c.kind, c.cache}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("got %v, want %v", got[i], want[i])
				}
			}
		})
	}
}

func TestEveryPageIsUnderThePolicy(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler(Files()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self'; style-src 'self'") {
		t.Errorf("policy is %q", got)
	}
	if w.Header().Get("Permissions-Policy") == "" {
		t.Error("no Permissions-Policy")
	}
}

// The policy forbids inline script and style; a page that carried some would
// come up blank.
func TestPageHasNothingInline(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<style", "style=\"", "<script>", "onload=", "javascript:"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("index.html contains %q", bad)
		}
	}
}
