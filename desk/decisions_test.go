package desk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/audit"
	"hotline/contact"
	"hotline/records"
)

func TestDecisionsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := contact.ID(ulid.Make().String())
	at := time.Date(2026, 11, 24, 8, 0, 12, 0, time.UTC)
	w.archive.events[id] = []records.Event{
		{Contact: id, At: at, Kind: records.Accepted},
		{Contact: id, At: at, Kind: records.Offered, Agent: "1003", Facts: map[string]string{
			records.FactBy: "entered", records.FactVia: "general", records.FactWaited: "12000", records.FactIdle: "35200", records.FactOthers: "2",
		}},
	}
	token := w.signIn("2001").Token()
	path := "/api/v1/contacts/" + string(id) + "/decisions"
	r := w.send(t, ask{method: "GET", path: path, token: token})
	for _, part := range []string{
		`{"contact":"` + string(id) + `","decisions":[{"at":"2026-11-24T08:00:12.000Z","kind":"accepted","agent":"","facts":{},"text":{"zh":"诉求进入系统"`,
		`"kind":"offered","agent":"1003","facts":{"by":"entered","idle":"35200","others":"2","via":"general","waited":"12000"},"text":{"zh":"等了 12 秒；在 general 中排第一；1003 空闲最久（35 秒），另有 2 个空闲座席"`,
	} {
		if r.status != 200 || !strings.Contains(r.body, part) {
			t.Errorf("got %d %s, want %s", r.status, r.body, part)
		}
	}
	if e := w.looks.all; len(e) != 1 || e[0].Action != audit.DecisionsViewed || e[0].ID != string(id) || e[0].Who != "2001" {
		t.Errorf("audit has %+v", e)
	}
	if r := w.send(t, ask{method: "GET", path: "/api/v1/contacts/01JDG3Z4V7Q8W9X0Y1Z2A3B4C5/decisions", token: token}); r.status != 404 {
		t.Errorf("an unknown contact: %d %s", r.status, r.body)
	}
	w.looks.fail = errors.New("the audit is away")
	if r := w.send(t, ask{method: "GET", path: path, token: token}); r.status != 503 {
		t.Errorf("without the audit: %d %s", r.status, r.body)
	}
}
