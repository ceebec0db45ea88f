package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"hotline/config"
	"hotline/contact"
)

// Sessions keeps who is signed in. Keys are hashes of tokens: who reads the
// store cannot sign in.
type Sessions interface {
	// Put keeps a session for life.
	Put(ctx context.Context, key string, account contact.AgentID, life time.Duration) error
	// Get tells whose session it is; ErrNoSession when it is over.
	Get(ctx context.Context, key string) (contact.AgentID, error)
	// Delete ends a session and tells whose it was; ErrNoSession when it was over.
	Delete(ctx context.Context, key string) (contact.AgentID, error)
	// DeleteAll ends every session of the account.
	DeleteAll(ctx context.Context, account contact.AgentID) error
}

// Attempts counts wrong passwords under a key. All nodes see one count.
type Attempts interface {
	// Take counts one more. At limit and above it counts nothing and tells how
	// long the lock still holds. The first sets the window, and the one that
	// reaches the limit sets it anew. Atomic.
	Take(ctx context.Context, key string, limit int, window time.Duration) (Attempt, error)
	// Locked tells, without counting, how long the lock still holds; 0 for none.
	Locked(ctx context.Context, key string, limit int) (time.Duration, error)
	// Clear forgets the keys.
	Clear(ctx context.Context, keys ...string) error
}

// Attempt is what Take answers.
type Attempt struct {
	Number int           // from 1; above the limit when locked
	Wait   time.Duration // 0 when it may be made
}

// Session is a new sign-in. The token goes to the desk's cookie and nowhere else.
type Session struct {
	Token   config.Secret
	Account Account
	Expires time.Time
}

// newToken is 256 bits from the system's source.
func newToken() config.Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return config.NewSecret(base64.RawURLEncoding.EncodeToString(b))
}

// keyOf is where a token's session is kept.
func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
