package redisstore_test

import (
	"testing"
	"time"

	"hotline/redisserver"
	"hotline/redisserver/redistest"
	"hotline/routing/redisstore"
)

// TestOrdersComeFromTheNewPrimary: the primary stands still until another is
// named, and goes on: a read that waits there for orders would wait until
// Sentinels come to it, ten seconds later.
func TestOrdersComeFromTheNewPrimary(t *testing.T) {
	t.Parallel()
	w := redistest.StartSentinels(t)
	client, err := redisserver.NewClient(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	h := openHouse(t, redisstore.Config{Client: client})
	h.must(h.SetAgent(t.Context(), seat("1001")))
	h.must(h.Enqueue(t.Context(), call(1)))
	h.offer(1) // the reader is at the first primary

	first := w.Primary(t)
	thaw := first.Freeze(t)
	w.Replaced(t, first)
	thaw()
	h.insist(func() error { return h.Beat(t.Context(), node) })
	h.insist(func() error { return h.SetAgent(t.Context(), seat("1002")) })
	h.insist(func() error { return h.Enqueue(t.Context(), call(2)) })
	began := time.Now()
	h.offer(2)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("an order of the new primary came after %s", took)
	}
}

// insist repeats a command, as every caller of the queue does.
func (h *house) insist(command func() error) {
	h.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.After(patience); ; {
		err := command()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-limit:
			h.t.Fatal(err)
		}
	}
}
