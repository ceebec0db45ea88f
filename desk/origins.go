package desk

import (
	"net"
	"net/http"
	"net/url"
)

// origins knows which pages may talk to the desk: the node's own, and those
// that the configuration adds.
type origins map[string]bool

func newOrigins(further []string) origins {
	o := make(origins, len(further))
	for _, origin := range further {
		o[origin] = true
	}
	return o
}

// own says whether an Origin header names this node as the browser sees it, or
// a configured origin. "null" and anything malformed are foreign.
func (o origins) own(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if o[origin] {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return false
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return u.Scheme == scheme && u.Host == r.Host
}

// safe says whether a REST call may change something. A browser always says
// where an unsafe call comes from; clients that are none may leave it out.
func (o origins) safe(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return o[r.Header.Get("Origin")]
	}
	return r.Header.Get("Origin") == "" || o.own(r)
}

// remote is the address of the peer, without its port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
