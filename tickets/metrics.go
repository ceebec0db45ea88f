package tickets

import "github.com/prometheus/client_golang/prometheus"

// Registerer takes the metrics of this package; nil keeps them to itself.
type Registerer = prometheus.Registerer

// metrics counts registrations.
type metrics struct{ made *prometheus.CounterVec }

func newMetrics(r Registerer) *metrics {
	m := &metrics{made: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hotline_tickets_registered_total", Help: "Tickets registered, by disposition.",
	}, []string{"disposition"})}
	for _, d := range dispositions() {
		m.made.WithLabelValues(string(d))
	}
	if r != nil {
		r.MustRegister(m.made)
	}
	return m
}

func (m *metrics) registered(d Disposition) { m.made.WithLabelValues(string(d)).Inc() }

// flow counts deliveries.
type flow struct {
	attempts *prometheus.CounterVec
	waiting  prometheus.Gauge
	inFlight prometheus.Gauge
	age      prometheus.Histogram
}

func newFlow(r Registerer) *flow {
	f := &flow{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_tickets_deliveries_total", Help: "Attempts to deliver to a unit, by what became of them.",
		}, []string{"state"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hotline_tickets_units_waiting", Help: "Units with undelivered tickets.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hotline_tickets_deliveries_in_flight", Help: "Units being delivered to by this node.",
		}),
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_tickets_delivery_age_seconds", Help: "From registration to the unit's acknowledgement.",
			Buckets: []float64{0.1, 0.5, 1, 5, 30, 60, 300, 900, 3600, 14400, 86400},
		}),
	}
	for _, s := range []DeliveryState{Delivered, Failed, DeadLetter} {
		f.attempts.WithLabelValues(string(s))
	}
	if r != nil {
		r.MustRegister(f.attempts, f.waiting, f.inFlight, f.age)
	}
	return f
}
