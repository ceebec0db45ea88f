package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
)

// secret makes our To tags: the same for the same request, as a server without
// state must (RFC 3261 §8.2.7), and not to be guessed.
type secret [32]byte

func newSecret() secret {
	var s secret
	_, _ = rand.Read(s[:]) // never fails
	return s
}

// tag of what a request is known by.
func (s secret) tag(names ...string) string {
	h := hmac.New(sha256.New, s[:])
	for _, n := range names {
		_, _ = h.Write([]byte(n))
		_, _ = h.Write([]byte{0})
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16])
}
