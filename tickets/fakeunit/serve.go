package fakeunit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/tickets"
)

const maxEvent = 1 << 20

func (u *Unit) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /received", u.list)
	mux.HandleFunc("POST /down", u.down)
	mux.HandleFunc("POST /up", func(w http.ResponseWriter, _ *http.Request) {
		u.Repair()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /", u.post)
	return mux
}

func (u *Unit) list(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, u.Received())
}

func (u *Unit) down(w http.ResponseWriter, r *http.Request) {
	mode, text := Fault(r.FormValue("mode")), r.FormValue("for")
	var d time.Duration
	if text != "" {
		var err error
		if d, err = time.ParseDuration(text); err != nil || d < 0 {
			problem(w, http.StatusBadRequest, "for: want a duration such as 10m")
			return
		}
	}
	if !slices.Contains(Faults(), mode) {
		problem(w, http.StatusBadRequest, fmt.Sprintf("mode: want one of %v", Faults()))
		return
	}
	u.Break(mode, d)
	w.WriteHeader(http.StatusNoContent)
}

func (u *Unit) post(w http.ResponseWriter, r *http.Request) {
	fault := u.arrive()
	if fault != "" && fault != Forgetful {
		u.misbehave(w, r, fault)
		return
	}
	d, status, text := u.read(r)
	if status != http.StatusOK {
		problem(w, status, text)
		return
	}
	ref := u.keep(d)
	if fault == Forgetful {
		problem(w, http.StatusInternalServerError, "kept, and forgot to say so")
		return
	}
	answer(w, http.StatusOK, map[string]string{"ack_ref": ref})
}

// read checks everything a unit must check before it believes an event.
func (u *Unit) read(r *http.Request) (d Delivery, status int, problem string) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != tickets.EventContentType {
		return d, http.StatusUnsupportedMediaType, "want " + tickets.EventContentType
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil || len(body) > maxEvent {
		return d, http.StatusRequestEntityTooLarge, "want at most 1 MiB"
	}
	now := u.o.Now()
	if err := u.keys.Verify(r.Header, body, now); err != nil {
		return d, http.StatusUnauthorized, "the signature does not hold"
	}
	e, err := readEvent(body)
	if err != nil {
		return d, http.StatusUnprocessableEntity, err.Error()
	}
	if id := r.Header.Get("webhook-id"); id != e.ID {
		return d, http.StatusUnprocessableEntity, "webhook-id is not the event's id"
	}
	seconds, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64) // verified above
	return Delivery{
		ID: e.ID, Number: e.Subject, Title: e.Data.Title, Unit: e.Data.LeadUnit, SignatureOK: true,
		SentAt: time.Unix(seconds, 0).UTC(), ReceivedAt: now.UTC(), Body: body,
	}, http.StatusOK, ""
}

// misbehave answers by the fault.
func (u *Unit) misbehave(w http.ResponseWriter, r *http.Request, f Fault) {
	switch f {
	case Unavailable:
		problem(w, http.StatusServiceUnavailable, "down for maintenance")
	case Limited:
		w.Header().Set("Retry-After", "120")
		problem(w, http.StatusTooManyRequests, "too many")
	case Rejecting:
		problem(w, http.StatusUnprocessableEntity, "never")
	case Hanging:
		u.hang(r)
		reset(w)
	case Refusing:
		reset(w)
	case Page:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>维护中</body></html>")
	case Flooding:
		_, _ = io.WriteString(w, `{"ack_ref":"`+strings.Repeat("a", 5<<20)+`"}`)
	case Forgetful:
	}
}

// hang waits for the other side to give up, for the repair or for the end.
func (u *Unit) hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxEvent)) // else the server does not see the other side go
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		defer cancel()
		select {
		case <-u.closed:
		case <-ctx.Done():
		}
	}()
	_ = u.await(ctx, func() bool { return u.fault != Hanging })
}

// reset ends the connection with RST, as a closed port does.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: the stream is reset
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]any{"error": map[string]string{"message": text}})
}
