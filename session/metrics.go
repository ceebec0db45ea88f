package session

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/contact"
	"hotline/records"
)

// Registerer takes the metrics.
type Registerer = prometheus.Registerer

type metrics struct {
	ends    *prometheus.CounterVec
	accepts prometheus.Histogram
	waits   prometheus.Histogram
	talks   prometheus.Histogram
	ringEnd *prometheus.CounterVec
	left    prometheus.Counter
	late    prometheus.Counter
	replies prometheus.Histogram

	unconfirmed prometheus.Counter
	strays      prometheus.Counter
}

func newMetrics(r Registerer) *metrics {
	m := &metrics{
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_session_contacts_total", Help: "Contacts ended, by cause.",
		}, []string{"cause"}),
		accepts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_session_accept_seconds", Help: "From a desk's accept until citizen and agent are joined.",
			Buckets: []float64{.001, .002, .005, .01, .015, .02, .03, .04, .05, .075, .1, .15, .2, .3, .5, 1, 5},
		}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_session_wait_seconds", Help: "Queue and ring until both parties heard each other.",
			Buckets: []float64{1, 3, 5, 10, 15, 20, 30, 60, 120, 300, 600},
		}),
		talks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hotline_session_talk_seconds", Help: "Talk, hold included.",
			Buckets: []float64{5, 15, 30, 60, 120, 180, 300, 600, 1800},
		}),
		ringEnd: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hotline_session_rings_ended_total", Help: "Offers that did not become a talk, by reason.",
		}, []string{"why"}),
	}
	m.left = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "hotline_session_conversations_left_total", Help: "Conversations that went on at another node.",
	})
	m.late = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "hotline_session_first_replies_late_total", Help: "Conversations whose first reply did not come in time.",
	})
	m.replies = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "hotline_session_first_reply_seconds", Help: "From the acceptance of a conversation to an agent's first message.",
		Buckets: []float64{5, 15, 30, 60, 90, 120, 180, 240, 300, 600, 1800},
	})
	m.unconfirmed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "hotline_session_rings_unconfirmed_total", Help: "Desks that rang though no replica confirmed it.",
	})
	m.strays = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "hotline_session_strays_total", Help: "Contacts that only the queue or only a session knew, brought together again.",
	})
	r.MustRegister(m.unconfirmed, m.strays, m.left, m.late, m.replies, m.ends, m.accepts, m.waits, m.talks, m.ringEnd)
	for _, c := range contact.Causes() {
		m.ends.WithLabelValues(c.String())
	}
	return m
}

// joined is told how long ago the desk's accept came.
func (m *metrics) joined(after time.Duration) { m.accepts.Observe(after.Seconds()) }

func (m *metrics) ended(r records.Record) {
	m.ends.WithLabelValues(r.Cause.String()).Inc()
	if !r.Connected.IsZero() && !r.TalkEnded.IsZero() {
		m.talks.Observe(r.TalkEnded.Sub(r.Connected).Seconds())
	}
}

func (m *metrics) answered(r records.Record) {
	m.waits.Observe(r.Connected.Sub(r.Queued).Seconds())
}

func (m *metrics) replied(r records.Record) {
	m.replies.Observe(r.Replied.Sub(r.Accepted).Seconds())
}

func (m *metrics) ringOver(why RingEnd) { m.ringEnd.WithLabelValues(string(why)).Inc() }
