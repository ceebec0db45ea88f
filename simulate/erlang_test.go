package simulate_test

import (
	"math"
	"testing"

	"hotline/simulate"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func TestErlangB(t *testing.T) {
	t.Parallel()
	near(t, "5 erlangs on 10", simulate.ErlangB(5, 10), 0.018385, 5e-7)
	near(t, "20.337 erlangs on 30", simulate.ErlangB(20.337, 30), 0.01, 5e-5)
	near(t, "no agents", simulate.ErlangB(5, 0), 1, 0)
}

func TestErlangC(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		station              simulate.Station
		level                float64
		waits, wait, level15 float64
	}{
		"48 erlangs on 55":     {simulate.Station{Rate: 0.2, Handling: 240, Agents: 55}, 15, 0.2387, 8.18, 0.8459},
		"24 erlangs on 30":     {simulate.Station{Rate: 0.1, Handling: 240, Agents: 30}, 20, 0.1729, 6.91, 0.8952},
		"8 erlangs on 10":      {simulate.Station{Rate: 0.08, Handling: 100, Agents: 10}, 20, 0.4092, 20.46, 0.7257},
		"541.7 erlangs on 568": {simulate.Station{Rate: 65000 * 0.1 / 3600, Handling: 300, Agents: 568}, 15, 0.1819, 2.07, 0.9512},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tt.station.WithoutAbandonment(tt.level)
			near(t, "P(wait)", e.Waits, tt.waits, 5e-4)
			near(t, "ASA", e.Wait, tt.wait, 5e-3)
			near(t, "service level", e.Within, tt.level15, 5e-4)
		})
	}
	near(t, "more work than agents", simulate.ErlangC(11, 10), 1, 0)
}

func TestErlangA(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		station               simulate.Station
		waits, wait, abandons float64
	}{
		"patience 120":  {simulate.Station{Rate: 0.2, Handling: 240, Agents: 48, Patience: 120}, 0.4371, 8.08, 0.0673},
		"patience 60":   {simulate.Station{Rate: 1, Handling: 60, Agents: 50, Patience: 60}, 0.9156, 10.32, 0.1720},
		"a double day":  {simulate.Station{Rate: 13000.0 / 3600, Handling: 300, Agents: 750, Patience: 180}, 1, 55.4, 0.3077},
		"four times it": {simulate.Station{Rate: 26000.0 / 3600, Handling: 300, Agents: 750, Patience: 180}, 1, 117.7, 0.6538},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tt.station.WithAbandonment()
			near(t, "P(wait)", e.Waits, tt.waits, 1e-4)
			near(t, "E[W]", e.Wait, tt.wait, 0.06)
			near(t, "P(abandon)", e.Abandon, tt.abandons, 1e-4)
		})
	}
}

func TestCobham(t *testing.T) {
	t.Parallel()
	s := simulate.Station{Rate: 0.1, Handling: 240, Agents: 26}
	waits := s.Cobham([]float64{0.3, 0.7})
	near(t, "the high class", waits[0], 7.62, 0.005)
	near(t, "the low class", waits[1], 99.0, 0.05)
	one := s.Cobham([]float64{1})
	near(t, "one class", one[0], s.WithoutAbandonment(0).Wait, 1e-9)
}
