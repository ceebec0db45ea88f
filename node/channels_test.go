package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"hotline/channels/web"
	"hotline/contact"
	"hotline/routing"
)

// A citizen writes, and the queue has a contact that waits.
func TestAMessageIsAContact(t *testing.T) {
	cfg := small(t)
	cfg.Web = web.Config{Accounts: []web.Account{{AppKey: "portal", Name: "门户", Origins: []string{web.Self}}}, Page: "portal"}
	cfg.Lines[0].Accounts = []routing.Account{{Channel: contact.Web, Account: "portal"}}
	n := New(Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	at := n.addresses.HTTP
	for path, want := range map[string]int{"/chat/": 200, "/chat/v1/health/channel": 200, "/chat": 200, "/": 200} {
		if got, _ := get(t, at, path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	visitor := ask(t, n, "/chat/v1/visitors", "", map[string]string{"app_key": "portal"})
	token, _ := visitor["token"].(string)
	ack := ask(t, n, "/chat/v1/conversations/current/messages", token, map[string]string{"cmid": "01K0000000000000000000000A", "text": "路灯坏了"})
	id, _ := ack["conversation"].(string)
	limit := time.After(10 * time.Second)
	for {
		if _, err := n.queue.Outlook(t.Context(), contact.ID(id)); err == nil {
			return
		}
		select {
		case <-limit:
			t.Fatalf("contact %q does not wait", id)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func ask(t *testing.T, n *Node, path, token string, body any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	base := fmt.Sprintf("http://%s", n.addresses.HTTP)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", base)
	r.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(got.Body).Decode(&answer); err != nil || got.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %d %v %v", path, got.StatusCode, answer, err)
	}
	return answer
}
