package sqlstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/tickets"
	"hotline/tickets/sqlstore"
)

// bin is a unit that takes everything, and fails each parcel once.
type bin struct {
	mu       sync.Mutex
	tried    map[string]bool
	received map[string][]string // numbers by unit
	full     chan struct{}
	want     int
}

func (b *bin) Sink(string) (tickets.Sink, bool) { return b, true }

func (b *bin) Deliver(_ context.Context, p tickets.Parcel) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.tried[p.ID] {
		b.tried[p.ID] = true
		return "", &tickets.Refusal{Why: tickets.UnitFault}
	}
	b.received[p.Unit] = append(b.received[p.Unit], p.Number)
	if b.want--; b.want == 0 {
		close(b.full)
	}
	return "ack", nil
}

// TestTwoNodesShareAnOutbox: each parcel once and in order, whoever carries it.
func TestTwoNodesShareAnOutbox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		const total = 30
		b := &bin{tried: map[string]bool{}, received: map[string][]string{}, full: make(chan struct{}), want: total}
		want := map[string][]string{}
		for n := range total {
			unit := fmt.Sprintf("SUB-%03d", n%3)
			want[unit] = append(want[unit], register(t, s, fmt.Sprint(n), unit, time.Now()).Number)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var nodes sync.WaitGroup
		for n := range 2 {
			d, err := tickets.NewDispatcher(tickets.DispatcherOptions{
				Outbox: s, Sinks: b, Node: fmt.Sprint("node-", n), Poll: 20 * time.Millisecond, Backoff: tickets.Backoff{First: time.Millisecond, Most: 5 * time.Millisecond},
			})
			must(t, err)
			nodes.Go(func() { _ = d.Run(ctx) })
		}
		select {
		case <-b.full:
		case <-ctx.Done():
			t.Error("not everything was delivered within a minute")
		}
		cancel()
		nodes.Wait()
		if diff := cmp.Diff(want, b.received); diff != "" {
			t.Errorf("received (-want +got):\n%s", diff)
		}
	})
}
