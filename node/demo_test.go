package node

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hotline/config"
	"hotline/deploy"
	"hotline/tickets/fakeunit"
)

// TestDemoCity holds the configurations we ship to the strict loader.
func TestDemoCity(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[Config](config.Options{Text: []byte(deploy.Demo)})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(cfg.Lines[0].Numbers); got != 64 {
		t.Errorf("the citizens' line has %d numbers, want 64", got)
	}
}

func TestExampleConfiguration(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../deploy/hotline.yaml")
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "exchange.key")
	if err := os.WriteFile(key, []byte(fakeunit.NewSecret().Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	text := bytes.ReplaceAll(example, []byte("/etc/hotline/exchange.key"), []byte(key))
	if _, err := config.Load[Config](config.Options{Text: text}); err != nil {
		t.Error(err)
	}
}

// TestConfigPage holds docs/config.md to the structs.
func TestConfigPage(t *testing.T) {
	compare(t, "../docs/config.md", Reference())
}
