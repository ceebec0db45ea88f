package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func TestFigureLine(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		figure figure
		want   string
	}{
		"with a peer":   {figure{"a", 0.1234, "cores", peer, 0.2, true}, "bench a ours=0.123 peer=0.200 ratio=0.62 unit=cores"},
		"alone":         {figure{name: "b", ours: 1234.5, unit: "KB a call"}, "bench b ours=1234 unit=KB-a-call"},
		"no ratio":      {figure{"c", 0, "packets", peer, 150, false}, "bench c ours=0 peer=150 unit=packets"},
		"ratio of none": {figure{"d", 1, "", floor, 0, true}, "bench d ours=1 floor=0"},
		"ceiling":       {figure{"e", 12.34, "", ceiling, 1.234, false}, "bench e ours=12.3 ceiling=1.23"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			l := lab{out: &out}
			l.report(tt.figure)
			if got := strings.TrimSuffix(out.String(), "\n"); got != tt.want || len(l.figures) != 1 {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBeyond(t *testing.T) {
	t.Parallel()
	limits := []gate{{"cost", byRatio, 0.75}, {"lost", byOurs, 0}}
	tests := map[string]struct {
		figure figure
		broken bool
	}{
		"at the limit":     {figure{"cost", 0.75, "", peer, 1, true}, false},
		"over it":          {figure{"cost", 0.76, "", peer, 1, true}, true},
		"no peer no ratio": {figure{name: "cost", ours: 0.1}, true},
		"nothing measured": {figure{"cost", math.NaN(), "", peer, 1, true}, true},
		"none lost":        {figure{name: "lost"}, false},
		"one lost":         {figure{name: "lost", ours: 1}, true},
		"no gate":          {figure{name: "free", ours: 1e9}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := beyond([]figure{tt.figure}, limits); (len(got) > 0) != tt.broken {
				t.Errorf("broken: %q", got)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	limits := []gate{{"cost", byRatio, 0.75}, {"lost", byOurs, 0}}
	for name, want := range map[string]string{"cost": "ratio ≤ 0.750", "lost": "≤ 0", "free": ""} {
		if got := limit(name, limits); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
