package simulate

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
)

// What is drawn for one use tells nothing of another, nor of another
// replication.
func TestStreamsHaveNothingInCommon(t *testing.T) {
	t.Parallel()
	const n = 200_000
	draw := func(replication, use int) []float64 {
		next := Times{Mean: time.Minute, CV: 1}.sampler(Scenario{Seed: 1}.source(replication, 0, use))
		all := make([]float64, n)
		for i := range all {
			all[i] = next().Seconds()
		}
		return all
	}
	first := draw(0, 0)
	for name, other := range map[string][]float64{"another use": draw(0, 1), "another replication": draw(1, 0)} {
		if c := stat.Correlation(first, other, nil); math.Abs(c) > 4/math.Sqrt(n) {
			t.Errorf("the correlation with %s is %.4f", name, c)
		}
	}
	same := draw(0, 0)
	if c := stat.Correlation(first, same, nil); math.Abs(c-1) > 1e-9 {
		t.Errorf("the same stream is another: correlation %.4f", c)
	}
}
