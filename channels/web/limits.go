package web

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostCounted bounds how many visitors or addresses a gate remembers.
const mostCounted = 100_000

// gate lets each key pass at a rate, with a burst. Who has been quiet for long
// enough to have its whole burst again is forgotten.
type gate struct {
	limit rate.Limit
	burst int

	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newGate(limit rate.Limit, burst int) *gate {
	return &gate{limit: limit, burst: burst, keys: map[string]*rate.Limiter{}}
}

// pass takes one turn, or tells how long until there is one.
func (g *gate) pass(key string, now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.keys[key]
	if !ok {
		if len(g.keys) >= mostCounted {
			g.forget(now)
		}
		l = rate.NewLimiter(g.limit, g.burst)
		g.keys[key] = l
	}
	turn := l.ReserveN(now, 1)
	if wait = turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
	}
	return wait
}

// forget drops who has its burst, and all when that is nobody: a flood from so
// many addresses is held by the account's gate.
func (g *gate) forget(now time.Time) {
	for key, l := range g.keys {
		if l.TokensAt(now) >= float64(g.burst) {
			delete(g.keys, key)
		}
	}
	if len(g.keys) >= mostCounted {
		clear(g.keys)
	}
}

// gates are the three that a citizen's message passes; the address's also holds
// requests.
type gates struct {
	visitor, address, account *gate
}

func newGates(c Config) gates {
	return gates{
		visitor: newGate(visitorRate, visitorBurst),
		address: newGate(rate.Limit(c.AddressRate), 5*c.AddressRate),
		account: newGate(rate.Limit(c.AccountRate), 2*c.AccountRate),
	}
}

// message takes a turn of all three, the widest last, so that one who floods
// does not use up what is everybody's.
func (g gates) message(visitor, address, account string, now time.Time) time.Duration {
	if wait := g.visitor.pass(visitor, now); wait > 0 {
		return wait
	}
	if wait := g.address.pass(address, now); wait > 0 {
		return wait
	}
	return g.account.pass(account, now)
}

// proxies are the networks whose X-Forwarded-For is believed.
type proxies []netip.Prefix

func newProxies(networks []string) (proxies, error) {
	var all proxies
	for _, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (p proxies) trusts(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// address is who asks, as the last trusted proxy saw it; of IPv6 the /64, which
// is one household.
func (p proxies) address(remote, forwarded string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return "unknown"
	}
	a := at.Addr().Unmap()
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0 && p.trusts(a); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		a = hop.Unmap()
	}
	if a.Is6() {
		whole, _ := a.WithZone("").Prefix(64) // 64 fits any IPv6 address
		return whole.String()
	}
	return a.String()
}
