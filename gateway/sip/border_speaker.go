package sip

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// maxSpeakers is how many addresses are remembered in one generation; there
	// are two. A carrier has a handful.
	maxSpeakers = 4096
	// amplification is how many octets an address that may be forged gets for
	// each of its own; the figure is that of RFC 9000 §8.1.
	amplification = 3
)

// limits of a trunk; 0 sets none.
type limits struct {
	rate, burst float64 // messages of one address: a second, and at once
	calls       float64 // new calls of the trunk a second, and at once
}

// bucket is a token bucket (RFC 2697 in spirit). It begins full.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token, if there is one.
func (b *bucket) take(rate, burst float64, now time.Time) bool {
	if rate <= 0 {
		return true
	}
	burst = max(burst, 1)
	if b.at.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// speaker is what we remember of one address that may speak.
type speaker struct {
	bucket bucket
	proven bool // it has answered to something that only its own eyes could see
}

// speakers remembers addresses, the latest of them: who is forgotten begins
// with a full bucket and has to prove itself anew.
type speakers struct {
	now func() time.Time

	mu         sync.Mutex
	young, old map[netip.Addr]*speaker
	accounts   accounts
}

func newSpeakers(now func() time.Time) *speakers {
	return &speakers{now: now, young: map[netip.Addr]*speaker{}, accounts: newAccounts()}
}

// of finds an address, or begins to remember it. mu is held.
func (o *speakers) of(a netip.Addr) *speaker {
	if at := o.young[a]; at != nil {
		return at
	}
	at := o.old[a]
	if at == nil {
		at = &speaker{}
	}
	if len(o.young) >= maxSpeakers {
		o.old, o.young = o.young, map[netip.Addr]*speaker{}
	}
	o.young[a] = at
	return at
}

func (o *speakers) take(a netip.Addr, l limits) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of(a).bucket.take(l.rate, l.burst, o.now())
}

// prove notes that an address hears what we send there.
func (o *speakers) prove(a netip.Addr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of(a).proven = true
}

func (o *speakers) proven(a netip.Addr) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if at := o.young[a]; at != nil {
		return at.proven
	}
	at := o.old[a]
	return at != nil && at.proven
}
