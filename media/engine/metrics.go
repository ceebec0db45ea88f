package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Registerer is where the metrics go; nil keeps them unseen.
type Registerer = prometheus.Registerer

type counter = prometheus.Counter

type metrics struct {
	panics prometheus.Counter
}

// newMetrics shows what the loops count by themselves.
func newMetrics(reg Registerer, loops []*loop) (*metrics, error) {
	m := &metrics{
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_engine_panics_total", Help: "Panics of whoever was called by an event loop; each cost one socket its reader."}),
	}
	if reg == nil {
		return m, nil
	}
	all := []prometheus.Collector{
		m.panics,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hotline_engine_loops", Help: "Event loops."}, func() float64 { return float64(len(loops)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hotline_engine_watched", Help: "Sockets that the loops watch."}, sum(loops, func(l *loop) float64 { return float64(l.size()) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "hotline_engine_wakes_total", Help: "Times that a loop woke."}, sum(loops, func(l *loop) float64 { return float64(l.wakes.Load()) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "hotline_engine_events_total", Help: "Sockets served."}, sum(loops, func(l *loop) float64 { return float64(l.events.Load()) })),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hotline_engine_longest_wake_seconds", Help: "The longest that one wake took since the last scrape: so long others' packets waited."}, func() float64 { return longest(loops).Seconds() }),
	}
	for _, c := range all {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func sum(loops []*loop, of func(*loop) float64) func() float64 {
	return func() (total float64) {
		for _, l := range loops {
			total += of(l)
		}
		return total
	}
}

// longest asks for the longest wake, and begins anew.
func longest(loops []*loop) (most time.Duration) {
	for _, l := range loops {
		most = max(most, time.Duration(l.longest.Swap(0)))
	}
	return most
}
