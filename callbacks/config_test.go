package callbacks_test

import (
	"strings"
	"testing"
	"time"

	"hotline/callbacks"
)

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*callbacks.Config)
		want   string
	}{
		"as it comes":     {func(*callbacks.Config) {}, ""},
		"off":             {func(c *callbacks.Config) { *c = callbacks.Config{Ring: -1} }, ""},
		"nobody calls":    {func(c *callbacks.Config) { c.From = "" }, "from:"},
		"short ring":      {func(c *callbacks.Config) { c.Ring = time.Millisecond }, "ring:"},
		"before the wait": {func(c *callbacks.Config) { c.AbandonedAfter = -1 }, "abandoned_after:"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := callbacks.Defaults()
			cfg.Trunk = "carrier"
			c.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
