package fakeunit_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline/config"
	"hotline/tickets"
	"hotline/tickets/fakeunit"
	"hotline/tickets/webhook"
)

// document is docs/ticket.md, which units' developers rely on.
func document(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/ticket.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheDocumentedVectorHolds(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("```\nwebhook-id: (.*)\nwebhook-timestamp: 1795507200\nwebhook-signature: (.*)\n\n(.*)\n```").FindStringSubmatch(document(t))
	if block == nil {
		t.Fatal("docs/ticket.md has no test vector")
	}
	k, err := webhook.NewKeys(config.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Webhook-Id": {block[1]}, "Webhook-Timestamp": {"1795507200"}, "Webhook-Signature": {block[2]}}
	if err := k.Verify(h, []byte(block[3]), time.Unix(1795507200, 0)); err != nil {
		t.Error(err)
	}
}

func TestTheDocumentNamesWhatIsSent(t *testing.T) {
	t.Parallel()
	text := document(t)
	for _, field := range fakeunit.Required() {
		short := field[strings.LastIndex(field, ".")+1:]
		if !strings.Contains(text, "`"+field+"`") && !strings.Contains(text, "`"+field+"[]`") && !strings.Contains(text, "`."+short+"`") {
			t.Errorf("docs/ticket.md does not name %s", field)
		}
	}
	for _, d := range tickets.Deadlines() {
		if !strings.Contains(text, "| `"+string(d.Class)+"` |") {
			t.Errorf("docs/ticket.md does not name %s", d.Class)
		}
	}
	for _, f := range fakeunit.Faults() {
		if !strings.Contains(text, "`"+string(f)+"`") {
			t.Errorf("docs/ticket.md does not name the fault %s", f)
		}
	}
}

func TestTheDocumentedDigitsAreOurs(t *testing.T) {
	t.Parallel()
	number, err := tickets.Number(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), 42)
	if err != nil || number != "20261124-0000042-8" || !strings.Contains(document(t), "`20261124` `0000042` has 8") {
		t.Errorf("%s, %v: docs/ticket.md says otherwise", number, err)
	}
	table := regexp.MustCompile(`(?m)^ \d    (\d(?: \d){9})$`).FindAllStringSubmatch(document(t), -1)
	if len(table) != 10 {
		t.Fatalf("the table has %d rows, want 10", len(table))
	}
	interim := byte('0')
	for _, digit := range []byte("202611240000042") {
		interim = table[interim-'0'][1][2*(digit-'0')]
	}
	if interim != '8' {
		t.Errorf("by the documented table the check digit is %c, want 8", interim)
	}
}
