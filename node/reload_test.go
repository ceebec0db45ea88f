package node

import (
	"context"
	"log/slog"
	"strings"
	"testing"
)

func TestReload(t *testing.T) {
	t.Parallel()
	n := New(Options{Config: small(t), Log: slog.New(slog.DiscardHandler)})
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	version := n.lines.Version()
	tests := []struct {
		name   string
		change func(*Config)
		fault  string // empty: taken
	}{
		{"a faulty line", func(c *Config) { c.Lines[0].Ring = 0 }, "lines[0].ring"},
		{"a faulty policy", func(c *Config) { c.Routing.Pick = "whoever" }, "routing.pick"},
		{"the same", func(*Config) {}, ""},
		{"another", func(c *Config) { c.Lines[0].Numbers[0].Dial = "12315" }, ""},
	}
	for _, tt := range tests {
		cfg := small(t)
		tt.change(&cfg)
		err := n.Reload(t.Context(), cfg)
		if tt.fault == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.fault) || n.lines.Version() != version {
			t.Errorf("%s: error %v, version %s after %s", tt.name, err, n.lines.Version(), version)
		}
	}
	if _, _, ok := n.lines.ByNumber("12315"); !ok || n.lines.Version() == version {
		t.Error("the new policy is not in force")
	}
}
