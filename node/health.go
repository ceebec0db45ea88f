package node

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
)

// Health is what a load balancer or carrier should do with this node.
type Health string

// The states of health.
const (
	Starting Health = "starting"
	OK       Health = "ok"
	Full     Health = "full"     // at max_calls: send new calls elsewhere for now
	Draining Health = "draining" // calls in progress go on, new ones go elsewhere

	// Degraded is shown in place of OK while Redis is away: calls are taken,
	// wait in the node's memory, and enter the queue in order on its return.
	Degraded Health = "degraded"
)

// health holds what is known; load counts the open calls.
type health struct {
	started  atomic.Bool
	draining atomic.Bool
	limit    int
	load     func() int
	away     func() bool // Redis does not answer; nil before it was asked
}

func (h *health) now() Health {
	switch {
	case h.draining.Load():
		return Draining
	case !h.started.Load():
		return Starting
	case h.load() >= h.limit:
		return Full
	default:
		return OK
	}
}

// live answers 200 while the process runs: a full or draining node must not be
// killed by its supervisor.
func (h *health) live(w http.ResponseWriter, _ *http.Request) { h.write(w, http.StatusOK) }

// ready answers 200 only when the node wants more: without Redis too, for
// elsewhere the same Redis is away.
func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	if h.now() == OK {
		h.write(w, http.StatusOK)
		return
	}
	h.write(w, http.StatusServiceUnavailable)
}

func (h *health) write(w http.ResponseWriter, status int) {
	state := h.now()
	if state == OK && h.away != nil && h.away() {
		state = Degraded
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"state": state, "calls": h.load()})
}
