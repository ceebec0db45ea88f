package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/routing"
)

// expired is the reason of a reservation that its own lease ended.
const expired = "expired"

const scrapePatience = time.Second

// Registerer takes the metrics of a store.
type Registerer = prometheus.Registerer

type metrics struct {
	matches    prometheus.Counter
	declines   *prometheus.CounterVec
	wait       prometheus.Histogram
	lost       prometheus.Counter
	nodesLost  prometheus.Counter
	readErrors prometheus.Counter
	unconfirmed,
	breaches prometheus.Counter
}

func newMetrics(reg Registerer, s *Store) (*metrics, error) {
	m := &metrics{
		matches: counter("matches_total", "Offers made by commands of this node."),
		declines: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "hotline", Subsystem: "routing", Name: "declines_total",
			Help: "Offers that came to nothing, by reason, seen by this node.",
		}, []string{"reason"}),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "hotline", Subsystem: "routing", Name: "wait_seconds",
			Help:    "Time from entering the queue to the agent's accept.",
			Buckets: []float64{1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 1200, 1800},
		}),
		lost:        counter("calls_lost_total", "Calls ended because their node was dead."),
		nodesLost:   counter("nodes_lost_total", "Nodes declared dead by this node."),
		unconfirmed: counter("unconfirmed_total", "Rings that no replica confirmed in time."),
		breaches:    counter("breaches_total", "Breaches of the queue's invariants that a walk of this node found."),
		readErrors:  counter("order_read_errors_total", "Interruptions of the stream of orders."),
	}
	for _, reason := range []string{string(routing.Rejected), string(routing.Unanswered), string(routing.Unreachable), string(routing.Disconnected), expired} {
		m.declines.WithLabelValues(reason)
	}
	if reg == nil {
		return m, nil
	}
	collectors := []prometheus.Collector{m.matches, m.declines, m.wait, m.lost, m.nodesLost, m.readErrors, m.unconfirmed, m.breaches, newDepth(s)}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("redisstore: metrics: %w", err)
		}
	}
	return m, nil
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "hotline", Subsystem: "routing", Name: name, Help: help})
}

// depth asks the queue for its length when it is scraped. The label values
// are the buckets of the configuration.
type depth struct {
	store                      *Store
	up, waiting, free, offered *prometheus.Desc
}

func newDepth(s *Store) depth {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("hotline_routing_"+name, help, labels, nil)
	}
	return depth{
		store:   s,
		up:      desc("up", "1 when the queue answered this scrape."),
		waiting: desc("waiting", "Contacts that wait, by bucket, in the whole hall.", "bucket"),
		free:    desc("free_seats", "Free voice seats, by bucket, in the whole hall.", "bucket"),
		offered: desc("offered", "Contacts on offer, in the whole hall."),
	}
}

// Describe implements prometheus.Collector.
func (d depth) Describe(ch chan<- *prometheus.Desc) {
	ch <- d.up
	ch <- d.waiting
	ch <- d.free
	ch <- d.offered
}

// Collect implements prometheus.Collector, which knows no context.
func (d depth) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	n, err := d.store.Counts(ctx)
	if err != nil {
		ch <- gauge(d.up, 0) // an error here would take all other metrics with it
		return
	}
	ch <- gauge(d.up, 1)
	ch <- gauge(d.offered, n.Offered)
	for b, v := range n.Waiting {
		ch <- gauge(d.waiting, v, string(b))
	}
	for b, v := range n.Free {
		ch <- gauge(d.free, v, string(b))
	}
}

func gauge(d *prometheus.Desc, v int, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
}
