package desk

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/people"
)

// permitted is the matrix of roles and calls as it is meant: a route that is
// not listed here fails, and so does one whose roles differ.
func permitted() map[string]string {
	return map[string]string{
		"POST /session":                     "anybody",
		"GET /session":                      "agent supervisor administrator",
		"DELETE /session":                   "agent supervisor administrator",
		"GET /openapi.json":                 "anybody",
		"GET /directory":                    "agent supervisor administrator",
		"GET /contacts":                     "supervisor administrator",
		"GET /contacts/{id}":                "agent supervisor administrator",
		"GET /contacts/{id}/recording":      "supervisor administrator",
		"GET /contacts/{id}/messages":       "agent supervisor administrator",
		"GET /contacts/{id}/history":        "agent supervisor administrator",
		"POST /contacts/{id}/reveal":        "agent supervisor administrator",
		"GET /contacts/{id}/draft":          "agent supervisor administrator",
		"PUT /contacts/{id}/draft":          "agent supervisor administrator",
		"POST /contacts/{id}/proposal":      "agent supervisor administrator",
		"POST /contacts/{id}/ticket":        "agent supervisor administrator",
		"GET /tickets/{number}":             "agent supervisor administrator",
		"GET /contacts/{id}/decisions":      "supervisor administrator",
		"POST /contacts/{id}/assign":        "supervisor administrator",
		"GET /callbacks":                    "supervisor administrator",
		"POST /callbacks/{callback}/cancel": "supervisor administrator",
		"GET /board":                        "supervisor administrator",
		"GET /hall":                         "supervisor administrator",
	}
}

// probe is a desk of which each call only says that it was reached.
func probe(t *testing.T, rt route) http.Handler {
	t.Helper()
	d, err := New(Options{
		Config: Defaults(), Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), People: roleByToken{},
	})
	if err != nil {
		t.Fatal(err)
	}
	rt.serve = func(_ *Desk, x *exchange) error {
		x.w.WriteHeader(http.StatusTeapot)
		return nil
	}
	return d.call(rt)
}

func TestRolesAndRoutes(t *testing.T) {
	t.Parallel()
	want := permitted()
	for _, rt := range routes() {
		key := rt.method + " " + rt.pattern
		meant, listed := want[key]
		if !listed {
			t.Errorf("%s is not in the matrix", key)
			continue
		}
		delete(want, key)
		handler := probe(t, rt)
		for _, role := range append(people.Roles(), "") {
			r := httptest.NewRequest(rt.method, "/", nil)
			if role != "" {
				r.AddCookie(&http.Cookie{Name: cookieName, Value: string(role)})
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if got := outcome(w.Code); got != expected(meant, role) {
				t.Errorf("%s as %q: %s (%d), want %s", key, role, got, w.Code, expected(meant, role))
			}
		}
	}
	for key := range want {
		t.Errorf("%s is in the matrix and nowhere else", key)
	}
}

func outcome(status int) string {
	switch status {
	case http.StatusTeapot:
		return "served"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusUnauthorized:
		return "sign in first"
	default:
		return fmt.Sprint(status)
	}
}

func expected(meant string, role people.Role) string {
	switch {
	case meant == "anybody" || slices.Contains(strings.Fields(meant), string(role)):
		return "served"
	case role == "":
		return "sign in first"
	default:
		return "forbidden"
	}
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	raw, err := openapi()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %q", document.OpenAPI)
	}
	described := map[string]string{}
	for path, methods := range document.Paths {
		for method, body := range methods {
			var operation struct{ OperationID string }
			if method != "parameters" && json.Unmarshal(body, &operation) == nil {
				described[strings.ToUpper(method)+" "+path] = operation.OperationID
			}
		}
	}
	for _, rt := range routes() {
		key := rt.method + " " + rt.pattern
		if described[key] != rt.name {
			t.Errorf("%s is %q here and %q in openapi.yaml", key, rt.name, described[key])
		}
		delete(described, key)
	}
	for key := range described {
		t.Errorf("%s is described and not served", key)
	}
}

func TestConfigNamesItsFields(t *testing.T) {
	t.Parallel()
	good := Defaults()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*Config){
		"origins":       func(c *Config) { c.Origins = []string{"desk.example"} },
		"lost_after":    func(c *Config) { c.LostAfter = 0 },
		"release_after": func(c *Config) { c.ReleaseAfter = 0 },
		"forget_after":  func(c *Config) { c.ForgetAfter = -1 },
		"recheck":       func(c *Config) { c.Recheck = 0 },
		"ping_every":    func(c *Config) { c.PingEvery = 0 },
		"pong_within":   func(c *Config) { c.PongWithin = c.PingEvery },
	}
	for field, spoil := range tests {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			c := Defaults()
			spoil(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("got %v, want %s named", err, field)
			}
		})
	}
}
