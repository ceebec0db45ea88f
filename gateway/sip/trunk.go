package sip

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// trunk is a Trunk read.
type trunk struct {
	name      string
	sources   []source
	media     []netip.Prefix
	plan      numbering
	outbound  string
	transport string
	limits    limits

	mu    sync.Mutex
	calls bucket // of new calls
}

// takesCall says whether the trunk may bring one more new call now.
func (t *trunk) takesCall(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls.take(t.limits.calls, t.limits.calls, now)
}

func (c Config) trunks() ([]*trunk, error) {
	out := make([]*trunk, 0, len(c.Trunks))
	for _, t := range c.Trunks {
		read, err := t.read(c.AreaCode)
		if err != nil {
			return nil, err
		}
		out = append(out, read)
	}
	return out, nil
}

func (t Trunk) read(area string) (*trunk, error) {
	if t.Area != "" {
		area = t.Area
	}
	out := &trunk{name: t.Name, plan: numbering{area: area}, outbound: t.Outbound, transport: t.Transport, limits: t.limits()}
	for _, a := range t.Addresses {
		s, err := parseSource(a)
		if err != nil {
			return nil, err
		}
		out.sources = append(out.sources, s)
	}
	for _, m := range t.Media {
		p, err := parseRange(m)
		if err != nil {
			return nil, err
		}
		out.media = append(out.media, p)
	}
	return out, nil
}

func (t Trunk) limits() limits {
	return limits{rate: float64(t.Rate), burst: float64(t.Burst), calls: float64(t.CPS)}
}

func (t *trunk) speaksFor(from netip.AddrPort) bool {
	return slices.ContainsFunc(t.sources, func(s source) bool { return s.covers(from) })
}

// allowsMedia says whether we may send audio there. Addresses that are no
// other host's (loopback, multicast, link-local) need a range of their own
// kind: 0.0.0.0/0 does not open them.
func (t *trunk) allowsMedia(to netip.AddrPort) bool {
	a := to.Addr().Unmap()
	if a.IsUnspecified() || a.IsMulticast() || to.Port() == 0 {
		return false
	}
	return slices.ContainsFunc(t.media, func(p netip.Prefix) bool {
		return p.Contains(a) && (!special(a) || special(p.Addr()))
	})
}

func special(a netip.Addr) bool { return a.IsLoopback() || a.IsLinkLocalUnicast() }
