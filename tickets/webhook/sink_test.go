package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/tickets"
	"hotline/tickets/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const body = `{"specversion":"1.0","data":{"requester":{"phone":"+8613812345678"}}}`

func parcel() tickets.Parcel {
	return tickets.Parcel{Unit: "SUB-001", ID: "20261124-0000001-0/2", Number: "20261124-0000001-0", Body: []byte(body)}
}

// deliver posts the parcel once to url.
func deliver(t *testing.T, url string, timeout time.Duration) (string, error) {
	t.Helper()
	u, err := webhook.New(webhook.Options{
		Now:    vectorTime,
		Config: webhook.Config{Timeout: timeout, Units: []webhook.Endpoint{endpoint(func(e *webhook.Endpoint) { e.URL = url })}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	s, _ := u.Sink("SUB-001")
	return s.Deliver(t.Context(), parcel())
}

// serve answers every post with f.
func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL + "/token-hush"
}

func TestARequestIsWhatTheUnitExpects(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var text []byte
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		text, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"ack_ref":"R-1","received_at":"2026-11-24T08:00:00Z"}`)
	})
	ack, err := deliver(t, url, time.Second)
	if err != nil || ack != "R-1" {
		t.Fatalf("ack %q, %v", ack, err)
	}
	if got.Method != http.MethodPost || got.Header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || string(text) != body {
		t.Errorf("%s %v %s", got.Method, got.Header, text)
	}
	if got.Header.Get("webhook-id") != parcel().ID {
		t.Errorf("webhook-id %q", got.Header.Get("webhook-id"))
	}
	if err := keys(t, vectorSecret).Verify(got.Header, text, vectorTime()); err != nil {
		t.Error(err)
	}
}

func TestAnswersBecomePolicy(t *testing.T) {
	t.Parallel()
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if len(header) == 2 {
				w.Header().Set(header[0], header[1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "no, +8613812345678")
		}
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	bad := tickets.Refusal{Why: tickets.BadReply, Status: 200, Permanent: true}
	tests := map[string]struct {
		handler http.HandlerFunc
		want    tickets.Refusal
	}{
		"400":             {status(400), tickets.Refusal{Why: tickets.Rejected, Status: 400, Permanent: true}},
		"401":             {status(401), tickets.Refusal{Why: tickets.Rejected, Status: 401, Permanent: true}},
		"404":             {status(404), tickets.Refusal{Why: tickets.Rejected, Status: 404, Permanent: true}},
		"422":             {status(422), tickets.Refusal{Why: tickets.Rejected, Status: 422, Permanent: true}},
		"408":             {status(408), tickets.Refusal{Why: tickets.Busy, Status: 408}},
		"409":             {status(409), tickets.Refusal{Why: tickets.Busy, Status: 409}},
		"425":             {status(425), tickets.Refusal{Why: tickets.Busy, Status: 425}},
		"429":             {status(429), tickets.Refusal{Why: tickets.Busy, Status: 429}},
		"429 in seconds":  {status(429, "Retry-After", "120"), tickets.Refusal{Why: tickets.Busy, Status: 429, RetryAfter: 2 * time.Minute}},
		"503 with a date": {status(503, "Retry-After", vectorTime().Add(time.Minute).UTC().Format(http.TimeFormat)), tickets.Refusal{Why: tickets.UnitFault, Status: 503, RetryAfter: time.Minute}},
		"a date gone by":  {status(503, "Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"), tickets.Refusal{Why: tickets.UnitFault, Status: 503}},
		"nonsense":        {status(503, "Retry-After", "soon"), tickets.Refusal{Why: tickets.UnitFault, Status: 503}},
		"below zero":      {status(503, "Retry-After", "-5"), tickets.Refusal{Why: tickets.UnitFault, Status: 503}},
		"a century":       {status(503, "Retry-After", "2000000000"), tickets.Refusal{Why: tickets.UnitFault, Status: 503, RetryAfter: 24 * time.Hour}},
		"500":             {status(500), tickets.Refusal{Why: tickets.UnitFault, Status: 500}},
		"elsewhere":       {status(302, "Location", "https://elsewhere.example/"), tickets.Refusal{Why: tickets.UnitFault, Status: 302}},
		"a page":          {text("<html>维护</html>"), bad},
		"no reference":    {text(`{"ok":true}`), bad},
		"empty reference": {text(`{"ack_ref":""}`), bad},
		"a number":        {text(`{"ack_ref":7}`), bad},
		"line break":      {text(`{"ack_ref":"a\nb"}`), bad},
		"long reference":  {text(`{"ack_ref":"` + strings.Repeat("a", 129) + `"}`), bad},
		"five megabytes":  {text(`{"ack_ref":"a","x":"` + strings.Repeat("x", 5<<20) + `"}`), bad},
		"nothing":         {text(""), bad},
		"204":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, tickets.Refusal{Why: tickets.BadReply, Status: 204, Permanent: true}},
		"cut off":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, tickets.Refusal{Why: tickets.Unreachable}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := deliver(t, serve(t, tt.handler), 5*time.Second)
			check(t, err, tt.want)
		})
	}
}

// check: a refusal as wanted, whose text is discreet.
func check(t *testing.T, err error, want tickets.Refusal) {
	t.Helper()
	got, ok := errors.AsType[*tickets.Refusal](err)
	if !ok || *got != want {
		t.Fatalf("refusal %+v (%v), want %+v", got, err, want)
	}
	for _, secret := range []string{"138", "hush", "127.0.0.1", "whsec"} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Errorf("the error tells %s: %v", secret, err)
		}
	}
}

func TestASlowDripIsCutOff(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	_, err := deliver(t, url, 100*time.Millisecond)
	check(t, err, tickets.Refusal{Why: tickets.TimedOut})
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + closed.Addr().String() + "/token-hush"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = deliver(t, url, time.Second)
	check(t, err, tickets.Refusal{Why: tickets.Unreachable})
}

func TestAnEndedContextEndsTheAttempt(t *testing.T) {
	t.Parallel()
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	u, err := webhook.New(webhook.Options{Config: webhook.Config{Units: []webhook.Endpoint{endpoint(func(e *webhook.Endpoint) { e.URL = url })}}})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	s, _ := u.Sink("SUB-001")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Deliver(ctx, parcel())
	check(t, err, tickets.Refusal{Why: tickets.TimedOut})
}

func FuzzAcknowledgement(f *testing.F) {
	f.Add(`{"ack_ref":"R-1"}`, "5")
	f.Add("<html>", "Wed, 21 Oct 2015 07:28:00 GMT")
	f.Add(`{"ack_ref":"\ud800"}`, "")
	f.Fuzz(func(t *testing.T, reply, retryAfter string) {
		u, err := webhook.New(webhook.Options{Now: vectorTime, Transport: canned{reply, retryAfter}, Config: webhook.Config{Units: []webhook.Endpoint{endpoint(nil)}}})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := u.Sink("SUB-001")
		ack, err := s.Deliver(t.Context(), parcel())
		if (ack == "") == (err == nil) || len(ack) > 128 {
			t.Errorf("ack %q, error %v", ack, err)
		}
	})
}

// canned answers without a network.
type canned struct{ reply, retryAfter string }

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	status := http.StatusOK
	if c.retryAfter != "" {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Retry-After": {c.retryAfter}}, Body: io.NopCloser(strings.NewReader(c.reply)),
	}, nil
}
