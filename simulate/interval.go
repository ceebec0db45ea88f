package simulate

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a mean of independent replications and the half-width of its
// 95 % confidence interval (Student's t).
type Interval struct {
	Mean float64 `json:"mean"`
	Half float64 `json:"half"`
}

// interval needs two values or more.
func interval(values []float64) Interval {
	mean, deviation := stat.MeanStdDev(values, nil)
	n := float64(len(values))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return Interval{Mean: mean, Half: t * deviation / math.Sqrt(n)}
}

// Holds says whether the value lies in the interval.
func (i Interval) Holds(value float64) bool { return math.Abs(value-i.Mean) <= i.Half }

// Relative is the half-width as a share of the mean.
func (i Interval) Relative() float64 {
	if i.Mean == 0 {
		return 0
	}
	return i.Half / math.Abs(i.Mean)
}
