package node

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// registry holds one node's metrics; two nodes in one process do not meet.
type registry struct{ *prometheus.Registry }

func newRegistry() registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry{r}
}

// watchPolicy counts what the policy lacks at each look: most of it comes with
// the date.
func (r registry) watchPolicy(findings func() int) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "hotline_node_policy_findings",
		Help: "Things that the policy is hardly meant to have now, such as holidays that are not known; hotline config check names them.",
	}, func() float64 { return float64(findings()) }))
}

// countBreaches returns what counts one breach of the queue's invariants.
func (r registry) countBreaches() func() {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "hotline_node_queue_breaches_total",
		Help: "Contradictions that the walk through the queue's keys found and mended; any is a fault of ours.",
	})
	r.MustRegister(c)
	return c.Inc
}

func (r registry) handler() http.Handler {
	return promhttp.HandlerFor(r.Registry, promhttp.HandlerOpts{})
}
