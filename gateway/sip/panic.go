package sip

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// panicked counts and logs a panic that was caught. Its value may hold a piece
// of the message, and so a number: only the runtime's own words are written.
// The stack holds none.
func (g *Gateway) panicked(log *slog.Logger, value any) {
	g.metrics.panics.Inc()
	why := fmt.Sprintf("%T", value)
	if fault, ok := value.(runtime.Error); ok {
		why = fault.Error()
	}
	log.Error("panic caught", "panic", why, "stack", string(debug.Stack()))
}
