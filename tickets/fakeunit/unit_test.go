package fakeunit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline/config"
	"hotline/contact"
	"hotline/tickets"
	"hotline/tickets/fakeunit"
	"hotline/tickets/ticketstest"
	"hotline/tickets/webhook"
)

// rig is a fake unit and a signed event for it.
type rig struct {
	unit    *fakeunit.Unit
	clock   *ticketstest.Clock
	current config.Secret
	event   []byte
	id      string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{clock: ticketstest.NewClock(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)), current: fakeunit.NewSecret()}
	var err error
	r.unit, err = fakeunit.Start(t.Context(), fakeunit.Options{Secrets: []config.Secret{r.current}, Now: r.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.unit.Close() })
	s, store := ticketstest.NewService(t, func(o *tickets.Options) { o.Now = r.clock.Now })
	if _, _, err := s.Register(t.Context(), tickets.Registration{
		Key: "k", Contact: ticketstest.Call("01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"), Agent: contact.AgentID("1001"), Fields: ticketstest.Form(),
	}); err != nil {
		t.Fatal(err)
	}
	p, _, err := store.Claim(t.Context(), tickets.Claim{Unit: "SUB-001", Now: r.clock.Now(), Until: r.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	r.event, r.id = p.Body, p.ID
	return r
}

// post signs and sends body; change sees the request last.
func (r *rig) post(t *testing.T, body []byte, change func(*http.Request)) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.unit.URL(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", tickets.EventContentType)
	k, err := webhook.NewKeys(r.current)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Sign(q.Header, r.id, r.clock.Now(), body); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(q)
	}
	return r.do(t, q)
}

func (r *rig) do(t *testing.T, q *http.Request) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (r *rig) call(t *testing.T, method, path string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(r.unit.URL(), "/tickets")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.do(t, q)
}

func TestTheUnitTakesWhatIsRightOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 3 {
		if status, text := r.post(t, r.event, nil); status != 200 || text != "{\"ack_ref\":\"FAKE-000001\"}\n" {
			t.Fatalf("%d %s", status, text)
		}
	}
	got := r.unit.Received()
	if len(got) != 1 || got[0].Repeats != 2 || got[0].BytesChanged || got[0].Title != "夜间施工噪声" || got[0].Unit != "SUB-001" || !got[0].SentAt.Equal(r.clock.Now()) {
		t.Errorf("received %+v", got)
	}
	status, text := r.call(t, http.MethodGet, "/received")
	var listed []map[string]any
	if err := json.Unmarshal([]byte(text), &listed); err != nil || status != 200 || len(listed) != 1 || listed[0]["ticket_no"] != got[0].Number || listed[0]["signature_ok"] != true {
		t.Errorf("%d %s, %v", status, text, err)
	}
}

func TestTheUnitRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	tests := map[string]struct {
		body   func(map[string]any) // of the event
		change func(*http.Request)
		status int
		text   string
	}{
		"unsigned":        {nil, func(q *http.Request) { q.Header.Del("webhook-signature") }, 401, "signature"},
		"an old stamp":    {nil, func(q *http.Request) { q.Header.Set("webhook-timestamp", "1") }, 401, "signature"},
		"plain JSON":      {nil, func(q *http.Request) { q.Header.Set("Content-Type", "application/json") }, 415, "cloudevents"},
		"another type":    {func(e map[string]any) { e["type"] = "x" }, nil, 422, "type"},
		"another version": {func(e map[string]any) { e["specversion"] = "0.3" }, nil, 422, "specversion"},
		"another subject": {func(e map[string]any) { e["subject"] = "x" }, nil, 422, "subject"},
		"another id":      {func(e map[string]any) { e["id"] = "x" }, nil, 422, "id"},
		"bad check digit": {func(e map[string]any) { data(e)["ticket_no"] = "20261124-0000001-1" }, nil, 422, "ticket_no"},
		"no title":        {func(e map[string]any) { delete(data(e), "title") }, nil, 422, "data.title"},
		"no pseudonym":    {func(e map[string]any) { delete(data(e)["requester"].(map[string]any), "ref") }, nil, 422, "data.requester.ref"},
		"no place":        {func(e map[string]any) { data(e)["place"] = map[string]any{} }, nil, 422, "data.place"},
		"a gap":           {func(e map[string]any) { data(e)["history"] = data(e)["history"].([]any)[1:] }, nil, 422, "data.history"},
		"another schema":  {func(e map[string]any) { data(e)["schema"] = "citizen-ticket/9" }, nil, 422, "no event"},
		"new fields":      {func(e map[string]any) { data(e)["weather"] = "rain" }, nil, 200, "FAKE"},
	}
	for name, tt := range tests {
		var e map[string]any
		if err := json.Unmarshal(r.event, &e); err != nil {
			t.Fatal(err)
		}
		if tt.body != nil {
			tt.body(e)
		}
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		before := len(r.unit.Received())
		status, text := r.post(t, body, tt.change)
		if status != tt.status || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %d %s, want %d with %s", name, status, text, tt.status, tt.text)
		}
		if kept := len(r.unit.Received()) - before; status != 200 && kept != 0 {
			t.Errorf("%s: kept all the same", name)
		}
	}
	if status, _ := r.post(t, append(bytes.Repeat([]byte(" "), 1<<20), r.event...), nil); status != 413 {
		t.Errorf("over 1 MiB: %d", status)
	}
}

func data(e map[string]any) map[string]any { return e["data"].(map[string]any) }

func TestEachRequiredFieldIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, field := range fakeunit.Required() {
		var e map[string]any
		if err := json.Unmarshal(r.event, &e); err != nil {
			t.Fatal(err)
		}
		at, path := data(e), strings.Split(field, ".")
		for _, key := range path[:len(path)-1] {
			at = at[key].(map[string]any)
		}
		if _, ok := at[path[len(path)-1]]; !ok {
			t.Errorf("%s is not sent; there is %v", field, maps.Keys(at))
		}
	}
}

func TestTheUnitIsBrokenForAWhile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if status, text := r.call(t, http.MethodPost, "/down?mode=503&for=10m"); status != 204 {
		t.Fatalf("%d %s", status, text)
	}
	if status, _ := r.post(t, r.event, nil); status != 503 {
		t.Errorf("while down: %d", status)
	}
	timer, stop := r.clock.After(10 * time.Minute)
	defer stop()
	r.clock.Advance(10 * time.Minute)
	<-timer
	if status, _ := r.post(t, r.event, nil); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	for path, want := range map[string]int{"/down?mode=tired": 400, "/down?mode=503&for=soon": 400, "/down?mode=503&for=-1m": 400, "/down?mode=422": 204} {
		if status, text := r.call(t, http.MethodPost, path); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, text, want)
		}
	}
	if status, _ := r.post(t, r.event, nil); status != 422 {
		t.Errorf("rejecting: %d", status)
	}
	if status, _ := r.call(t, http.MethodPost, "/up"); status != 204 {
		t.Errorf("up: %d", status)
	}
	if status, _ := r.post(t, r.event, nil); status != 200 {
		t.Errorf("after repair: %d", status)
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	done := make(chan error, 1)
	go func() { done <- r.unit.Wait(t.Context(), 1) }()
	r.post(t, r.event, nil)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := r.unit.WaitAttempts(t.Context(), 1); err != nil || r.unit.Attempts() != 1 {
		t.Errorf("%d attempts, %v", r.unit.Attempts(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.unit.Wait(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for what never comes: %v", err)
	}
}

func TestAUnitNeedsAKeyAndAPort(t *testing.T) {
	t.Parallel()
	if _, err := fakeunit.Start(t.Context(), fakeunit.Options{}); err == nil {
		t.Error("started without a key")
	}
	if _, err := fakeunit.Start(t.Context(), fakeunit.Options{Secrets: []config.Secret{fakeunit.NewSecret()}, Listen: "nowhere:x"}); err == nil {
		t.Error("listens nowhere")
	}
}
