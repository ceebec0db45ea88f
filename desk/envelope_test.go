package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"hotline/contact"
	"hotline/people"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets"
)

// roleByToken takes the token for the role.
type roleByToken struct{}

func (roleByToken) SignIn(context.Context, contact.AgentID, string, netip.Addr) (people.Session, error) {
	return people.Session{}, people.ErrCredentials
}

func (roleByToken) Authenticate(_ context.Context, token string) (people.Account, error) {
	return people.Account{ID: "x", Role: people.Role(token)}, nil
}

func (roleByToken) SignOut(context.Context, string, netip.Addr) error { return nil }

func TestReadEnvelope(t *testing.T) {
	t.Parallel()
	const id = `"id":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"`
	tests := map[string]struct {
		frame string
		code  Code
		field string
	}{
		"a command":       {`{"v":1,` + id + `,"type":"pong","data":{}}`, "", ""},
		"a pong":          {`{"v":1,"type":"pong","data":{"at":"x"}}`, "", ""},
		"no version":      {`{"type":"pong","data":{}}`, InvalidField, "v"},
		"a seq":           {`{"v":1,"type":"pong","seq":3,"data":{}}`, InvalidField, "seq"},
		"no type":         {`{"v":1,"data":{}}`, InvalidField, "type"},
		"a long type":     {`{"v":1,"type":"` + strings.Repeat("x", 33) + `","data":{}}`, InvalidField, "type"},
		"no data":         {`{"v":1,"type":"pong"}`, InvalidField, "data"},
		"data of a list":  {`{"v":1,"type":"pong","data":[]}`, InvalidField, "data"},
		"no id":           {`{"v":1,"type":"call.hold","data":{}}`, InvalidField, "id"},
		"no ULID":         {`{"v":1,"id":"7","type":"call.hold","data":{}}`, InvalidField, "id"},
		"an unknown key":  {`{"v":1,"type":"pong","data":{},"w":1}`, UnknownField, "w"},
		"two values":      {`{"v":1,"type":"pong","data":{}}{}`, InvalidJSON, ""},
		"a wrong type":    {`{"v":"1","type":"pong","data":{}}`, InvalidField, "v"},
		"nothing":         {``, InvalidJSON, ""},
		"null":            {`null`, InvalidField, "v"},
		"invalid unicode": {"{\"v\":1,\"type\":\"\xff\",\"data\":{}}", InvalidField, "id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readEnvelope([]byte(tt.frame))
			var p *Problem
			switch {
			case tt.code == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.code != "" && (!errors.As(err, &p) || p.Code != tt.code || p.Field != tt.field):
				t.Errorf("got %v, want %s of %q", err, tt.code, tt.field)
			}
		})
	}
}

func FuzzReadEnvelope(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"01JDG3Z4V7Q8W9X0Y1Z2A3B4C5","type":"call.hold","data":{"contact":"x"}}`))
	f.Add([]byte(`{"v":1,"type":"hello","data":{"epoch":"","last_seq":0,"tab":"","phone":"ask","build":""}}`))
	f.Add([]byte(`[[[[[[[[`))
	f.Add([]byte(`{"data":{"a":{"a":{"a":null}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := readEnvelope(b)
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) || p.Status() >= 500 {
				t.Fatalf("a bad frame is our fault: %v", err)
			}
			return
		}
		if e.V != version || e.Type == "" || e.Data[0] != '{' || !json.Valid(e.Data) {
			t.Fatalf("accepted %q", b)
		}
		var hello helloData
		if err := decodeStrict(e.Data, &hello); err == nil {
			_ = hello.check()
		}
	})
}

func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(`{"fields":{"requester":{"phone":"1"},"occurred_at":"2026-11-24T08:00:00Z"}}`))
	f.Add([]byte(`{"fields":{"place":{"none":1}}}`))
	f.Add([]byte(`{"fields":{"occurred_at":{}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var body formBody
		if err := decodeStrict(b, &body); err != nil {
			var p *Problem
			if !errors.As(err, &p) || p.Status() >= 500 {
				t.Fatalf("a bad body is our fault: %v", err)
			}
			return
		}
		if body.Fields == nil {
			return
		}
		// What was accepted says everything that the body said.
		again, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if err := decodeStrict(again, &formBody{}); err != nil {
			t.Fatalf("our own form is refused: %v", err)
		}
	})
}

func TestStampsHaveMilliseconds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 16, 15, 30, 125_999_999, time.FixedZone("CST", 8*3600))
	for _, tt := range []struct {
		in   stamp
		want string
	}{
		{stamp(at), `"2026-11-24T08:15:30.125Z"`},
		{stamp(at.Truncate(time.Second)), `"2026-11-24T08:15:30.000Z"`},
		{stamp{}, `null`},
	} {
		if b, err := json.Marshal(tt.in); err != nil || string(b) != tt.want {
			t.Errorf("got %s, %v, want %s", b, err, tt.want)
		}
	}
}

func TestEveryProblemHasAStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
	}{
		{problem(InvalidJSON, ""), 400},
		{wrongField("x", ""), 400},
		{tickets.FieldErrors{{Field: "title"}}, 422},
		{problem(Locked, ""), 423},
		{fmt.Errorf("accept: %w", routing.ErrStale), 409},
		{fmt.Errorf("hold: %w", session.ErrState), 409},
		{fmt.Errorf("hold: %w", session.ErrNotYours), 404},
		{context.DeadlineExceeded, 503},
		{refuse(), 503},
		{errors.New("what nobody thought of"), 500},
	} {
		if got := problemOf(tt.err).Status(); got != tt.status {
			t.Errorf("%v: status %d, want %d", tt.err, got, tt.status)
		}
	}
}
