package desk_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/audit"
	"hotline/contact"
	"hotline/desk/headless"
	"hotline/records"
	"hotline/tickets"
)

// ask makes one call as it stands.
type ask struct {
	method, path, token, body string
	header                    http.Header
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
	error  struct {
		Code   string
		Field  string
		Fields []tickets.FieldError
		Until  time.Time
	}
}

func (w *world) send(t *testing.T, a ask) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), a.method, w.server.URL+a.path, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, a.header)
	if a.token != "" {
		req.AddCookie(&http.Cookie{Name: "__Host-hotline", Value: a.token})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	var body struct{ Error any }
	body.Error = &r.error
	_ = json.Unmarshal(raw, &body) // not every answer has one
	return r
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.send(t, ask{method: "POST", path: "/api/v1/session", body: `{"account":"1001","password":"secret"}`})
	if r.status != http.StatusOK || r.body != `{"account":"1001","name":"王芳","role":"agent","skills":["general"]}` {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	set := r.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-hotline=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(set, part) {
			t.Errorf("cookie %q lacks %s", set, part)
		}
	}
	if strings.Contains(set, "Domain") || strings.Contains(set, "Max-Age") {
		t.Errorf("cookie %q: want a session cookie of this host", set)
	}
}

func TestSignInIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(body string) reply {
		return w.send(t, ask{method: "POST", path: "/api/v1/session", body: body})
	}
	if r := post(`{"account":"1001","password":"guess"}`); r.status != 401 || r.error.Code != "unauthenticated" {
		t.Errorf("a wrong password: %d %s", r.status, r.body)
	}
	if right, wrong := post(`{"account":"1001","password":"x"}`).body, post(`{"account":"none","password":"x"}`).body; right != wrong {
		t.Errorf("a wrong account reads %s, a wrong password %s", wrong, right)
	}
	w.staff.until = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	if r := post(`{"account":"1001","password":"secret"}`); r.status != 423 || r.error.Code != "locked" || !r.error.Until.Equal(w.staff.until) {
		t.Errorf("locked: %d %s", r.status, r.body)
	}
	w.staff.until = time.Time{}
	w.staff.away = true
	if r := post(`{"account":"1001","password":"secret"}`); r.status != 503 {
		t.Errorf("store away: %d %s", r.status, r.body)
	}
	limited := 0
	for range 40 {
		if post(`{"account":"1001","password":"guess"}`).status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("40 attempts at once were not limited")
	}
}

func TestSignedInUntilSignedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.signIn("2001").Token()
	me := ask{method: "GET", path: "/api/v1/session", token: token}
	if r := w.send(t, me); r.status != 200 || !strings.Contains(r.body, `"role":"supervisor"`) {
		t.Errorf("signed in: %d %s", r.status, r.body)
	}
	r := w.send(t, ask{method: "DELETE", path: "/api/v1/session", token: token})
	if r.status != http.StatusNoContent || !strings.Contains(r.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d %v", r.status, r.header)
	}
	if r := w.send(t, me); r.status != 401 {
		t.Errorf("after sign-out: %d %s", r.status, r.body)
	}
}

func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.ready("1001").talk("1001")
	token := w.signIn("1001").Token()
	draft := "/api/v1/contacts/" + string(c.Contact.ID) + "/draft"
	tests := map[string]struct {
		path, body  string
		status      int
		code, field string
	}{
		"no JSON":             {draft, `title=x`, 400, "invalid_json", ""},
		"nothing":             {draft, ``, 400, "invalid_json", ""},
		"broken off":          {draft, `{"revision":0`, 400, "invalid_json", ""},
		"a list":              {draft, `[]`, 400, "invalid_json", ""},
		"trailing data":       {draft, `{"revision":0,"fields":{}} {}`, 400, "invalid_json", ""},
		"unknown field":       {draft, `{"revision":0,"fields":{},"x":1}`, 400, "unknown_field", "x"},
		"unknown deep field":  {draft, `{"revision":0,"fields":{"place":{"city":"x"}}}`, 400, "unknown_field", "fields.place.city"},
		"another case":        {draft, `{"revision":0,"fields":{"Title":"x"}}`, 400, "unknown_field", "fields.Title"},
		"wrong type":          {draft, `{"revision":"0","fields":{}}`, 400, "invalid_field", "revision"},
		"wrong deep type":     {draft, `{"revision":0,"fields":{"requester":{"phone":138}}}`, 400, "invalid_field", "fields.requester.phone"},
		"no revision":         {draft, `{"fields":{}}`, 400, "invalid_field", "revision"},
		"negative revision":   {draft, `{"revision":-1,"fields":{}}`, 400, "invalid_field", "revision"},
		"a masked stranger":   {draft, `{"revision":0,"fields":{"requester":{"phone":"+86138****0000"}}}`, 400, "invalid_field", "requester.phone"},
		"65 KiB":              {draft, `{"revision":0,"fields":{"content":"` + strings.Repeat("x", 65<<10) + `"}}`, 413, "too_large", ""},
		"no such contact":     {"/api/v1/contacts/01JDG3Z4V7Q8W9X0Y1Z2A3B4C5/draft", `{"revision":0,"fields":{}}`, 404, "not_found", ""},
		"no contact at all":   {"/api/v1/contacts/..%2f..%2fetc/draft", `{"revision":0,"fields":{}}`, 404, "not_found", ""},
		"a key as a contact":  {"/api/v1/contacts/%7Bhall%7D*/draft", `{"revision":0,"fields":{}}`, 404, "not_found", ""},
		"good after all this": {draft, `{"revision":0,"fields":{"title":"x"}}`, 200, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.send(t, ask{method: "PUT", path: tt.path, token: token, body: tt.body})
			if r.status != tt.status || r.error.Code != tt.code || r.error.Field != tt.field {
				t.Errorf("got %d %s, want %d %s of %q", r.status, r.body, tt.status, tt.code, tt.field)
			}
		})
	}
}

func TestUnsafeCallsNeedOurOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.signIn("1001").Token()
	tests := map[string]struct {
		method string
		header http.Header
		status int
	}{
		"own origin":             {"DELETE", http.Header{"Origin": {w.server.URL}, "Sec-Fetch-Site": {"same-origin"}}, 204},
		"foreign origin":         {"DELETE", http.Header{"Origin": {"https://evil.example"}}, 403},
		"null":                   {"DELETE", http.Header{"Origin": {"null"}}, 403},
		"cross-site, no origin":  {"DELETE", http.Header{"Sec-Fetch-Site": {"cross-site"}}, 403},
		"a sibling host":         {"DELETE", http.Header{"Origin": {w.server.URL}, "Sec-Fetch-Site": {"same-site"}}, 403},
		"reading from elsewhere": {"GET", http.Header{"Origin": {"https://evil.example"}}, 200},
	}
	for _, name := range []string{"reading from elsewhere", "foreign origin", "null", "cross-site, no origin", "a sibling host", "own origin"} {
		tt := tests[name]
		t.Run(name, func(t *testing.T) {
			if r := w.send(t, ask{method: tt.method, path: "/api/v1/session", token: token, header: tt.header}); r.status != tt.status {
				t.Errorf("got %d %s, want %d", r.status, r.body, tt.status)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/api/v1/session", "/api/v1/nothing", "/desk/socket", "/api/v1/openapi.json"} {
		h := w.send(t, ask{method: "GET", path: path}).header
		csp := h.Get("Content-Security-Policy")
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(csp, "frame-ancestors 'none'") ||
			strings.Contains(csp, "unsafe") || !strings.Contains(h.Get("Permissions-Policy"), "microphone=(self)") {
			t.Errorf("%s: headers are %v", path, h)
		}
	}
}

func TestDraftsAndConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	path := "/contacts/" + string(s.talk("1001").Contact.ID) + "/draft"
	var refusal *headless.Error
	if err := s.rest.Call(w.ctx(), "GET", path, nil, nil); !errors.As(err, &refusal) || refusal.Code != "not_found" {
		t.Fatalf("before the first: %v", err)
	}
	fields := object{"title": "暖气不热", "requester": object{"phone": "+86138****5678", "alt_contact": "+861065551234"}}
	var saved struct{ Revision int }
	if err := s.rest.Call(w.ctx(), "PUT", path, object{"revision": 0, "fields": fields}, &saved); err != nil || saved.Revision != 1 {
		t.Fatalf("first save: %v, %+v", err, saved)
	}
	var draft struct {
		Revision int
		Agent    string
		Fields   tickets.Fields
	}
	if err := s.rest.Call(w.ctx(), "GET", path, nil, &draft); err != nil {
		t.Fatal(err)
	}
	if r := draft.Fields.Requester; r.Phone != "+86138****5678" || r.AltContact != "+8610****1234" || draft.Agent != "1001" {
		t.Errorf("draft is %+v", draft)
	}
	// What was shown masked and comes back so is unchanged.
	if err := s.rest.Call(w.ctx(), "PUT", path, object{"revision": 1, "fields": draft.Fields}, &saved); err != nil || saved.Revision != 2 {
		t.Fatalf("second save: %v, %+v", err, saved)
	}
	for id, d := range w.office.drafts {
		if r := d.Fields.Requester; r.Phone != "+8613812345678" || r.AltContact != "+861065551234" {
			t.Errorf("draft of %s has lost its numbers", id)
		}
	}
	r := w.send(t, ask{method: "PUT", path: "/api/v1" + path, token: s.rest.Token(), body: `{"revision":1,"fields":{"title":"late"}}`})
	var conflict struct {
		Error   struct{ Code string }
		Current struct {
			Revision int
			Fields   tickets.Fields
		}
	}
	if err := json.Unmarshal([]byte(r.body), &conflict); err != nil || r.status != 409 || conflict.Error.Code != "conflict" ||
		conflict.Current.Revision != 2 || conflict.Current.Fields.Title != "暖气不热" || strings.Contains(r.body, "12345678") {
		t.Errorf("conflict: %d %s", r.status, r.body)
	}
}

func TestATicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	path := "/contacts/" + string(c.Contact.ID)
	api := "/api/v1" + path + "/ticket"
	key := http.Header{"Idempotency-Key": {ulid.Make().String()}}
	good := `{"fields":{"title":"暖气不热"}}`
	token := s.rest.Token()
	if r := w.send(t, ask{method: "POST", path: api, token: token, body: good}); r.status != 400 || r.error.Field != "Idempotency-Key" {
		t.Errorf("without a key: %d %s", r.status, r.body)
	}
	if r := w.send(t, ask{"POST", api, token, `{"fields":{}}`, key}); r.status != 422 || len(r.error.Fields) != 2 || r.error.Fields[0].Field != "title" {
		t.Errorf("an empty form: %d %s", r.status, r.body)
	}
	first := w.send(t, ask{"POST", api, token, good, key})
	if first.status != 201 || strings.Contains(first.body, "12345678") || !strings.Contains(first.body, "+86138****5678") {
		t.Errorf("first: %d %s", first.status, first.body)
	}
	s.awaitType("ticket.changed")
	if again := w.send(t, ask{"POST", api, token, good, key}); again.status != 200 || again.body != first.body {
		t.Errorf("repeat: %d %s", again.status, again.body)
	}
	if got := w.office.last.Contact; got.ID != c.Contact.ID || got.Citizen.Reveal() != "+8613812345678" || got.Source != "12345" {
		t.Errorf("registered for %+v", got)
	}
	var p struct {
		Unit  tickets.UnitName
		DueAt *time.Time `json:"due_at"`
	}
	if err := s.rest.Call(w.ctx(), "POST", path+"/proposal", object{"fields": object{"item_code": "01.02.003"}}, &p); err != nil || p.Unit.Code != "DEP-001" || p.DueAt != nil {
		t.Errorf("proposal: %v, %+v", err, p)
	}
	if r := w.send(t, ask{method: "POST", path: "/api/v1" + path + "/proposal", token: token, body: `{"fields":{"item_code":"99.99.999"}}`}); r.status != 422 || r.error.Field != "item_code" {
		t.Errorf("proposal for an unknown item: %d %s", r.status, r.body)
	}
	number := "/api/v1/tickets/20261124-0000001-3"
	for account, want := range map[string]int{"1001": 200, "1002": 404, "2001": 200} {
		if r := w.send(t, ask{method: "GET", path: number, token: w.signIn(account).Token()}); r.status != want || strings.Contains(r.body, "12345678") {
			t.Errorf("ticket for %s: %d %s, want %d", account, r.status, r.body, want)
		}
	}
}

func TestAgentsSeeTheirContactsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live := w.ready("1001").talk("1001").Contact.ID
	past := contact.ID(ulid.Make().String())
	w.archive.all = []records.Record{{Contact: past, Channel: contact.Phone, Accepted: time.Now()}}
	w.archive.events[past] = []records.Event{{Contact: past, Kind: records.Offered, Agent: "1002"}}
	tests := map[string]struct {
		account string
		id      contact.ID
		status  int
	}{
		"offered now":               {"1001", live, 200},
		"offered to another":        {"1002", live, 404},
		"offered long ago":          {"1002", past, 200},
		"long ago, to another":      {"1001", past, 404},
		"a supervisor, any":         {"2001", past, 200},
		"an administrator, unknown": {"9001", "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			token := w.signIn(tt.account).Token()
			for _, path := range []string{"", "/history"} {
				if r := w.send(t, ask{method: "GET", path: "/api/v1/contacts/" + string(tt.id) + path, token: token}); r.status != tt.status {
					t.Errorf("%q: got %d %s, want %d", path, r.status, r.body, tt.status)
				}
			}
		})
	}
	w.looks.mu.Lock()
	defer w.looks.mu.Unlock()
	if len(w.looks.all) != 2 || w.looks.all[0].Who != "2001" || w.looks.all[0].Action != audit.ContactViewed || w.looks.all[1].Action != audit.HistoryViewed {
		t.Errorf("audited are %+v, want the supervisor's two looks", w.looks.all)
	}
}

func TestRevealIsAuditedOrRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	path := "/api/v1/contacts/" + string(s.talk("1001").Contact.ID) + "/reveal"
	reveal := func(body string) reply {
		return w.send(t, ask{method: "POST", path: path, token: s.rest.Token(), body: body})
	}
	if r := reveal(`{"reason":""}`); r.status != 400 || r.error.Field != "reason" {
		t.Errorf("without a reason: %d %s", r.status, r.body)
	}
	if r := reveal(`{"reason":"回拨市民"}`); r.status != 200 || r.body != `{"phone":"+8613812345678"}` {
		t.Errorf("got %d %s", r.status, r.body)
	}
	w.looks.mu.Lock()
	if len(w.looks.all) != 1 || w.looks.all[0].Reason != "回拨市民" || w.looks.all[0].Who != "1001" || w.looks.all[0].Action != audit.AddressRevealed {
		t.Errorf("audited are %+v", w.looks.all)
	}
	w.looks.fail = errors.New("the database is away")
	w.looks.mu.Unlock()
	if r := reveal(`{"reason":"回拨市民"}`); r.status != 503 || strings.Contains(r.body, "138") {
		t.Errorf("without an audit: %d %s", r.status, r.body)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001").Contact
	ref := c.Citizen.Ref(refKey())
	now := time.Now()
	record := func(age time.Duration) records.Record {
		at := now.Add(-age)
		return records.Record{
			Contact: contact.ID(ulid.Make().String()), CitizenRef: ref, Accepted: at, Line: "citizen", Agent: "1002",
			Connected: at.Add(time.Second), TalkEnded: at.Add(61 * time.Second), Cause: contact.CitizenEnded,
		}
	}
	this := record(0)
	this.Contact = c.ID
	w.archive.all = []records.Record{this, record(24 * time.Hour), record(31 * 24 * time.Hour)}
	w.office.byKey["k"] = tickets.Ticket{
		Schema: tickets.Schema, Number: "20261001-0000007-1", Title: "路灯不亮", State: tickets.Working,
		LeadUnitName: "城管委", Requester: tickets.Requesting{Ref: ref}, Delivery: &tickets.Delivery{State: tickets.Delivered},
	}
	var h struct {
		Count    int `json:"count_30d"`
		Contacts []struct {
			Cause  string
			TalkMS int `json:"talk_ms"`
		}
		Tickets []map[string]any
	}
	if err := s.rest.Call(w.ctx(), "GET", "/contacts/"+string(c.ID)+"/history", nil, &h); err != nil {
		t.Fatal(err)
	}
	if h.Count != 1 || len(h.Contacts) != 2 || h.Contacts[0].TalkMS != 60000 || h.Contacts[0].Cause != "citizen_ended" {
		t.Errorf("history is %+v", h)
	}
	if len(h.Tickets) != 1 || h.Tickets[0]["state_text"] != "办理中" || h.Tickets[0]["delivery"] != "delivered" || h.Tickets[0]["unit_name"] != "城管委" {
		t.Errorf("tickets are %+v", h.Tickets)
	}
}

func TestTheHallForSupervisors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ready("1001").talk("1001")
	w.sit("1002")
	w.archive.all = []records.Record{{Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Citizen: contact.NewAddress("+8613812345678"), Accepted: time.Now()}}
	boss := w.signIn("2001")
	var hall struct {
		Agents        []struct{ ID, Name, State, Reason string }
		Waiting, Free map[string]int
	}
	if err := boss.Call(w.ctx(), "GET", "/hall", nil, &hall); err != nil {
		t.Fatal(err)
	}
	if len(hall.Agents) != 2 || hall.Agents[0].State != "talking" || hall.Agents[1].Reason != "signed_in" || hall.Waiting["general"] != 3 || hall.Free["general"] != 1 {
		t.Errorf("hall is %+v", hall)
	}
	for query, want := range map[string]int{"": 200, "?limit=1": 200, "?limit=0": 400, "?limit=501": 400, "?limit=x": 400} {
		r := w.send(t, ask{method: "GET", path: "/api/v1/contacts" + query, token: boss.Token()})
		if r.status != want || strings.Contains(r.body, "12345678") {
			t.Errorf("contacts%s: %d %s, want %d", query, r.status, r.body, want)
		}
	}
}

func TestTheDirectoryIsCached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := ask{method: "GET", path: "/api/v1/directory", token: w.signIn("1001").Token()}
	r := w.send(t, a)
	if r.status != 200 || !strings.Contains(r.body, `"synthetic":true`) {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	a.header = http.Header{"If-None-Match": {r.header.Get("ETag")}}
	if r := w.send(t, a); r.status != http.StatusNotModified || r.body != "" {
		t.Errorf("again: %d %s", r.status, r.body)
	}
}

func TestTheBrowserDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", "/calls/7"} {
		if r := w.send(t, ask{method: "GET", path: path}); r.status != 200 || !strings.Contains(r.body, "<audio>") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := w.send(t, ask{method: "GET", path: "/api/v1/nothing"}); r.status != 404 || r.error.Code != "not_found" {
		t.Errorf("an unknown call: %d %s", r.status, r.body)
	}
	if strings.Contains(w.send(t, ask{method: "POST", path: "/api/v1/hall"}).body, "<audio>") {
		t.Error("a wrong method reaches the browser desk")
	}
}
