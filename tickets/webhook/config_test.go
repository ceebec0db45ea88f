package webhook_test

import (
	"strings"
	"testing"
	"time"

	"hotline/config"
	"hotline/tickets"
	"hotline/tickets/webhook"
)

func endpoint(change func(*webhook.Endpoint)) webhook.Endpoint {
	e := webhook.Endpoint{Code: "SUB-001", URL: "https://unit.example/tickets", Secret: config.NewSecret(vectorSecret)}
	if change != nil {
		change(&e)
	}
	return e
}

func TestConfig(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*webhook.Endpoint)
		want   string // empty: it is fine
	}{
		"complete":         {nil, ""},
		"all scopes":       {func(e *webhook.Endpoint) { e.PIIScope = tickets.ScopeFull }, ""},
		"rotation":         {func(e *webhook.Endpoint) { e.PreviousSecret = config.NewSecret(previousSecret) }, ""},
		"this machine":     {func(e *webhook.Endpoint) { e.URL = "http://127.0.0.1:9000/x" }, ""},
		"IPv6 loopback":    {func(e *webhook.Endpoint) { e.URL = "http://[::1]:9000/x" }, ""},
		"plain, permitted": {func(e *webhook.Endpoint) { e.URL, e.AllowHTTP = "http://10.0.0.8/x", true }, ""},
		"plain":            {func(e *webhook.Endpoint) { e.URL = "http://10.0.0.8/x" }, "units[0].url: want https"},
		"no code":          {func(e *webhook.Endpoint) { e.Code = "" }, "units[0].code: is missing"},
		"no url":           {func(e *webhook.Endpoint) { e.URL = "" }, "units[0].url: want https"},
		"a password":       {func(e *webhook.Endpoint) { e.URL = "https://me:hush@unit.example/" }, "units[0].url: must not hold a password"},
		"broken url":       {func(e *webhook.Endpoint) { e.URL = "https://unit example/?token=hush\x7f" }, "units[0].url: want https"},
		"another scheme":   {func(e *webhook.Endpoint) { e.URL = "ftp://unit.example/" }, "units[0].url: want https"},
		"no secret":        {func(e *webhook.Endpoint) { e.Secret = config.Secret{} }, "units[0].secret: want whsec_"},
		"short secret":     {func(e *webhook.Endpoint) { e.Secret = config.NewSecret("whsec_aHVzaA==") }, "units[0].secret: has 4 bytes, want 24 to 64"},
		"bad previous":     {func(e *webhook.Endpoint) { e.PreviousSecret = config.NewSecret("hush") }, "units[0].previous_secret: want whsec_"},
		"unknown scope":    {func(e *webhook.Endpoint) { e.PIIScope = "all" }, `units[0].pii_scope: "all" is none of`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := webhook.Config{Units: []webhook.Endpoint{endpoint(tt.change)}}.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestConfigAsAWhole(t *testing.T) {
	t.Parallel()
	if err := (webhook.Config{}).Validate(); err != nil {
		t.Errorf("no units: %v", err)
	}
	if err := (webhook.Config{Units: []webhook.Endpoint{endpoint(nil), endpoint(nil)}}).Validate(); err == nil || !strings.Contains(err.Error(), `units[1].code: "SUB-001" stands twice`) {
		t.Errorf("a unit twice: %v", err)
	}
	if err := (webhook.Config{Timeout: time.Hour}).Validate(); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("an hour: %v", err)
	}
	if _, err := webhook.New(webhook.Options{Config: webhook.Config{Timeout: -1}}); err == nil {
		t.Error("New takes what Validate refuses")
	}
}

func TestUnitsAreFoundByCode(t *testing.T) {
	t.Parallel()
	u, err := webhook.New(webhook.Options{Config: webhook.Config{Units: []webhook.Endpoint{
		endpoint(nil), endpoint(func(e *webhook.Endpoint) { e.Code, e.PIIScope = "DEP-001", tickets.ScopeFull }),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, ok := u.Sink("SUB-001"); !ok || u.Scope("SUB-001") != "" || u.Scope("DEP-001") != tickets.ScopeFull {
		t.Errorf("SUB-001 %v, scopes %q and %q", ok, u.Scope("SUB-001"), u.Scope("DEP-001"))
	}
	if s, ok := u.Sink("SUB-002"); ok || s != nil {
		t.Error("a unit without an endpoint has one")
	}
}
