package e2e

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"hotline/desk/headless"
)

// onlooker is a view of the agent's desk: when the citizen heard that we reconnect.
type onlooker struct {
	mu     sync.Mutex
	apart  []time.Time
	joined time.Time // first, after that
	news   chan struct{}
}

func watch(t *testing.T, c *city, account string) *onlooker {
	t.Helper()
	rest, err := headless.SignIn(t.Context(), c.url(), account, password(account))
	if err != nil {
		t.Fatal(err)
	}
	view, err := headless.Open(t.Context(), c.url(), rest.Token(), headless.Hello{Phone: "view"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = view.Close(); rest.CloseIdle() })
	w := &onlooker{news: make(chan struct{}, 1)}
	go func() {
		for f := range view.Frames() {
			w.see(f)
		}
	}()
	return w
}

func (w *onlooker) see(f headless.Frame) {
	var call struct {
		ApartUntil *time.Time `json:"apart_until"`
	}
	if f.Type != "call.changed" || json.Unmarshal(f.Data, &call) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case call.ApartUntil != nil:
		w.apart = append(w.apart, time.Now())
	case len(w.apart) > 0 && w.joined.IsZero():
		w.joined = time.Now()
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *onlooker) saw() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.apart
}

// awaitRejoined returns when the citizen was told, and when joined again.
func (w *onlooker) awaitRejoined(t *testing.T) (apart, joined time.Time) {
	t.Helper()
	limit := time.After(patience)
	for {
		w.mu.Lock()
		if !w.joined.IsZero() {
			defer w.mu.Unlock()
			return w.apart[0], w.joined
		}
		w.mu.Unlock()
		select {
		case <-w.news:
		case <-limit:
			t.Fatal("citizen and agent are never joined again")
		}
	}
}
