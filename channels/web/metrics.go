package web

import "github.com/prometheus/client_golang/prometheus"

// Registerer takes the web chat's metrics.
type Registerer = prometheus.Registerer

// metrics of the web chat. Label values come from closed lists.
type metrics struct {
	sockets  prometheus.Gauge
	held     prometheus.Gauge
	opened   prometheus.Counter
	adopted  prometheus.Counter
	messages *prometheus.CounterVec // from
	nacks    *prometheus.CounterVec // code
	closes   *prometheus.CounterVec // code of the socket's end
	stored   prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: "hotline_web_" + name, Help: help}
	}
	gauge := func(name, help string) prometheus.GaugeOpts {
		return prometheus.GaugeOpts{Name: "hotline_web_" + name, Help: help}
	}
	m := &metrics{
		sockets:  prometheus.NewGauge(gauge("sockets", "Citizens' sockets that are open.")),
		held:     prometheus.NewGauge(gauge("conversations", "Open conversations anchored here.")),
		opened:   prometheus.NewCounter(counter("opened_total", "Conversations opened here.")),
		adopted:  prometheus.NewCounter(counter("adopted_total", "Conversations taken over from another node.")),
		messages: prometheus.NewCounterVec(counter("messages_total", "Messages kept, by author."), []string{"from"}),
		nacks:    prometheus.NewCounterVec(counter("nacks_total", "Messages refused, by code."), []string{"code"}),
		closes:   prometheus.NewCounterVec(counter("socket_ends_total", "Sockets ended, by close code."), []string{"code"}),
		stored: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_web_store_seconds", Help: "Time to keep a citizen's message.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .05, .2, 1, 5},
		}),
	}
	r.MustRegister(m.sockets, m.held, m.opened, m.adopted, m.messages, m.nacks, m.closes, m.stored)
	return m
}
