package headless

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const cookieName = "__Host-hotline"

// maxAnswer bounds an answer; the directory is the largest.
const maxAnswer = 16 << 20

// REST is one sign-in.
type REST struct {
	base  string
	token string
	http  *http.Client
}

// SignIn signs in at a node. The cookie is kept by hand: a jar would not send
// a Secure cookie over plain http, as browsers do to the own machine.
func SignIn(ctx context.Context, base, account, password string) (*REST, error) {
	return SignInFrom(ctx, netip.Addr{}, base, account, password)
}

// SignInFrom signs in from one of this machine's addresses; the zero Addr is any.
func SignInFrom(ctx context.Context, from netip.Addr, base, account, password string) (*REST, error) {
	d := &net.Dialer{}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	r := &REST{base: base, http: &http.Client{Transport: &http.Transport{DialContext: d.DialContext}, Timeout: 15 * time.Second}}
	body := map[string]string{"account": account, "password": password}
	resp, err := r.send(ctx, http.MethodPost, "/session", body, nil)
	if err != nil {
		return nil, err
	}
	defer drainBody(resp)
	if err := decode(resp, nil); err != nil {
		return nil, fmt.Errorf("headless: sign in: %w", err)
	}
	for _, c := range resp.Cookies() {
		if c.Name == cookieName {
			r.token = c.Value
			return r, nil
		}
	}
	return nil, fmt.Errorf("headless: sign in: the node set no cookie %s", cookieName)
}

// at is the same sign-in at another node.
func (r *REST) at(base string) *REST { return &REST{base: base, token: r.token, http: r.http} }

// Token is the sign-in's token.
func (r *REST) Token() string { return r.token }

// Call makes a call under /api/v1. body and out may be nil; a refusal is an *Error.
func (r *REST) Call(ctx context.Context, method, path string, body, out any) error {
	return r.CallWith(ctx, method, path, body, out, nil)
}

// CallWith is Call with further headers.
func (r *REST) CallWith(ctx context.Context, method, path string, body, out any, header http.Header) error {
	resp, err := r.send(ctx, method, path, body, header)
	if err != nil {
		return err
	}
	defer drainBody(resp)
	if err := decode(resp, out); err != nil {
		return fmt.Errorf("headless: %s %s: %w", method, path, err)
	}
	return nil
}

// SignOut ends the sign-in.
func (r *REST) SignOut(ctx context.Context) error {
	defer r.http.CloseIdleConnections()
	return r.Call(ctx, http.MethodDelete, "/session", nil, nil)
}

// CloseIdle closes connections that are kept for later calls.
func (r *REST) CloseIdle() { r.http.CloseIdleConnections() }

func (r *REST) send(ctx context.Context, method, path string, body any, header http.Header) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("headless: %s %s: %w", method, path, err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+"/api/v1"+path, reader)
	if err != nil {
		return nil, fmt.Errorf("headless: %s %s: %w", method, path, err)
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Origin", r.base)
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("Cookie", cookieName+"="+r.token)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("headless: %s %s: %w", method, path, err)
	}
	return resp, nil
}

func decode(resp *http.Response, out any) error {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var body struct {
			Error *Error `json:"error"`
		}
		if err := json.Unmarshal(raw, &body); err != nil || body.Error == nil {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return body.Error
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, out)
}

func drainBody(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	_ = resp.Body.Close()
}
