package callbacks

import "github.com/prometheus/client_golang/prometheus"

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

// metrics counts promises as they are made and as they end.
type metrics struct{ made, ended *prometheus.CounterVec }

func newMetrics(r Registerer) *metrics {
	m := &metrics{
		made: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_callbacks_promised_total", Help: "Promises to call back, by why they were made.",
		}, []string{"why"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_callbacks_ended_total", Help: "Promises that ended, by how: done, given_up, cancelled.",
		}, []string{"state"}),
	}
	r.MustRegister(m.made, m.ended)
	for _, w := range Whys() {
		m.made.WithLabelValues(string(w))
	}
	for _, s := range []State{Done, GivenUp, Cancelled} {
		m.ended.WithLabelValues(string(s))
	}
	return m
}

// flow counts what the runner does.
type flow struct {
	attempts *prometheus.CounterVec
	held     prometheus.Gauge
}

// What becomes of an attempt.
const (
	attemptReached = "reached"
	attemptMissed  = "missed"
)

func newFlow(r Registerer) *flow {
	f := &flow{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_callbacks_attempts_total", Help: "Citizens dialled, by whether they answered.",
		}, []string{"outcome"}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hotline_callbacks_held", Help: "Promises that this node has in the queue or on the line.",
		}),
	}
	r.MustRegister(f.attempts, f.held)
	f.attempts.WithLabelValues(attemptReached)
	f.attempts.WithLabelValues(attemptMissed)
	return f
}
