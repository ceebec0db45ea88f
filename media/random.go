package media

import (
	"crypto/rand"
	"encoding/binary"
)

// RandomNumber is a random SSRC or first timestamp (RFC 3550 §5.1, §8).
func RandomNumber() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint32(b[:])
}
