package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

// Metrics are those of all calls of a node.
type Metrics struct{ audio *prometheus.HistogramVec }

// Who hears.
const (
	toCitizen = "citizen"
	toAgent   = "agent"
)

// NewMetrics registers them.
func NewMetrics(r Registerer) *Metrics {
	m := &Metrics{audio: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "hotline_gateway_joined_to_audio_seconds",
		Help:    "From joining citizen and agent to the first packet of the other party that was sent.",
		Buckets: []float64{.001, .002, .005, .01, .015, .02, .03, .04, .05, .075, .1, .15, .2, .3, .5, 1, 5},
	}, []string{"to"})}
	r.MustRegister(m.audio)
	m.audio.WithLabelValues(toCitizen)
	m.audio.WithLabelValues(toAgent)
	return m
}

// heard is told of the first packet after a join; a call without metrics counts
// nothing.
func (m *Metrics) heard(to string, after time.Duration) {
	if m != nil {
		m.audio.WithLabelValues(to).Observe(after.Seconds())
	}
}
