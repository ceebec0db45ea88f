package webhook

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"hotline/tickets"
)

// Options makes Units.
type Options struct {
	Config    Config
	Now       func() time.Time  // of signatures; time.Now when nil
	Transport http.RoundTripper // for tests; a private one when nil
}

// Units knows the sink and the scope of each unit: it is tickets.Sinks and
// tickets.Units.
type Units struct {
	sinks  map[string]*Sink
	scopes map[string]tickets.PIIScope
	client *http.Client
}

// New checks the configuration and makes the sinks. Close frees connections.
func New(o Options) (*Units, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	u := &Units{sinks: map[string]*Sink{}, scopes: map[string]tickets.PIIScope{}, client: client(o)}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	for _, e := range o.Config.Units {
		keys, err := NewKeys(e.Secret, e.PreviousSecret)
		if err != nil {
			return nil, err
		}
		u.sinks[e.Code] = &Sink{url: e.URL, keys: keys, client: u.client, now: now}
		u.scopes[e.Code] = e.PIIScope
	}
	return u, nil
}

// client follows no redirect: a ticket goes where the configuration says.
func client(o Options) *http.Client {
	timeout := o.Config.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	transport := o.Transport
	if transport == nil {
		dialer := &net.Dialer{Timeout: timeout}
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: timeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Sink finds the endpoint of a unit, or that of all others.
func (u *Units) Sink(unit string) (tickets.Sink, bool) {
	if s, ok := u.sinks[unit]; ok {
		return s, true
	}
	s, ok := u.sinks[AnyUnit]
	if !ok {
		return nil, false
	}
	return s, true
}

// Scope is what the configuration grants a unit; "" leaves it to the directory.
func (u *Units) Scope(unit string) tickets.PIIScope {
	if s, ok := u.scopes[unit]; ok {
		return s
	}
	return u.scopes[AnyUnit]
}

// Close frees idle connections. Safe to call twice.
func (u *Units) Close() { u.client.CloseIdleConnections() }
