package routing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/contact"
	"hotline/routing"
)

func TestReview(t *testing.T) {
	t.Parallel()
	staff := []routing.SeatAsk{
		{ID: "1001", Skills: []string{"general", "en"}}, {ID: "1002", Skills: []string{"enterprise=2", "tax"}}, {ID: "1003", Skills: []string{"dialect-minnan"}},
	}
	tests := map[string]struct {
		now      time.Time
		accounts []routing.SeatAsk
		change   func(*routing.Config)
		want     []string // how the findings begin
	}{
		"nothing to say": {tuesday(), staff, func(*routing.Config) {}, nil},
		"no accounts":    {tuesday(), nil, func(*routing.Config) {}, nil},
		"holidays of another year": {time.Date(2040, 5, 1, 0, 0, 0, 0, time.UTC), nil, func(c *routing.Config) { c.Policy.Groups = nil }, []string{
			"routing.calendars.office: the holidays of 2040 are not known",
		}},
		"a group of the past": {time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC), nil, func(*routing.Config) {}, []string{
			"routing.groups[0].until: 2026-06-30 is past: nobody is in tax-season",
		}},
		"a queue without a way": {tuesday(), nil, func(c *routing.Config) { c.Lines[2].Queue = "public" }, []string{
			"routing.queues.permits: no line, account or other queue leads there",
		}},
		"nobody has it": {tuesday(), staff[:2], func(*routing.Config) {}, []string{
			"routing.skills[4]: no account has dialect-minnan", "routing.queues.minnan: no account serves it",
		}},
		"nobody has both": {tuesday(), append(staff[:1:1], staff[2], routing.SeatAsk{ID: "1004", Skills: []string{"enterprise"}}, routing.SeatAsk{ID: "1005", Skills: []string{"tax"}}), func(*routing.Config) {}, []string{
			"routing.queues.permits: no account serves it",
		}},
		"a group has it": {tuesday(), []routing.SeatAsk{{ID: "1001", Skills: []string{"general", "en", "enterprise", "dialect-minnan"}}}, func(*routing.Config) {}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, municipal)
			c.Lines[2].Queue = "permits"
			tt.change(&c)
			got := book(t, c).Review(tt.now, tt.accounts)
			if len(got) != len(tt.want) {
				t.Fatalf("found %q, want %q", got, tt.want)
			}
			for i, f := range got {
				if !strings.HasPrefix(f.String(), tt.want[i]) {
					t.Errorf("found %q, want %q", f, tt.want[i])
				}
			}
		})
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	zone := time.FixedZone("", 8*3600)
	crowded := func(string) routing.Load { return routing.Load{Waiting: 300, Staffed: 3, Known: true} }
	tests := map[string]struct {
		number string
		ask    routing.Ask
		seat   *routing.SeatAsk
		want   string
	}{
		"a call, as the last agent's": {
			"12345",
			routing.Ask{Class: contact.Voice, Now: tuesday(), Last: "1001", LastEnded: tuesday(), Load: quiet},
			&routing.SeatAsk{ID: "1001", Skills: []string{"general", "enterprise=2"}, Now: tuesday()},
			`a call on line citizen, Tuesday 2026-03-10 10:00 +08:00
waits in queue public: band 1, 0s ahead, each desk rings 15s
  from the start   agent 1001 alone, if there and ready
  after 10s        all with general
  after 1m0s       all with enterprise, while more than 2 of them are free
a call-back is offered after 3m0s
waits 10m0s at most, then a call-back
a seat with general, enterprise=2
  from the start   asked in tier 0 of @1001
  after 10s        asked in tier 2 of general
  after 1m0s       asked in tier 2 of enterprise!2
`,
		},
		"a message of an enterprise on a Saturday, crowded": {
			"1234501",
			routing.Ask{Class: contact.Text, Now: saturday(), Returning: true, Load: crowded},
			&routing.SeatAsk{ID: "1003", Skills: []string{"tax", "en"}, Now: saturday()},
			`a message on line enterprise, Saturday 2026-03-14 10:00 +08:00
queue enterprise is closed
waits in queue public: band 1, 2m0s ahead, each desk rings 15s
was cut off before: has priority returning
would overflow to queue enterprise, which is closed
hears "hours-enterprise" first
  from the start   all with general
  after 1m0s       all with enterprise, while more than 2 of them are free
a seat with tax, en
  is never asked; it serves en+tax
`,
		},
		"an emergency, nothing known": {
			"1234502",
			routing.Ask{Class: contact.Voice, Now: tuesday(), Last: "1001", LastEnded: tuesday().AddDate(0, 0, -3)},
			nil,
			`a call on line transfer, Tuesday 2026-03-10 10:00 +08:00
waits in queue public: band 0, 0s ahead, each desk rings 15s
has priority emergency
was served last too long ago to wait for the same agent
an overflow rule was not judged: nothing is known of the load
an overflow rule was not judged: nothing is known of the load
  from the start   all with general
  after 1m0s       all with enterprise, while more than 2 of them are free
a call-back is offered after 3m0s
waits 10m0s at most, then a call-back
`,
		},
		"an enterprise": {
			"1234501",
			routing.Ask{Class: contact.Voice, Now: tuesday()},
			&routing.SeatAsk{ID: "1003", Now: tuesday()},
			`a call on line enterprise, Tuesday 2026-03-10 10:00 +08:00
waits in queue enterprise: band 1, 0s ahead, each desk rings 15s
  from the start   all with enterprise from level 2
  after 30s        all with enterprise
  after 30s        all with en and tax
a seat with no skill of its own
  is never asked; it serves nothing
`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.ask.Line, tt.ask.Now = by(t, b, tt.number), tt.ask.Now.In(zone)
			if diff := cmp.Diff(tt.want+"policy "+b.Version()+"\n", b.Explain(tt.ask, tt.seat)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestExplainARefusal(t *testing.T) {
	t.Parallel()
	c := parse(t, municipal)
	c.Lines[0].Queue = "permits"
	b := book(t, c)
	got := b.Explain(routing.Ask{Line: by(t, b, "12345"), Class: contact.Voice, Now: saturday()}, nil)
	want := "a call on line citizen, Saturday 2026-03-14 02:00 +00:00\nqueue permits is closed\nis refused after \"hours-permits\"\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
