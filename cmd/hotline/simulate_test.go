package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/simulate"
)

// Every scenario that ships is read, with the policy it names, and runs.
func TestScenariosRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"erlang-a", "erlang-c", "cobham", "city-hour"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulation{File: filepath.Join("../../deploy/examples", name+".yaml")}
			o, err := s.options()
			if err != nil {
				t.Fatal(err)
			}
			o.Scenario.WarmUp, o.Scenario.For, o.Scenario.Replications = 0, 20*time.Minute, 2
			report, err := simulate.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := simulated(&out, report, time.Second); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), "seats with a contact") || len(report.Lines) == 0 {
				t.Errorf("nothing came of it:\n%s", out.String())
			}
		})
	}
}
