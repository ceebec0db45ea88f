package recorder

import "github.com/prometheus/client_golang/prometheus"

// Registerer is where the metrics go; nil keeps them unseen.
type Registerer = prometheus.Registerer

type metrics struct {
	open    prometheus.Gauge
	octets  prometheus.Counter
	failed  prometheus.Counter
	refused prometheus.Counter
	ended   *prometheus.CounterVec
}

func newMetrics(reg Registerer) (*metrics, error) {
	m := &metrics{
		open:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_recorder_open", Help: "Calls that are being recorded."}),
		octets:  prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_recorder_octets_total", Help: "Octets of audio written to recordings."}),
		failed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_recorder_blocks_failed_total", Help: "Writes that the disk refused: audio of recordings is in danger."}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_recorder_refused_total", Help: "Calls whose recording could not begin."}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_recorder_ended_total", Help: "Recordings that ended: whole, with gaps where the disk took nothing, or lost.",
		}, []string{"result"}),
	}
	for _, r := range []result{whole, gaps, lost} {
		m.ended.WithLabelValues(string(r))
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.open, m.octets, m.failed, m.refused, m.ended} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
