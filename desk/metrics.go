package desk

import "github.com/prometheus/client_golang/prometheus"

// Registerer takes the desk's metrics.
type Registerer = prometheus.Registerer

// metrics of the desk. Label values come from closed lists.
type metrics struct {
	seats          prometheus.Gauge
	seatLives      *prometheus.CounterVec
	sockets        prometheus.Gauge
	socketLives    *prometheus.CounterVec
	joins          *prometheus.CounterVec
	commands       *prometheus.CounterVec
	repeats        prometheus.Counter
	limited        prometheus.Counter
	refused        *prometheus.CounterVec
	unshown        prometheus.Counter
	failedRings    *prometheus.CounterVec
	taken          prometheus.Counter
	proofs         *prometheus.CounterVec
	heraldFailures prometheus.Counter
	dropped        prometheus.Counter
	requests       *prometheus.CounterVec
	boards         *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_desk_" + name, Help: help})
		r.MustRegister(c)
		return c
	}
	vector := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hotline_desk_" + name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "hotline_desk_" + name, Help: help})
		r.MustRegister(g)
		return g
	}
	return &metrics{
		seats:          gauge("seats", "Signed-in agents of this node."),
		seatLives:      vector("seats_closed_total", "Seats that ended, by cause.", "cause"),
		sockets:        gauge("sockets", "Open desk sockets."),
		socketLives:    vector("sockets_closed_total", "Sockets that ended, by cause.", "cause"),
		joins:          vector("socket_joins_total", "Sockets that said hello, by how they were brought up to date.", "how"),
		commands:       vector("commands_total", "Commands by type and first result.", "type", "code"),
		repeats:        counter("commands_repeated_total", "Commands that came again and had no second effect."),
		limited:        counter("frames_limited_total", "Frames refused because a desk sends too many."),
		refused:        vector("sockets_refused_total", "Sockets refused before they were opened.", "code"),
		unshown:        counter("offers_unshown_total", "Offers that no desk showed in time."),
		failedRings:    vector("rings_failed_total", "Rings that set a seat not ready.", "why"),
		taken:          counter("citizens_taken_total", "Citizens taken back from agents who were not heard for too long."),
		proofs:         vector("audio_proofs_total", "Audio proofs by result.", "result"),
		heraldFailures: counter("queue_failures_total", "Failures to tell the queue a seat's state."),
		dropped:        counter("seat_work_dropped_total", "Work for seats that were gone or overwhelmed."),
		requests:       vector("requests_total", "REST calls by operation and status.", "operation", "status"),
		boards:         vector("boards_total", "Looks at the hall while somebody watches the board, by result.", "result"),
	}
}

func (m *metrics) joined(resumed bool) {
	how := "snapshot"
	if resumed {
		how = "resumed"
	}
	m.joins.WithLabelValues(how).Inc()
}
