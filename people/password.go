package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltSize = 16
	keySize  = 32
)

// Hashing is the cost of one password, for argon2id.
type Hashing struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// OWASP is the first choice of the OWASP Password Storage Cheat Sheet for
// argon2id: 19 MiB, 2 passes, 1 thread.
func OWASP() Hashing { return Hashing{Memory: 19 * 1024, Passes: 2, Threads: 1} }

// hash makes the PHC string of a password.
func (h Hashing) hash(password string) string {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails, says crypto/rand
	return phc{cost: h, salt: salt, key: h.key(password, salt, keySize)}.String()
}

func (h Hashing) key(password string, salt []byte, size uint32) []byte {
	return argon2.IDKey([]byte(password), salt, h.Passes, h.Memory, h.Threads, size)
}

// phc is a parsed PHC string:
// $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>, base 64 without padding.
type phc struct {
	cost Hashing
	salt []byte
	key  []byte
}

func (p phc) String() string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Passes, p.cost.Threads, b.EncodeToString(p.salt), b.EncodeToString(p.key))
}

func (p phc) matches(password string) bool {
	got := p.cost.key(password, p.salt, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(got, p.key) == 1
}

// parsePHC takes only what hash writes, within bounds: the database may hold
// anything, and a cost of its choice must not stop a node. It must print back
// to itself, so that there is one form.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return phc{}, errors.New("stored password: not argon2id")
	}
	var p phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.cost.Memory, &p.cost.Passes, &p.cost.Threads); err != nil {
		return phc{}, errors.New("stored password: no cost")
	}
	var errSalt, errKey error
	p.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.key, errKey = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errSalt != nil || errKey != nil || p.String() != s {
		return phc{}, errors.New("stored password: not in PHC form")
	}
	return p, p.bounds()
}

func (p phc) bounds() error {
	const maxMemory, maxPasses = 1 << 20, 64 // 1 GiB
	switch {
	case p.cost.Memory < 8 || p.cost.Memory > maxMemory, p.cost.Passes < 1 || p.cost.Passes > maxPasses, p.cost.Threads < 1:
		return errors.New("stored password: cost out of bounds")
	case len(p.salt) < 8 || len(p.salt) > 64 || len(p.key) < 16 || len(p.key) > 64:
		return errors.New("stored password: salt or key out of bounds")
	default:
		return nil
	}
}

// kitchen bounds how many passwords are computed at once: each takes memory.
type kitchen chan struct{}

func (k kitchen) enter(ctx context.Context) error {
	select {
	case k <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k kitchen) leave() { <-k }
