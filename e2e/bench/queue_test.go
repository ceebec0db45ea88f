package main

import (
	"math"
	"testing"
	"time"

	"hotline/routing"
)

func TestTotal(t *testing.T) {
	t.Parallel()
	const info = "cmdstat_get:calls=3,usec=1\r\ncmdstat_config|set:calls=4,usec=1\r\nused_cpu_sys_main_thread:0.25\r\nused_cpu_user_main_thread:0.5\r\nused_cpu_sys:9\r\n"
	for pattern, want := range map[string]float64{
		`cmdstat_\S+?:calls=(\d+)`:           7,
		`used_cpu_\w+_main_thread:([0-9.]+)`: 0.75,
		`nothing:(\d+)`:                      0,
	} {
		if got := total(info, pattern); got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

func TestAShareMustBeAtLeast(t *testing.T) {
	t.Parallel()
	g := gate{"queue-match", byShare, 0.15}
	for ours, broken := range map[float64]bool{14: true, 15: false, 90: false, math.NaN(): true} {
		if got := g.broken(figure{"queue-match", ours, "", ceiling, 100, true}); (got != "") != broken {
			t.Errorf("%v of 100: %q", ours, got)
		}
	}
}

func TestADelayCountsFromTheLaterSide(t *testing.T) {
	t.Parallel()
	now := time.Now()
	cmd := routing.Command{Contact: "c", Agent: "1001"}
	tests := map[string]struct {
		since begun
		least float64 // ms; below 0 for none
	}{
		"contact":      {begun{"c": now.Add(-time.Second)}, 1000},
		"seat":         {begun{"1001": now.Add(-time.Second)}, 1000},
		"both":         {begun{"c": now.Add(-time.Hour), "1001": now.Add(-time.Second)}, 1000},
		"both, turned": {begun{"1001": now.Add(-time.Hour), "c": now.Add(-time.Second)}, 1000},
		"neither":      {begun{}, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tt.since.met(cmd, nil)
			if len(tt.since) > 0 || (len(got) == 0) != (tt.least < 0) {
				t.Fatalf("delays %v, left %v", got, tt.since)
			}
			if len(got) > 0 && (got[0] < tt.least || got[0] > tt.least+60_000) {
				t.Errorf("%v ms, want a little over %v", got[0], tt.least)
			}
		})
	}
}
