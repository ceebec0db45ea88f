package webhook

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"hotline/config"
)

// Tolerance is how far a timestamp may be from the receiver's clock.
const Tolerance = 5 * time.Minute

// ErrSignature refuses a message: headers missing, no key fits, or a timestamp
// too far away.
var ErrSignature = errors.New("webhook: the signature does not hold")

// Keys signs with all its keys and accepts any of them: the current one and,
// while it is being changed, the one before.
type Keys struct{ hooks []*standardwebhooks.Webhook }

// NewKeys reads secrets, the current one first; empty ones are left out.
func NewKeys(secrets ...config.Secret) (Keys, error) {
	var k Keys
	for _, s := range secrets {
		if s.IsZero() {
			continue
		}
		raw, err := key(s)
		if err != nil {
			return Keys{}, errors.New("webhook: secret: " + err.Error())
		}
		hook, err := standardwebhooks.NewWebhookRaw(raw)
		if err != nil {
			return Keys{}, errors.New("webhook: the secret cannot be used")
		}
		k.hooks = append(k.hooks, hook)
	}
	if len(k.hooks) == 0 {
		return Keys{}, errors.New("webhook: no secret")
	}
	return k, nil
}

// Sign sets the three headers of Standard Webhooks on h.
func (k Keys) Sign(h http.Header, id string, at time.Time, body []byte) error {
	signatures := make([]string, len(k.hooks))
	for i, hook := range k.hooks {
		s, err := hook.Sign(id, at, body)
		if err != nil {
			return errors.New("webhook: sign: " + err.Error())
		}
		signatures[i] = s
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

// Verify checks a received message at the receiver's time; nil or ErrSignature.
func (k Keys) Verify(h http.Header, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(h.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return ErrSignature
	}
	if off := now.Sub(time.Unix(seconds, 0)).Abs(); off > Tolerance {
		return ErrSignature
	}
	for _, hook := range k.hooks {
		if hook.VerifyIgnoringTimestamp(body, h) == nil {
			return nil
		}
	}
	return ErrSignature
}
