package webrtc

import "github.com/prometheus/client_golang/prometheus"

// Registerer is where the metrics go; nil keeps them unseen.
type Registerer = prometheus.Registerer

type metrics struct {
	seats     prometheus.Gauge
	connected prometheus.Gauge
	answers   *prometheus.CounterVec // result
	endings   *prometheus.CounterVec // why
	proofs    *prometheus.CounterVec // result
}

func newMetrics(reg Registerer) (*metrics, error) {
	m := &metrics{
		seats:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_webrtc_seats", Help: "Agents' seats."}),
		connected: prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_webrtc_connected", Help: "Seats whose browser is connected."}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_webrtc_answers_total", Help: "Offers of browsers, by result.",
		}, []string{"result"}),
		endings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_webrtc_endings_total", Help: "Peer connections that ended, by reason.",
		}, []string{"why"}),
		proofs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_webrtc_proofs_total", Help: "Proofs of an agent's audio, by result.",
		}, []string{"result"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.seats, m.connected, m.answers, m.endings, m.proofs} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
