package remote

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrSeal says that a message came from a node with another key.
var ErrSeal = errors.New("remote: the message cannot be opened: is node.ref_key the same on all nodes?")

// seal hides what crosses, citizens' addresses and words among it: Redis writes
// messages to disk.
type seal struct{ aead cipher.AEAD }

func newSeal(key []byte) (seal, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "hotline bus", 32)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	return seal{aead}, nil
}

func (s seal) close(b []byte) []byte {
	return s.aead.Seal(nil, nil, b, nil) //nolint:gosec // G407: this AEAD makes its own nonce
}

func (s seal) open(b []byte) ([]byte, error) {
	text, err := s.aead.Open(nil, nil, b, nil)
	if err != nil {
		return nil, ErrSeal
	}
	return text, nil
}
