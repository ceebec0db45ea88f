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
		"no quiet hours":  {func(c *callbacks.Config) { c.QuietFrom, c.QuietTo = "", "" }, ""},
		"nobody calls":    {func(c *callbacks.Config) { c.From = "" }, "from:"},
		"short ring":      {func(c *callbacks.Config) { c.Ring = time.Second }, "ring:"},
		"a pause of none": {func(c *callbacks.Config) { c.Spacing[1] = 0 }, "spacing[1]:"},
		"many pauses":     {func(c *callbacks.Config) { c.Spacing = make([]time.Duration, 10) }, "spacing: 10"},
		"no time":         {func(c *callbacks.Config) { c.QuietFrom = "9 pm" }, "quiet_from:"},
		"no end":          {func(c *callbacks.Config) { c.QuietTo = "" }, "quiet_to:"},
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

func TestQuietHours(t *testing.T) {
	t.Parallel()
	night := callbacks.Defaults()
	noon := callbacks.Config{QuietFrom: "12:00", QuietTo: "14:00"}
	cases := map[string]struct {
		cfg  callbacks.Config
		at   string // Beijing
		want bool
	}{
		"evening":        {night, "20:59", false},
		"night begins":   {night, "21:00", true},
		"midnight":       {night, "00:00", true},
		"before morning": {night, "07:59", true},
		"morning":        {night, "08:00", false},
		"before noon":    {noon, "11:59", false},
		"noon":           {noon, "12:00", true},
		"after noon":     {noon, "14:00", false},
		"none":           {callbacks.Config{}, "00:00", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse("2006-01-02 15:04 -0700", "2026-11-24 "+c.at+" +0800")
			if err != nil {
				t.Fatal(err)
			}
			if got := c.cfg.Quiet(at.UTC()); got != c.want {
				t.Errorf("quiet at %s: %v", c.at, got)
			}
		})
	}
}
