package remote

import "github.com/prometheus/client_golang/prometheus"

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

type metrics struct {
	offers  *prometheus.CounterVec
	dropped prometheus.Counter
	parted  *prometheus.CounterVec
}

func newMetrics(r Registerer) *metrics {
	m := &metrics{
		offers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_session_remote_offers_total", Help: "Offers to desks of other nodes, by result.",
		}, []string{"result"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hotline_session_remote_dropped_total", Help: "News that did not reach another node.",
		}),
		parted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_session_remote_parted_total", Help: "Contacts of which one of two nodes knew nothing any more, by who found out.",
		}, []string{"side"}),
	}
	if r != nil {
		r.MustRegister(m.offers, m.dropped, m.parted)
	}
	return m
}

func (m *metrics) offered(err error) {
	result := "shown"
	if err != nil {
		result = "refused"
	}
	m.offers.WithLabelValues(result).Inc()
}
