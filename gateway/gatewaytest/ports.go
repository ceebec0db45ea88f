package gatewaytest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"hotline/media/engine"
	"hotline/media/rtp"
)

// NewPorts opens trunk audio on an engine of its own; both are gone after the test.
func NewPorts(t testing.TB, c rtp.Config) *rtp.Ports {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e, err := engine.New(engine.Options{Config: engine.Config{Loops: 1}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	ports, err := rtp.NewPorts(rtp.Options{Config: c, Engine: e, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.Close)
	return ports
}
