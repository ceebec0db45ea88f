package main

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args   []string
		rounds int
		bad    string
	}{
		"nothing":       {nil, 3, ""},
		"rounds":        {[]string{"-rounds", "5"}, 5, ""},
		"quick is one":  {[]string{"-quick", "-rounds", "5"}, 1, ""},
		"unknown bench": {[]string{"no-such"}, 3, `no bench "no-such"`},
		"no rounds":     {[]string{"-rounds", "0"}, 0, "-rounds"},
		"unknown flag":  {[]string{"-no-such"}, 3, "no-such"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := parse(tt.args)
			if tt.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tt.bad) {
					t.Errorf("err = %v, want %q", err, tt.bad)
				}
				return
			}
			if err != nil || o.rounds != tt.rounds {
				t.Errorf("rounds = %d, err = %v", o.rounds, err)
			}
		})
	}
}

func TestNamesAreUnlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range names() {
		if seen[name] || name == "" || strings.ContainsAny(name, " |`") {
			t.Errorf("name %q", name)
		}
		seen[name] = true
	}
}
