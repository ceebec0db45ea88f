package sip

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/contact"
)

// Why something was dropped before it was parsed.
const (
	droppedStranger = "stranger"
	droppedSize     = "size"
	droppedFull     = "full"
)

// Which way a call goes.
const (
	inbound  = "inbound"
	outbound = "outbound"
)

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

type metrics struct {
	open     *prometheus.GaugeVec
	ended    *prometheus.CounterVec
	answered *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	panics   prometheus.Counter
	digits   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		open:     gauge("calls", "Calls that live now.", "direction"),
		ended:    counter("calls_ended_total", "Calls that ended, by cause.", "direction", "cause"),
		answered: counter("responses_total", "Final answers we gave to requests, by method and status.", "method", "status"),
		dropped:  counter("dropped_total", "What the border dropped before parsing it.", "reason"),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_gateway_sip_panics_total", Help: "Panics that ended one call each."}),
		digits:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_gateway_sip_digits_lost_total", Help: "Keys that nobody fetched in time."}),
	}
	if r != nil {
		r.MustRegister(m.open, m.ended, m.answered, m.dropped, m.panics, m.digits)
	}
	m.preset()
	return m
}

// preset makes the series exist from the start.
func (m *metrics) preset() {
	for _, d := range []string{inbound, outbound} {
		m.open.WithLabelValues(d)
		for _, c := range contact.Causes() {
			m.ended.WithLabelValues(d, c.String())
		}
	}
	for _, why := range []string{droppedStranger, droppedSize, droppedFull} {
		m.dropped.WithLabelValues(why)
	}
}

// response counts a final answer; methods outside our own are one label.
func (m *metrics) response(method string, status int) {
	if !known(method) {
		method = "other"
	}
	m.answered.WithLabelValues(method, strconv.Itoa(status)).Inc()
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "hotline_gateway_sip_" + name, Help: help}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hotline_gateway_sip_" + name, Help: help}, labels)
}
