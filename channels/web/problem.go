package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"hotline/channels"
)

// problem is an error as RFC 9457 writes it; its type is about:blank and its
// code the protocol's.
type problem struct {
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Code   string        `json:"code"`
	Retry  time.Duration `json:"-"` // Retry-After
}

func (p problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.Retry+time.Second-1)/time.Second)))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func refuse(w http.ResponseWriter, status int, code string) {
	problem{Title: http.StatusText(status), Status: status, Code: code}.write(w)
}

// retryStore is when to ask again while the store does not answer.
const retryStore = time.Second

// fault is what became of a message that was not kept: a code, and when to
// send it again, 0 for never.
type fault struct {
	status int
	code   string
	retry  time.Duration
}

// faultOf tells what the client may know of an error.
func faultOf(err error) fault {
	switch {
	case errors.Is(err, channels.ErrReused):
		return fault{http.StatusConflict, "cmid_reused", 0}
	case errors.Is(err, ErrFull):
		return fault{http.StatusConflict, "full", 0}
	case errors.Is(err, ErrUnknown):
		return fault{http.StatusNotFound, "unknown_conversation", 0}
	case errors.Is(err, errCMID), errors.Is(err, errEmpty), errors.Is(err, errTooLong), errors.Is(err, errTopic), errors.Is(err, errFrame):
		return fault{http.StatusUnprocessableEntity, err.Error(), 0}
	default:
		return fault{http.StatusServiceUnavailable, "try_again", retryStore}
	}
}

func (f fault) write(w http.ResponseWriter) {
	problem{Title: http.StatusText(f.status), Status: f.status, Code: f.code, Retry: f.retry}.write(w)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(toJSON(v)) //nolint:gosec // JSON, which encoding/json escapes for HTML, with nosniff
}

// body reads a request's JSON, at most frameLimit bytes of it.
func body(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, frameLimit))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		refuse(w, http.StatusRequestEntityTooLarge, "too_big")
	case err != nil || json.Unmarshal(text, into) != nil:
		refuse(w, http.StatusBadRequest, errFrame.Error())
	default:
		return true
	}
	return false
}
