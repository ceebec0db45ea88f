package node

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"hotline/callbacks"
	"hotline/desk"
	"hotline/gateway/sip"
	"hotline/routing"
	"hotline/session"
	"hotline/tickets"
)

// row is one arrow of any machine.
type row struct{ from, event, to, who string }

type machine struct {
	title, about string
	rows         []row
}

func machines() []machine {
	var m [9]machine
	m[0] = machine{title: "A contact with its session", about: "`session/states.go`: one goroutine follows it from the call to the record."}
	for _, a := range session.States() {
		m[0].rows = append(m[0].rows, row{string(a.From), string(a.Event), string(a.To), ""})
	}
	m[1] = machine{title: "A contact in the queue", about: "`routing/states.go`: what the scripts in Redis and the model in Go agree on."}
	for _, a := range routing.States() {
		m[1].rows = append(m[1].rows, row{a.From, a.Event, a.To, ""})
	}
	m[2] = machine{title: "An agent's seat", about: "`desk/states.go`: 示闲, 小休, 振铃, 通话, 保持, 话后整理 as the desk shows them."}
	for _, a := range desk.States() {
		m[2].rows = append(m[2].rows, row{a.From, a.Event, a.To, ""})
	}
	m[3] = machine{title: "A SIP dialog", about: "`gateway/sip/states.go`: RFC 3261, seen from our side."}
	for _, a := range sip.States() {
		m[3].rows = append(m[3].rows, row{a.From, a.Event, a.To, ""})
	}
	m[4] = machine{title: "A ticket", about: "`tickets/state.go`: the whole life of a ticket; this version drives the part up to the hand-off."}
	for _, a := range tickets.States() {
		m[4].rows = append(m[4].rows, row{a.From, a.Event, a.To, a.Who})
	}
	m[5] = machine{title: "The delivery of a ticket", about: "`tickets/delivery.go`: from the outbox to the unit; apart from the ticket's own state."}
	for _, a := range tickets.Deliveries() {
		m[5].rows = append(m[5].rows, row{a.From, a.Event, a.To, a.Who})
	}
	m[6] = machine{title: "A conversation with its session", about: "`session/conversationstates.go`: the same for text; a dead node's conversations are adopted by another."}
	for _, a := range session.ConversationStates() {
		m[6].rows = append(m[6].rows, row{string(a.From), string(a.Event), string(a.To), ""})
	}
	m[7] = machine{title: "A conversation at a seat", about: "`desk/conversationstates.go`: beside the call, as many as the seat has slots."}
	for _, a := range desk.ConversationStates() {
		m[7].rows = append(m[7].rows, row{a.From, a.Event, a.To, ""})
	}
	m[8] = machine{title: "A call-back", about: "`callbacks/states.go`: a promise, from the queue to the citizen's answer; each arrow out of `queued` and `dialling` checks the claim's token."}
	for _, a := range callbacks.States() {
		m[8].rows = append(m[8].rows, row{a.From, a.Event, a.To, ""})
	}
	return m[:]
}

func (m machine) draw(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```mermaid\nstateDiagram-v2\n", m.title, m.about)
	for _, r := range m.rows {
		fmt.Fprintf(b, "  %s --> %s: %s\n", word(r.from), word(r.to), r.event)
	}
	b.WriteString("```\n\n| from | event | to |\n|---|---|---|\n")
	for _, r := range m.rows {
		if r.who != "" {
			r.event += " (" + r.who + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", r.from, r.event, r.to)
	}
}

func word(s string) string { return strings.NewReplacer(" ", "_", "-", "_").Replace(s) }

// TestStatesPage holds docs/states.md to the tables in the code.
func TestStatesPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# States\n\nGenerated from the tables in the code by `make docs`; a test holds it to them. What is not in a table cannot happen.\n")
	for _, m := range machines() {
		m.draw(&b)
	}
	compare(t, "../docs/states.md", b.String())
}

// compare holds a generated page, or writes it under -update.
func compare(t *testing.T, file, want string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run make docs", file)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the generated pages")
	flag.Parse()
	os.Exit(m.Run())
}
