package web

import (
	"time"

	"golang.org/x/time/rate"
)

// SetPing makes the house's pings as quick as a test is.
func (w *Web) SetPing(d time.Duration) { w.ping = d }

// SetSeek sets how often orphans are sought.
func (w *Web) SetSeek(d time.Duration) { w.seek = d }

// Unlimited lets visitors and addresses write as fast as they like.
func (w *Web) Unlimited() {
	w.gates = gates{
		visitor: newGate(rate.Inf, 1), address: newGate(rate.Inf, 1), account: newGate(rate.Inf, 1),
	}
}

// SetGates sets messages a second, and the burst, of visitor, address, account.
func (w *Web) SetGates(visitor, address, account int) {
	w.gates = gates{
		visitor: newGate(0.001, visitor), address: newGate(0.001, address), account: newGate(0.001, account),
	}
}

// Ref is the visitor's pseudonym.
func (w *Web) Ref(visitor string) string { return w.ref(visitor) }

// Held counts the conversations that this node has.
func (w *Web) Held() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held)
}

// AddressOf is who asks, behind those proxies.
func AddressOf(trusted []string, remote, forwarded string) (string, error) {
	p, err := newProxies(trusted)
	return p.address(remote, forwarded), err
}

// TokenFor signs a token as the house would have at that time.
func (w *Web) TokenFor(visitor, account string, at time.Time) (string, error) {
	return w.signer.sign(claims{
		Issuer: tokenIssuer, Visitor: visitor, Account: account, Issued: at.Unix(), Expires: at.Add(tokenLife).Unix(),
	})
}
