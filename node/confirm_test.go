package node

import (
	"strings"
	"testing"

	"hotline/config"
)

func TestHowManyReplicasConfirm(t *testing.T) {
	t.Parallel()
	const shared = "redis://127.0.0.1:1?master_name=hotline"
	tests := map[string]struct {
		url     string
		confirm int
		want    string // empty: nothing is wrong
	}{
		"none asked":                {"", 0, ""},
		"one of a shared Redis":     {shared, 1, ""},
		"one of a private Redis":    {"", 1, "redis.confirm: a private Redis has no replicas"},
		"fewer than none":           {shared, -1, "redis.confirm: -1 is not between 0 and 5"},
		"more than anybody runs":    {shared, 6, "redis.confirm: 6 is not between 0 and 5"},
		"all that may be asked for": {shared, 5, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := small(t)
			cfg.Redis.URL, cfg.Redis.Confirm = config.NewSecret(tt.url), tt.confirm
			var got string
			if err := cfg.Validate(); err != nil {
				got = err.Error()
			}
			if (tt.want != "") != strings.Contains(got, "redis.confirm") || !strings.Contains(got, tt.want) {
				t.Errorf("wrong is %q, want %q", got, tt.want)
			}
		})
	}
}
