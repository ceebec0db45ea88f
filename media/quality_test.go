package media

import (
	"math"
	"testing"
	"time"
)

func TestQualitySince(t *testing.T) {
	t.Parallel()
	before := Stats{In: 100, Lost: 3}
	cases := map[string]struct {
		now  Stats
		want Quality
	}{
		"perfect":            {Stats{In: 350, Lost: 3}, Quality{MOS: 4.4}},
		"nothing arrived":    {before, Quality{}},
		"a tenth is lost":    {Stats{In: 325, Lost: 28}, Quality{Loss: 0.1, MOS: 3.4}},
		"late packets":       {Stats{In: 350, Lost: 1}, Quality{MOS: 4.4}},
		"far away and shaky": {Stats{In: 350, Lost: 3, Jitter: 40 * time.Millisecond, RoundTrip: 600 * time.Millisecond}, Quality{Jitter: 40 * time.Millisecond, Delay: 400 * time.Millisecond, MOS: 3.1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.now.Since(before)
			if math.Abs(got.Loss-c.want.Loss) > 1e-9 || got.Jitter != c.want.Jitter || got.Delay != c.want.Delay || math.Abs(got.MOS-c.want.MOS) > 0.05 {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
