package rtp

import "github.com/prometheus/client_golang/prometheus"

// Registerer is where the metrics go; nil keeps them unseen.
type Registerer = prometheus.Registerer

type metrics struct {
	open      prometheus.Gauge
	resting   prometheus.Gauge
	exhausted prometheus.Counter
	silent    prometheus.Counter
	foreign   prometheus.Counter
}

func newMetrics(reg Registerer) (*metrics, error) {
	m := &metrics{
		open:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_rtp_sessions", Help: "Calls' audio sockets in use."}),
		resting:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_rtp_ports_resting", Help: "Ports in quarantine after a call."}),
		exhausted: prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_rtp_ports_exhausted_total", Help: "Calls for which no port was free."}),
		silent:    prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_rtp_silent_total", Help: "Calls that sent no audio for too long."}),
		foreign:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_rtp_packets_ignored_total", Help: "Packets that were no RTP or had an unknown payload type."}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.open, m.resting, m.exhausted, m.silent, m.foreign} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
