package redisbus

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/cluster"
)

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

type metrics struct {
	sent    *prometheus.CounterVec
	handled *prometheus.CounterVec
}

func newMetrics(r Registerer) (*metrics, error) {
	m := &metrics{
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_cluster_sent_total", Help: "Messages sent to nodes, by kind and result.",
		}, []string{"kind", "result"}),
		handled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_cluster_received_total", Help: "Messages received from nodes, by kind.",
		}, []string{"kind"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sent, m.handled} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) told(k kind, err error) {
	result := "ok"
	switch {
	case err == nil:
	case errors.Is(err, cluster.ErrNoNode):
		result = "no_node"
	default:
		result = "error"
	}
	m.sent.WithLabelValues(string(k), result).Inc()
}
