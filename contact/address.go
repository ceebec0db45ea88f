package contact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Address is where a citizen is reached: a phone number in E.164, or a
// platform's user ID. It prints masked everywhere (fmt, slog, JSON), so that
// it cannot reach a log by accident; Reveal is the one way to its value.
type Address struct{ value string }

// NewAddress wraps a number or a platform's user ID.
func NewAddress(value string) Address { return Address{value} }

// Reveal returns the full value. Callers are few, and audited where a person sees it.
func (a Address) Reveal() string { return a.value }

// IsZero says that the citizen withheld the address.
func (a Address) IsZero() bool { return a.value == "" }

// String is the masked form: +86138****5678, or * for short values.
func (a Address) String() string {
	switch n := len(a.value); {
	case n == 0:
		return "anonymous"
	case n < 7:
		return strings.Repeat("*", n)
	default:
		return a.value[:max(n-8, 0)] + "****" + a.value[n-4:]
	}
}

// Format masks for every verb, %#v and %q too.
func (a Address) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue masks in structured logs.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

// MarshalJSON writes the masked form.
func (a Address) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// Ref is the citizen's stable pseudonym under key: 26 base-32 characters of
// HMAC-SHA-256. It names the citizen in Redis keys and in tickets; the zero
// Address has no Ref.
func (a Address) Ref(key []byte) string {
	if a.IsZero() {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, a.value)
	return base32.StdEncoding.EncodeToString(mac.Sum(nil))[:26]
}
