package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	tokenLife   = 30 * 24 * time.Hour
	tokenIssuer = "hotline"
	tokenHeader = `{"alg":"ES256","typ":"JWT"}` //nolint:gosec // a JOSE header, the same for all, is no secret
	scalarBytes = 32                            // of P-256
	tokenLimit  = 2048
)

// errToken says that a token is not one of ours, or too old; it never says why.
var errToken = errors.New("web: the visitor's token is not valid")

// claims of an anonymous visitor (RFC 7519). Times are whole seconds.
type claims struct {
	Issuer  string `json:"iss"`
	Visitor string `json:"sub"`
	Account string `json:"app"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

// signer makes and checks visitors' tokens: JWTs signed by ES256 (RFC 7518
// §3.4). It accepts nothing but its own header, so that no other algorithm can
// be talked into it. All nodes of one key agree.
type signer struct{ key *ecdsa.PrivateKey }

// newSigner derives the signing key from the key of pseudonyms.
func newSigner(secret []byte) (*signer, error) {
	if len(secret) < 32 {
		return nil, fmt.Errorf("web: key: %d bytes, want 32 or more", len(secret))
	}
	for try := range 8 { // a scalar out of range has odds of 2^-32
		scalar, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("hotline web visitor token %d", try), scalarBytes)
		if err != nil {
			return nil, fmt.Errorf("web: key: %w", err)
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return &signer{key}, nil
		}
	}
	return nil, errors.New("web: key: no signing key can be derived")
}

func (s *signer) sign(c claims) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("web: token: %w", err)
	}
	signed := encode([]byte(tokenHeader)) + "." + encode(body)
	hash := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, hash[:])
	if err != nil {
		return "", fmt.Errorf("web: token: %w", err)
	}
	raw := make([]byte, 2*scalarBytes)
	r.FillBytes(raw[:scalarBytes])
	v.FillBytes(raw[scalarBytes:])
	return signed + "." + encode(raw), nil
}

func (s *signer) verify(token string, now time.Time) (claims, error) {
	header, rest, _ := strings.Cut(token, ".")
	body, signature, found := strings.Cut(rest, ".")
	if !found || len(token) > tokenLimit || header != encode([]byte(tokenHeader)) {
		return claims{}, errToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || len(raw) != 2*scalarBytes {
		return claims{}, errToken
	}
	hash := sha256.Sum256([]byte(header + "." + body))
	r, v := new(big.Int).SetBytes(raw[:scalarBytes]), new(big.Int).SetBytes(raw[scalarBytes:])
	if !ecdsa.Verify(&s.key.PublicKey, hash[:], r, v) {
		return claims{}, errToken
	}
	return read(body, now)
}

func read(body string, now time.Time) (claims, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return claims{}, errToken
	}
	var c claims
	if json.Unmarshal(text, &c) != nil || c.Issuer != tokenIssuer || c.Visitor == "" || now.Unix() >= c.Expires {
		return claims{}, errToken
	}
	return c, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
