package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
	"unicode"

	"hotline/tickets"
)

const (
	maxReply = 64 << 10 // bytes; an acknowledgement has a hundred
	maxAck   = 128      // bytes of ack_ref
)

// Sink posts to one endpoint. It may be used by many goroutines.
type Sink struct {
	url    string
	keys   Keys
	client *http.Client
	now    func() time.Time
}

// Deliver posts the parcel once and returns the unit's reference. Any error is
// a *tickets.Refusal. It blocks up to the configured timeout.
func (s *Sink) Deliver(ctx context.Context, p tickets.Parcel) (string, error) {
	request, err := s.request(ctx, p)
	if err != nil {
		return "", &tickets.Refusal{Why: tickets.Faulty}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return "", network(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		_, _ = io.CopyN(io.Discard, response.Body, maxReply) // so that the connection serves again
		return "", s.refused(response)
	}
	return acknowledgement(response)
}

func (s *Sink) request(ctx context.Context, p tickets.Parcel) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(p.Body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", tickets.EventContentType+"; charset=utf-8")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "hotline")
	return r, s.keys.Sign(r.Header, p.ID, s.now(), p.Body)
}

// network hides the error's text: it repeats the URL.
func network(err error) *tickets.Refusal {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &tickets.Refusal{Why: tickets.TimedOut}
	}
	return &tickets.Refusal{Why: tickets.Unreachable}
}

// refused reads a status that is not 2xx.
func (s *Sink) refused(r *http.Response) *tickets.Refusal {
	f := &tickets.Refusal{Status: r.StatusCode, RetryAfter: s.retryAfter(r.Header.Get("Retry-After"))}
	switch code := r.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusConflict, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		f.Why = tickets.Busy
	case code/100 == 4:
		f.Why, f.Permanent = tickets.Rejected, true
	default:
		f.Why = tickets.UnitFault
	}
	return f
}

// retryAfter reads seconds or an HTTP date (RFC 9110 §10.2.3); 0 when absent or wrong.
func (s *Sink) retryAfter(text string) time.Duration {
	const most = 24 * time.Hour
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), most)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(s.now()), 0), most)
}

// acknowledgement reads {"ack_ref":"…"}. A 2xx without it does not prove that
// the unit's system has the ticket: some page answered.
func acknowledgement(r *http.Response) (string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReply+1))
	if err != nil {
		return "", network(err)
	}
	var ack struct {
		Ref string `json:"ack_ref"`
	}
	bad := &tickets.Refusal{Why: tickets.BadReply, Status: r.StatusCode, Permanent: true}
	if len(body) > maxReply || json.Unmarshal(body, &ack) != nil || !printable(ack.Ref) {
		return "", bad
	}
	return ack.Ref, nil
}

func printable(ref string) bool {
	if ref == "" || len(ref) > maxAck {
		return false
	}
	for _, r := range ref {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
