package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"hotline/config"
	"hotline/tickets"
)

// AnyUnit as an endpoint's code stands for every unit without one of its own.
const AnyUnit = "*"

// Config says where each unit receives its tickets.
type Config struct {
	Timeout time.Duration `yaml:"timeout" default:"10s" doc:"Time a unit has to answer one attempt."`
	Units   []Endpoint    `yaml:"units" doc:"The units' endpoints; a unit without one gets its tickets into the dead-letter list."`
}

// Endpoint is one unit's receiver.
type Endpoint struct {
	Code           string           `yaml:"code" doc:"Unit code of the directory, or * for all units without an endpoint of their own."`
	URL            string           `yaml:"url" doc:"Where tickets are posted; https, or http to this machine."`
	AllowHTTP      bool             `yaml:"allow_http" default:"false" doc:"Permits plain http to another machine, on a network trusted with personal data."`
	Secret         config.Secret    `yaml:"secret" secret:"true" doc:"Signing key, whsec_ and 24 to 64 bytes in base64."`
	PreviousSecret config.Secret    `yaml:"previous_secret" secret:"true" doc:"The key before, while the unit still changes over; both sign."`
	PIIScope       tickets.PIIScope `yaml:"pii_scope" doc:"What of the requester the unit sees: full, masked or none; empty leaves it to the directory."`
}

// Validate names each field that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Timeout < 0 || c.Timeout > time.Minute {
		errs = append(errs, fmt.Errorf("timeout: %s is outside 0s to 1m", c.Timeout))
	}
	seen := map[string]bool{}
	for i, e := range c.Units {
		for _, err := range e.problems() {
			errs = append(errs, fmt.Errorf("units[%d].%w", i, err))
		}
		if seen[e.Code] {
			errs = append(errs, fmt.Errorf("units[%d].code: %q stands twice", i, e.Code))
		}
		seen[e.Code] = true
	}
	return errors.Join(errs...)
}

func (e Endpoint) problems() []error {
	var errs []error
	if e.Code == "" {
		errs = append(errs, errors.New("code: is missing"))
	}
	if err := e.checkURL(); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	if _, err := key(e.Secret); err != nil {
		errs = append(errs, fmt.Errorf("secret: %w", err))
	}
	if _, err := key(e.PreviousSecret); err != nil && !e.PreviousSecret.IsZero() {
		errs = append(errs, fmt.Errorf("previous_secret: %w", err))
	}
	switch e.PIIScope {
	case "", tickets.ScopeFull, tickets.ScopeMasked, tickets.ScopeNone:
	default:
		errs = append(errs, fmt.Errorf("pii_scope: %.20q is none of full, masked, none", e.PIIScope))
	}
	return errs
}

func (e Endpoint) checkURL() error {
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "":
		return errors.New("want https://HOST/PATH") // err would repeat the URL, which may hold a token
	case u.User != nil:
		return errors.New("must not hold a password")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (e.AllowHTTP || loopback(u.Hostname())):
		return nil
	}
	return errors.New("want https (http only to this machine, or with allow_http)")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// key reads a secret; the error does not repeat it.
func key(s config.Secret) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s.Reveal(), "whsec_")
	if !ok {
		return nil, errors.New("want whsec_ and base64")
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("is not base64 after whsec_")
	}
	if len(b) < 24 || len(b) > 64 {
		return nil, fmt.Errorf("has %d bytes, want 24 to 64", len(b))
	}
	return b, nil
}
