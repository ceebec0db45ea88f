package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"hotline/desk/headless"
)

// watcher is a second desk of an agent, which only looks on.
type watcher struct {
	client *headless.Client
	rest   *headless.REST
}

func (w *watcher) close() {
	_ = w.client.Close()
	w.rest.CloseIdle()
}

// deskCall is what a desk is told of the call at hand.
type deskCall struct {
	Contact    string     `json:"contact"`
	Token      uint64     `json:"token"`
	State      string     `json:"state"`
	ApartUntil *time.Time `json:"apart_until"`
}

func (c *city) watch(t *testing.T, account string) *watcher {
	t.Helper()
	rest, err := headless.SignIn(t.Context(), c.url(), account, password(account))
	if err != nil {
		t.Fatal(err)
	}
	client, err := headless.Open(t.Context(), c.url(), rest.Token(), headless.Hello{Phone: "view", Build: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{client, rest}
}

// changed waits until the desk is told so of its call.
func (w *watcher) changed(t *testing.T, so func(deskCall) bool) deskCall {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case f, open := <-w.client.Frames():
			if !open {
				t.Fatalf("the desk was closed: %v", w.client.Err())
			}
			var d deskCall
			if f.Type == "call.changed" && json.Unmarshal(f.Data, &d) == nil && so(d) {
				return d
			}
		case <-limit:
			t.Fatal("the desk was not told so")
		}
	}
}
