package sip

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestACaughtPanicTellsNoNumber(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		cause func()
		says  string
	}{
		"the library's words": {func() { panic("bad header <sip:13812345678@carrier>") }, "panic=string"},
		"the runtime's words": {func() { var digits []int; _ = digits[len(digits)] }, "index out of range"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text bytes.Buffer
			g := &Gateway{metrics: newMetrics(prometheus.NewRegistry())}
			func() {
				defer func() { g.panicked(slog.New(slog.NewTextHandler(&text, nil)), recover()) }()
				tt.cause()
			}()
			if s := text.String(); strings.Contains(s, "13812345678") || !strings.Contains(s, tt.says) || !strings.Contains(s, "panic_test.go") {
				t.Errorf("logged %s", s)
			}
		})
	}
}
