package sip

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"slices"
)

// maxAccounts is how many accounts one generation holds; there are two.
const maxAccounts = 4096

// account is what an address that has proven nothing asked under one Call-ID,
// and what it got. Anybody can forge the source of a datagram: without a
// bound, an INVITE that nobody acknowledges would draw thirteen times its
// octets in repetitions, on whomever the forger names.
type account struct {
	in, out int
	sent    []string // start-lines
}

type accountKey struct {
	addr netip.Addr
	call uint64
}

// accounts are guarded by the mutex of their speakers.
type accounts struct {
	seed       maphash.Seed
	young, old map[accountKey]*account
}

func newAccounts() accounts {
	return accounts{seed: maphash.MakeSeed(), young: map[accountKey]*account{}}
}

func (s *accounts) of(a netip.Addr, message []byte) *account {
	key := accountKey{a, maphash.Bytes(s.seed, rawHeader(message, "call-id", "i"))}
	if at := s.young[key]; at != nil {
		return at
	}
	at := s.old[key]
	if at == nil {
		at = &account{}
	}
	if len(s.young) >= maxAccounts {
		s.old, s.young = s.young, map[accountKey]*account{}
	}
	s.young[key] = at
	return at
}

// pays says whether the account covers one more datagram of ours. What was not
// said before is said once; repetitions, and requests of ours, only within the
// bound.
func (a *account) pays(datagram []byte) bool {
	line, _, _ := bytes.Cut(datagram, []byte("\r\n"))
	start := string(line)
	first := bytes.HasPrefix(line, []byte("SIP/2.0 ")) && !slices.Contains(a.sent, start) && len(a.sent) < 8
	if !first && a.out+len(datagram) > amplification*a.in {
		return false
	}
	if first {
		a.sent = append(a.sent, start)
	}
	a.out += len(datagram)
	return true
}

// asked books a datagram of an address that has proven nothing.
func (b *border) asked(from netip.Addr, datagram []byte) {
	if b.sureOf(from) {
		return
	}
	b.speakers.mu.Lock()
	defer b.speakers.mu.Unlock()
	b.speakers.accounts.of(from, datagram).in += len(datagram)
}

// mayAnswer says whether one more datagram may go to an address.
func (b *border) mayAnswer(to netip.Addr, datagram []byte) bool {
	if b.sureOf(to) {
		return true
	}
	b.speakers.mu.Lock()
	defer b.speakers.mu.Unlock()
	return b.speakers.accounts.of(to, datagram).pays(datagram)
}
