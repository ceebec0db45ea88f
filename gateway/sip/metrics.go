package sip

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/contact"
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
	drops    map[string]prometheus.Counter // of dropped
	kernel   prometheus.CounterFunc
	inKernel atomic.Pointer[func() float64] // what kernel asks
	panics   prometheus.Counter
	digits   prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		open:     gauge("calls", "Calls that live now.", "direction"),
		ended:    counter("calls_ended_total", "Calls that ended, by cause.", "direction", "cause"),
		answered: counter("responses_total", "Final answers we gave to requests, by method and status.", "method", "status"),
		dropped:  counter("dropped_total", "What the border dropped unanswered, by reason.", "reason"),
		drops:    map[string]prometheus.Counter{},
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_gateway_sip_panics_total", Help: "Panics that ended one call each."}),
		digits:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hotline_gateway_sip_digits_lost_total", Help: "Keys that nobody fetched in time."}),
	}
	m.kernel = prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "hotline_gateway_sip_kernel_dropped_total",
		Help: "Datagrams that the kernel dropped at our socket: of strangers, or for want of room.",
	}, m.kernelDrops)
	if r != nil {
		r.MustRegister(m.open, m.ended, m.answered, m.dropped, m.kernel, m.panics, m.digits)
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
	for _, why := range dropReasons() {
		m.drops[why] = m.dropped.WithLabelValues(why)
	}
}

func (m *metrics) drop(why string) { m.drops[why].Inc() }

func (m *metrics) kernelDrops() float64 {
	if ask := m.inKernel.Load(); ask != nil {
		return (*ask)()
	}
	return 0
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
