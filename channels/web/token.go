package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	tokenLife   = 30 * 24 * time.Hour
	tokenIssuer = "hotline"
	scalarBytes = 32 // of P-256
	tokenLimit  = 2048
)

// errToken says that a token is not one of ours, or too old; it never says why.
var errToken = errors.New("web: the visitor's token is not valid")

// claims of an anonymous visitor (RFC 7519). Times are whole seconds.
type claims struct {
	Issuer  string // iss
	Visitor string // sub
	Account string // app
	Issued  int64  // iat
	Expires int64  // exp
}

// signer makes and checks visitors' tokens: JWTs signed by ES256 (RFC 7518
// §3.4), and takes no other algorithm. All nodes of one key agree.
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
	token, err := jwt.NewWithClaims(jwt.SigningMethodES256, visitorClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: c.Issuer, Subject: c.Visitor, IssuedAt: jwt.NewNumericDate(time.Unix(c.Issued, 0)),
			ExpiresAt: jwt.NewNumericDate(time.Unix(c.Expires, 0)),
		},
		Account: c.Account,
	}).SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("web: token: %w", err)
	}
	return token, nil
}

func (s *signer) verify(token string, now time.Time) (claims, error) {
	if len(token) > tokenLimit {
		return claims{}, errToken
	}
	var read visitorClaims
	_, err := jwt.ParseWithClaims(token, &read, func(*jwt.Token) (any, error) { return &s.key.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithIssuer(tokenIssuer),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil || read.Subject == "" || read.IssuedAt == nil {
		return claims{}, errToken
	}
	return claims{read.Issuer, read.Subject, read.Account, read.IssuedAt.Unix(), read.ExpiresAt.Unix()}, nil
}

// visitorClaims are the claims as the library reads them.
type visitorClaims struct {
	jwt.RegisteredClaims
	Account string `json:"app"`
}
