package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
	"hotline/routing/routingtest"
)

// day plays the city's policy on the model of the queue.
type day struct {
	t     *testing.T
	now   time.Time
	store *memstore.Store
	book  *routing.Book
	cfg   Config
	log   []string
}

// seat is of an agent of the city's file.
func (d *day) seat(id contact.AgentID, status routing.Status) {
	d.t.Helper()
	for _, a := range d.cfg.People.Accounts {
		if a.ID != id {
			continue
		}
		seat := d.book.Seat(routing.SeatAsk{ID: id, Skills: a.Skills, Now: d.now})
		seat.Node, seat.Status = "n1", status
		d.must(d.store.SetAgent(d.t.Context(), seat))
	}
}

func (d *day) call(n int, number string, returning bool) {
	d.t.Helper()
	line, _, _ := d.book.ByNumber(number)
	e := d.book.Plan(routing.Ask{Line: line, Class: contact.Voice, Now: d.now, Returning: returning}).Entry
	e.Contact, e.Anchor = routingtest.ContactID(n), "n1"
	d.must(d.store.Enqueue(d.t.Context(), e))
}

func (d *day) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// pass lets a second go by; whoever is offered a call accepts.
func (d *day) pass() {
	d.t.Helper()
	d.must(d.store.Beat(d.t.Context(), "n1"))
	d.must(d.store.Tick(d.t.Context()))
	for _, c := range d.store.Take("n1") {
		if c.Kind == routing.Offer {
			d.must(d.store.Accept(d.t.Context(), c.Contact, c.Token))
			d.log = append(d.log, fmt.Sprintf("%s %s to %s via %s, score %d", d.now.Format(time.TimeOnly), c.Contact[25:], c.Agent, c.Why.Via, c.Why.Score))
		}
	}
	d.now = d.now.Add(time.Second)
}

// TestWorkedExample holds docs/routing.md to the model.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	cfg := loadCity(t)
	book, err := cfg.Policy()
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("", 8*3600)
	d := &day{t: t, cfg: cfg, book: book, now: time.Date(2026, 11, 25, 9, 59, 50, 0, zone)}
	d.store = memstore.New(func() time.Time { return d.now })
	d.must(d.store.Beat(t.Context(), "n1"))
	for _, id := range []contact.AgentID{"1001", "1002", "1003", "1005", "1006", "1007", "1008"} {
		d.seat(id, routing.Away) // there, with other things to do
	}
	d.seat("1004", routing.Ready)
	does := map[string]func(){
		"10:00:00": func() { d.call(1, "12345", false) },
		"10:00:40": func() { d.call(2, "1234501", false) },
		"10:01:30": func() { d.call(3, "12345", true) },
		"10:02:00": func() { d.call(4, "1234509", false) },
		"10:02:10": func() { d.seat("1002", routing.Ready) },
		"10:02:20": func() { d.seat("1001", routing.Ready) },
		"10:02:30": func() { d.seat("1005", routing.Ready) },
	}
	for d.now.Before(time.Date(2026, 11, 25, 10, 3, 0, 0, zone)) {
		if do := does[d.now.Format(time.TimeOnly)]; do != nil {
			do()
		}
		d.pass()
	}
	want := []string{
		"10:01:10 2 to 1004 via enterprise, score 11795572040000",
		"10:02:10 4 to 1002 via general, score 1795572120000",
		"10:02:20 3 to 1001 via general, score 11795571970000",
		"10:02:30 1 to 1005 via general, score 11795572000000",
	}
	if diff := cmp.Diff(want, d.log); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}
