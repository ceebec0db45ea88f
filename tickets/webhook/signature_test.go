package webhook_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/config"
	"hotline/tickets/webhook"
)

// The vector published with the Standard Webhooks libraries.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func vectorTime() time.Time { return time.Unix(1614265330, 0) }

const previousSecret = "whsec_cHJldmlvdXMgcHJldmlvdXMgcHJldmlvdXM="

func keys(t *testing.T, secrets ...string) webhook.Keys {
	t.Helper()
	var all []config.Secret
	for _, s := range secrets {
		all = append(all, config.NewSecret(s))
	}
	k, err := webhook.NewKeys(all...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTheOfficialVector(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	if err := keys(t, vectorSecret).Sign(h, vectorID, vectorTime(), []byte(vectorBody)); err != nil {
		t.Fatal(err)
	}
	if h.Get("webhook-id") != vectorID || h.Get("webhook-timestamp") != "1614265330" || h.Get("webhook-signature") != vectorSignature {
		t.Errorf("signed %v, want %s", h, vectorSignature)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		signer, verifier []string
		change           func(http.Header)
		body             string
		off              time.Duration
		ok               bool
	}{
		"as signed":                    {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, ok: true},
		"four minutes late":            {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, off: 4 * time.Minute, ok: true},
		"six minutes late":             {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, off: 6 * time.Minute},
		"six minutes early":            {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, off: -6 * time.Minute},
		"another key":                  {signer: []string{previousSecret}, verifier: []string{vectorSecret}},
		"another body":                 {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, body: `{"test": 2432232315}`},
		"another id":                   {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Set("webhook-id", "x") }},
		"another time":                 {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Set("webhook-timestamp", "1614265331") }},
		"no signature":                 {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Del("webhook-signature") }},
		"no timestamp":                 {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Del("webhook-timestamp") }},
		"no id":                        {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Del("webhook-id") }},
		"another version":              {signer: []string{vectorSecret}, verifier: []string{vectorSecret}, change: func(h http.Header) { h.Set("webhook-signature", "v2"+vectorSignature[2:]) }},
		"rotation: receiver is ahead":  {signer: []string{previousSecret}, verifier: []string{vectorSecret, previousSecret}, ok: true},
		"rotation: receiver is behind": {signer: []string{vectorSecret, previousSecret}, verifier: []string{previousSecret}, ok: true},
		"rotation is over":             {signer: []string{vectorSecret}, verifier: []string{previousSecret}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			if err := keys(t, tt.signer...).Sign(h, vectorID, vectorTime(), []byte(vectorBody)); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(h)
			}
			body := vectorBody
			if tt.body != "" {
				body = tt.body
			}
			err := keys(t, tt.verifier...).Verify(h, []byte(body), vectorTime().Add(tt.off))
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, webhook.ErrSignature) {
				t.Errorf("error %v, want ok=%v", err, tt.ok)
			}
		})
	}
}

func TestKeysAreCheckedAndNeverTold(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]string{
		"none": "", "no prefix": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "not base64": "whsec_hush hush!", "short": "whsec_aHVzaA==",
	} {
		_, err := webhook.NewKeys(config.NewSecret(s))
		if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "aHVz") || strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, "1614265330", vectorSignature, vectorBody)
	f.Add("", "-1", "v1, v1,,", "")
	k, err := webhook.NewKeys(config.NewSecret(vectorSecret))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, at, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {signature}}
		if k.Verify(h, []byte(body), vectorTime()) == nil && (id != vectorID || body != vectorBody) {
			t.Errorf("a forgery holds: %q %q %q", id, at, signature)
		}
	})
}
