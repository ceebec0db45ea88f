package web

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func testSigner(t testing.TB, secret string) *signer {
	t.Helper()
	s, err := newSigner([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const secretA, secretB = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

func TestTokensOfOneKeyAgree(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	want := claims{tokenIssuer, "v", "portal", now.Unix(), now.Add(tokenLife).Unix()}
	token, err := testSigner(t, secretA).sign(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := testSigner(t, secretA).verify(token, now); err != nil || got != want {
		t.Errorf("another node of the key reads %+v, %v", got, err)
	}
	header, rest, _ := strings.Cut(token, ".")
	body, signature, _ := strings.Cut(rest, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	hs := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	other, _ := testSigner(t, secretA).sign(claims{"others", "v", "portal", now.Unix(), now.Add(tokenLife).Unix()})
	nobody, _ := testSigner(t, secretA).sign(claims{tokenIssuer, "", "portal", now.Unix(), now.Add(tokenLife).Unix()})
	for name, bad := range map[string]string{
		"empty": "", "two parts": header + "." + body, "no signature": token[:len(token)-len(signature)],
		"cut": token[:len(token)-2], "alg none": none + "." + body + ".", "alg HS256": hs + "." + body + "." + signature,
		"another body":   header + "." + body[:len(body)-1] + "A." + signature,
		"another issuer": other, "nobody": nobody, "long": token + strings.Repeat("A", tokenLimit),
	} {
		if got, err := testSigner(t, secretA).verify(bad, now); !errors.Is(err, errToken) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := testSigner(t, secretB).verify(token, now); !errors.Is(err, errToken) {
		t.Errorf("another key: %v", err)
	}
	if _, err := testSigner(t, secretA).verify(token, now.Add(tokenLife)); !errors.Is(err, errToken) {
		t.Errorf("30 days later: %v", err)
	}
	if _, err := newSigner([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func FuzzVerify(f *testing.F) {
	s := testSigner(f, secretA)
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	signed := claims{tokenIssuer, "v", "portal", now.Unix(), now.Add(tokenLife).Unix()}
	good, err := s.sign(signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := s.verify(token, now); err == nil && c != signed {
			t.Errorf("forged: %q gives %+v", token, c)
		}
	})
}
