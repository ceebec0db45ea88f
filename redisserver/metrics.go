package redisserver

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Registerer takes the metrics of a guard.
type Registerer = prometheus.Registerer

type metrics struct {
	away    prometheus.Gauge
	outages prometheus.Counter
	refused prometheus.Counter
}

func newMetrics(reg Registerer) (*metrics, error) {
	m := &metrics{
		away: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hotline_redis_away", Help: "1 while Redis does not answer this node.",
		}),
		outages: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hotline_redis_outages_total", Help: "How often Redis stopped answering this node.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hotline_redis_refused_total", Help: "Commands that were not sent, because Redis was away.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.away, m.outages, m.refused} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("redisserver: metrics: %w", err)
		}
	}
	return m, nil
}
