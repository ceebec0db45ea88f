package tickets_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline/tickets"
)

// foreign is a ticket of a newer version: fields we do not know at each depth.
const foreign = `{"schema":"citizen-ticket/1","ticket_no":"20261124-0000001-0","seq":1,"round":1,"session_ids":[],
"risk_tags":["life"],"attributes":{"floor":3,"big":12345678901234567890},
"requester":{"ref":"R","kind":"natural","confidential":false,"anonymous":false,"reply_wanted":true,"tags":["elderly"],"phone":"+8613812345678"},
"place":{"address":"柳荫街","division_code":"990101001001","lat":39.9,"crs":"gcj02"},
"history":[{"seq":1,"at":"2026-11-24T08:00:00Z","actor":"1001","action":"register","from":"draft","to":"accepted","weather":"rain"}]}`

func TestUnknownFieldsSurvive(t *testing.T) {
	t.Parallel()
	var got tickets.Ticket
	if err := json.Unmarshal([]byte(foreign), &got); err != nil {
		t.Fatal(err)
	}
	got.Title = "已改"
	back := decoded(t, got)
	want := decoded(t, json.RawMessage(foreign))
	for _, path := range []string{"risk_tags", "attributes", "requester", "place", "history"} {
		if path == "place" { // known fields that were absent stay absent
			continue
		}
		if diff := cmp.Diff(want[path], back[path]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if back["title"] != "已改" || back["place"].(map[string]any)["crs"] != "gcj02" {
		t.Errorf("came back as %v", back)
	}
	if b, err := json.Marshal(got); err != nil || !strings.Contains(string(b), "12345678901234567890") {
		t.Errorf("a large number lost its digits: %s, %v", b, err)
	}
	b, _ := json.Marshal(got.Scoped(tickets.ScopeMasked))
	if strings.Contains(string(b), "elderly") || !strings.Contains(string(b), "gcj02") {
		t.Errorf("scoped: %s; want unknown fields of the requester withheld, others kept", b)
	}
}

func decoded(t *testing.T, v any) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOtherSchemasAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"schema":"citizen-ticket/2"}`, `[]`, `{"schema":"citizen-ticket/1","seq":"one"}`} {
		var got tickets.Ticket
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	whole := tickets.Requesting{Ref: "R", Kind: "natural", Name: "欧阳明", Phone: "+8613812345678", AltContact: "6555123", OrgName: "某公司", ReplyWanted: true}
	masked := tickets.Requesting{Ref: "R", Kind: "natural", Name: "欧**", Phone: "+86138****5678", AltContact: "****5123", OrgName: "某公司", ReplyWanted: true}
	bare := tickets.Requesting{Ref: "R", Kind: "natural", ReplyWanted: true}
	with := func(r tickets.Requesting, change func(*tickets.Requesting)) tickets.Requesting {
		change(&r)
		return r
	}
	confidential := func(r *tickets.Requesting) { r.Confidential = true }
	anonymous := func(r *tickets.Requesting) { r.Anonymous = true }
	const text = "我是欧阳明，电话13812345678，也可打+8613812345678"
	tests := map[string]struct {
		in, want tickets.Requesting
		scope    tickets.PIIScope
		content  string
	}{
		"full":               {whole, whole, tickets.ScopeFull, text},
		"masked":             {whole, masked, tickets.ScopeMasked, "我是欧**，电话138****5678，也可打+86138****5678"},
		"none":               {whole, bare, tickets.ScopeNone, "我是欧**，电话138****5678，也可打+86138****5678"},
		"unknown scope":      {whole, bare, "everything", "我是欧**，电话138****5678，也可打+86138****5678"},
		"confidential, full": {with(whole, confidential), with(bare, confidential), tickets.ScopeFull, "我是欧**，电话138****5678，也可打+86138****5678"},
		"anonymous, full":    {with(whole, anonymous), with(bare, anonymous), tickets.ScopeFull, "我是欧**，电话138****5678，也可打+86138****5678"},
		"courtesy title":     {with(whole, func(r *tickets.Requesting) { r.Name = "张女士" }), with(masked, func(r *tickets.Requesting) { r.Name = "张女士" }), tickets.ScopeMasked, "我是欧阳明，电话138****5678，也可打+86138****5678"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := tickets.Ticket{Requester: tt.in, Content: text, Title: text}
			got := in.Scoped(tt.scope)
			if diff := cmp.Diff(tt.want, got.Requester); diff != "" {
				t.Errorf("requester (-want +got):\n%s", diff)
			}
			if got.Content != tt.content || got.Title != tt.content || in.Content != text {
				t.Errorf("content %q, want %q", got.Content, tt.content)
			}
		})
	}
}

func TestTheDeskSeesMaskedNumbersAndTheWholeText(t *testing.T) {
	t.Parallel()
	got := tickets.Ticket{Requester: tickets.Requesting{Name: "张三", Phone: "+8613812345678", Confidential: true}, Content: "张三"}.Masked()
	if got.Requester.Name != "张**" || got.Requester.Phone != "+86138****5678" || got.Content != "张三" {
		t.Errorf("masked: %+v", got)
	}
}

// TestTheStateTable holds what must be true of every table of tickets.
func TestTheStateTable(t *testing.T) {
	t.Parallel()
	seen, ends := map[string]bool{}, map[string]bool{}
	for _, a := range tickets.States() {
		key := a.From + " " + a.Event
		if seen[key] {
			t.Errorf("%s leads to two states", key)
		}
		seen[key] = true
		ends[a.To] = true
		if a.To == string(tickets.Closed) && a.Who == "unit" {
			t.Error("a unit can close a ticket")
		}
		if a.To == string(tickets.Withdrawn) && a.Who != "citizen" {
			t.Errorf("%s can withdraw", a.Who)
		}
		if tickets.State(a.From).Text() == a.From || tickets.State(a.To).Text() == a.To {
			t.Errorf("%s or %s has no Chinese name", a.From, a.To)
		}
	}
	reached := map[string]bool{string(tickets.Drafted): true}
	for range tickets.States() {
		for _, a := range tickets.States() {
			reached[a.To] = reached[a.To] || reached[a.From]
		}
	}
	for state := range ends {
		if !reached[state] {
			t.Errorf("%s cannot be reached from a draft", state)
		}
	}
}

func TestADeadLetterCanComeBackAndADeliveredOneCannot(t *testing.T) {
	t.Parallel()
	from := map[string][]string{}
	for _, a := range tickets.Deliveries() {
		from[a.From] = append(from[a.From], a.To)
	}
	if diff := cmp.Diff([]string{"pending"}, from["dead_letter"]); diff != "" || from["delivered"] != nil {
		t.Errorf("dead letters (-want +got):\n%s\ndelivered leads to %v", diff, from["delivered"])
	}
}

func FuzzTicket(f *testing.F) {
	f.Add(foreign)
	f.Add(`{"schema":"citizen-ticket/1","history":[{"seq":1,"x":[{}]}],"due_at":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second tickets.Ticket
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		a, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		if err := json.Unmarshal(a, &second); err != nil {
			t.Fatalf("written, but not read: %v", err)
		}
		if b, _ := json.Marshal(second); string(a) != string(b) {
			t.Errorf("not stable:\n%s\n%s", a, b)
		}
	})
}
