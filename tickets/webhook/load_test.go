package webhook_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/config"
	"hotline/tickets"
	"hotline/tickets/webhook"
)

func TestConfigFromAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", vectorSecret+"\n")
	file := write("config.yaml", `
units:
  - code: SUB-001
    url: https://unit.example/tickets
    secret_file: `+secret+`
    pii_scope: none
`)
	c, err := config.Load[webhook.Config](config.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if c.Timeout != 10*time.Second || len(c.Units) != 1 || c.Units[0].Secret.Reveal() != vectorSecret || c.Units[0].PIIScope != tickets.ScopeNone {
		t.Errorf("loaded %+v", c)
	}
}
