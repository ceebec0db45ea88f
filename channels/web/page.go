package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var page embed.FS

// pages serves the plain page at /chat/.
func (w *Web) pages() http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		return http.NotFoundHandler() // the folder is embedded
	}
	serve := http.StripPrefix("/chat/", http.FileServerFS(files))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		serve.ServeHTTP(rw, r)
	})
}
