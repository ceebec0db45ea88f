package sip

import (
	"context"
	"log/slog"
)

// quiet passes sipgo's log on at debug level and without attributes: it logs
// whole datagrams, numbers included, for everything it cannot parse.
type quiet struct{ to *slog.Logger }

// Enabled asks for warnings and errors only.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.to.Enabled(ctx, slog.LevelDebug)
}

// Handle keeps the constant text of the record.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	q.to.DebugContext(ctx, "sip stack", "says", r.Message)
	return nil
}

// WithAttrs drops them.
func (q quiet) WithAttrs([]slog.Attr) slog.Handler { return q }

// WithGroup drops it.
func (q quiet) WithGroup(string) slog.Handler { return q }
