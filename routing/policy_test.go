package routing_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/config"
	"hotline/contact"
	"hotline/routing"
)

// municipal is a policy with one of everything.
const municipal = `
lines:
  - { name: citizen, title: {zh: 市民热线, en: Citizens}, numbers: ["12345"], queue: public,
      accounts: [{channel: web, topic: enterprise, queue: enterprise}, {channel: web}, {channel: wechat, account: gh_1}],
      message: {ring: 30s, wrap_up: 20s} }
  - { name: enterprise, title: {zh: 企业热线, en: Enterprises}, numbers: ["1234501"], queue: enterprise }
  - { name: transfer, title: {zh: 应急转接, en: Emergencies}, numbers: ["1234502"], queue: public, priority: emergency }
  - { name: minnan, title: {zh: 闽南语, en: Minnan}, numbers: ["1234503"], skill: dialect-minnan }
routing:
  skills: [general, enterprise, tax, en, dialect-minnan]
  groups:
    - { name: tax-season, skill: tax, level: 2, agents: ["1001"], from: 2026-03-01, until: 2026-06-30 }
  channels:
    voice: { slots: 1, excludes: [message] }
    message: { slots: 4 }
  limits: { "1002": { message: 2 } }
  priorities:
    returning: { band: 1, credit: 2m }
  calendars:
    office: { open: ["Mon-Fri 08:30-12:00,13:30-18:00"], holidays: cn }
  queues:
    public:
      need: [general]
      steps:
        - { after: 0s, want: sticky }
        - { after: 10s, want: general }
        - { after: 60s, add: enterprise, if: "free(enterprise) > 2" }
      sticky: { expires: 48h }
      overflow:
        - { if: "ewt(public) > 5m or waiting(public) > 200", queue: enterprise }
        - { if: "staffed(public) == 0", callback: true }
      wait: { callback: 3m, max: 10m, then: callback }
    enterprise:
      need: [enterprise]
      steps:
        - { after: 0s, want: enterprise >= 2 }
        - { after: 30s, want: enterprise or tax and en }
      calendar: office
      closed: { message: hours-enterprise, then: { queue: public } }
    permits:
      need: [enterprise, tax]
      calendar: office
      closed: { message: hours-permits }
`

func book(t *testing.T, c routing.Config) *routing.Book {
	t.Helper()
	b, err := routing.NewBook(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// by finds the line of a number.
func by(t *testing.T, b *routing.Book, number string) routing.Line {
	t.Helper()
	l, _, ok := b.ByNumber(number)
	if !ok {
		t.Fatalf("nobody answers %s", number)
	}
	return l
}

// tuesday is within the office's hours, of Shanghai; saturday is not.
func tuesday() time.Time  { return time.Date(2026, 3, 10, 2, 0, 0, 0, time.UTC) }
func saturday() time.Time { return time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC) }

func TestPlan(t *testing.T) {
	t.Parallel()
	c := parse(t, municipal)
	b := book(t, c)
	crowded := func(queue string) routing.Load {
		return routing.Load{Waiting: 300, Staffed: 3, Wait: time.Minute, Known: queue == "public"}
	}
	public := func(change ...func(*routing.Plan)) routing.Plan {
		p := routing.Plan{
			Entry: routing.Entry{
				Line: "citizen", Class: contact.Voice, Band: 1, Ring: 15 * time.Second, Buckets: []routing.Bucket{"general"},
				Steps: []routing.Step{{After: time.Minute, Add: []routing.Bucket{"enterprise!2"}}},
			},
			Queue: "public", CallbackAfter: 3 * time.Minute, MaxWait: 10 * time.Minute, Then: "callback",
			Trail: []string{"queue:public"},
		}
		for _, f := range change {
			f(&p)
		}
		return p
	}
	tests := map[string]struct {
		number string
		ask    routing.Ask
		want   routing.Plan
	}{
		"a plain call": {"12345", routing.Ask{Class: contact.Voice}, public(func(p *routing.Plan) {
			p.Trail = []string{"queue:public", "load_unknown", "load_unknown"}
		})},
		"a message": {"12345", routing.Ask{Class: contact.Text, Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Class, p.Entry.Ring, p.CallbackAfter, p.MaxWait, p.Then = contact.Text, 30*time.Second, 0, 0, ""
		})},
		"the last agent first": {"12345", routing.Ask{Class: contact.Voice, Last: "1001", LastEnded: tuesday().Add(-47 * time.Hour), Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Buckets = []routing.Bucket{"@1001"}
			p.Entry.Steps = []routing.Step{{After: 10 * time.Second, Add: []routing.Bucket{"general"}}, p.Entry.Steps[0]}
			p.Trail = append(p.Trail, "sticky")
		})},
		"the last agent is long ago": {"12345", routing.Ask{Class: contact.Voice, Last: "1001", LastEnded: tuesday().Add(-49 * time.Hour), Load: quiet}, public(func(p *routing.Plan) {
			p.Trail = append(p.Trail, "sticky_expired")
		})},
		"cut off, comes again": {"12345", routing.Ask{Class: contact.Voice, Returning: true, Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Credit, p.Trail = 2*time.Minute, append(p.Trail, "returning")
		})},
		"an emergency": {"1234502", routing.Ask{Class: contact.Voice, Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Line, p.Entry.Band, p.Trail = "transfer", 0, append(p.Trail, "priority:emergency")
		})},
		"an emergency that returns": {"1234502", routing.Ask{Class: contact.Voice, Returning: true, Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Line, p.Entry.Band, p.Entry.Credit = "transfer", 0, 2*time.Minute
			p.Trail = append(p.Trail, "priority:emergency", "returning")
		})},
		"crowded": {"12345", routing.Ask{Class: contact.Voice, Load: crowded}, public(func(p *routing.Plan) {
			p.Entry.Buckets, p.Entry.Steps = []routing.Bucket{"general", "enterprise", "en+tax"}, nil
			p.Trail = append(p.Trail, "overflow:enterprise")
		})},
		"crowded, and the others closed": {"12345", routing.Ask{Class: contact.Voice, Now: saturday(), Load: crowded}, public(func(p *routing.Plan) {
			p.Trail = append(p.Trail, "overflow_closed:enterprise")
		})},
		"nobody there": {"12345", routing.Ask{Class: contact.Voice, Load: func(string) routing.Load { return routing.Load{Known: true} }}, public(func(p *routing.Plan) {
			p.CallbackAfter, p.Trail = time.Second, append(p.Trail, "overflow_callback")
		})},
		"crowded, held for the last agent": {"12345", routing.Ask{Class: contact.Voice, Last: "1001", LastEnded: tuesday(), Load: crowded}, public(func(p *routing.Plan) {
			p.Entry.Buckets = []routing.Bucket{"@1001"}
			p.Entry.Steps = []routing.Step{{After: 10 * time.Second, Add: []routing.Bucket{"general", "enterprise", "en+tax"}}}
			p.Trail = append(p.Trail, "sticky", "overflow:enterprise")
		})},
		"enterprises": {"1234501", routing.Ask{Class: contact.Voice}, routing.Plan{
			Entry: routing.Entry{
				Line: "enterprise", Class: contact.Voice, Band: 1, Ring: 15 * time.Second, Buckets: []routing.Bucket{"enterprise.2"},
				Steps: []routing.Step{{After: 30 * time.Second, Add: []routing.Bucket{"enterprise", "en+tax"}}},
			},
			Queue: "enterprise", Trail: []string{"queue:enterprise"},
		}},
		"enterprises on a Saturday": {"1234501", routing.Ask{Class: contact.Voice, Now: saturday(), Load: quiet}, public(func(p *routing.Plan) {
			p.Entry.Line, p.Notice, p.Trail = "enterprise", "hours-enterprise", []string{"closed:enterprise", "queue:public"}
		})},
		"a skill for short": {"1234503", routing.Ask{Class: contact.Voice, Now: saturday()}, routing.Plan{
			Entry: routing.Entry{Line: "minnan", Class: contact.Voice, Band: 1, Ring: 15 * time.Second, Buckets: []routing.Bucket{"dialect-minnan"}},
			Queue: "minnan", Trail: []string{"queue:minnan"},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.ask.Line = by(t, b, tt.number)
			if tt.ask.Now.IsZero() {
				tt.ask.Now = tuesday()
			}
			if diff := cmp.Diff(tt.want, b.Plan(tt.ask)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func quiet(string) routing.Load { return routing.Load{Staffed: 5, Known: true} }

func TestClosedAndNowhereToGo(t *testing.T) {
	t.Parallel()
	c := parse(t, municipal)
	c.Lines[0].Queue = "permits"
	b := book(t, c)
	ask := routing.Ask{Line: by(t, b, "12345"), Class: contact.Voice, Now: saturday()}
	if p := b.Plan(ask); p.Closed != "hours-permits" || !slices.Equal(p.Entry.Buckets, []routing.Bucket{"enterprise+tax"}) {
		t.Errorf("on a Saturday: closed %q, who waits already waits for %q", p.Closed, p.Entry.Buckets)
	}
	ask.Now = tuesday()
	if diff := cmp.Diff([]routing.Bucket{"enterprise+tax"}, b.Plan(ask).Entry.Buckets); diff != "" {
		t.Errorf("on a Tuesday (-want +got):\n%s", diff)
	}
}

func TestWantsLast(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	for number, want := range map[string]bool{"12345": true, "1234501": false, "1234502": true, "1234503": false} {
		if got := b.WantsLast(by(t, b, number)); got != want {
			t.Errorf("%s: %v, want %v", number, got, want)
		}
	}
}

func TestALineThatTheBookDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	p := b.Plan(routing.Ask{Line: routing.Line{Name: "old", Queue: "gone"}, Class: contact.Voice, Now: tuesday()})
	if diff := cmp.Diff([]routing.Bucket{"general"}, p.Entry.Buckets); diff != "" || p.Entry.Line != "old" {
		t.Errorf("of line %q, waits for (-want +got):\n%s", p.Entry.Line, diff)
	}
}

func TestByAccount(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	tests := map[string]struct {
		channel        contact.Channel
		account, topic string
		queue          string // empty for no line
	}{
		"the line's queue":   {contact.Web, "any", "", "public"},
		"a topic of its own": {contact.Web, "any", "enterprise", "enterprise"},
		"another topic":      {contact.Web, "any", "roads", "public"},
		"one account":        {contact.WeChat, "gh_1", "enterprise", "public"},
		"another account":    {contact.WeChat, "gh_2", "", ""},
		"another channel":    {contact.Weibo, "gh_1", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, ok := b.ByAccount(tt.channel, tt.account, tt.topic)
			if ok != (tt.queue != "") || l.Queue != tt.queue {
				t.Errorf("reaches %q (%v), want %q", l.Queue, ok, tt.queue)
			}
		})
	}
	if l, _, _ := b.ByNumber("12345"); l.Queue != "public" || l.WrapUpOf(contact.Text) != 20*time.Second || l.WrapUpOf(contact.Voice) != time.Minute {
		t.Errorf("the line itself is changed: %+v", l)
	}
}

func TestSeat(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	slots := func(voice, text int) map[contact.Class]int {
		return map[contact.Class]int{contact.Voice: voice, contact.Text: text}
	}
	tests := map[string]struct {
		ask     routing.SeatAsk
		buckets map[routing.Bucket]int
		slots   map[contact.Class]int
	}{
		"a generalist":         {routing.SeatAsk{ID: "1003", Skills: []string{"general"}}, map[routing.Bucket]int{"general": 0}, slots(1, 4)},
		"a specialist":         {routing.SeatAsk{ID: "1003", Skills: []string{"enterprise=2"}}, map[routing.Bucket]int{"enterprise": 0, "enterprise!2": 0, "enterprise.2": 0}, slots(1, 4)},
		"a beginner":           {routing.SeatAsk{ID: "1003", Skills: []string{"enterprise"}}, map[routing.Bucket]int{"enterprise": 0, "enterprise!2": 0}, slots(1, 4)},
		"who knows more":       {routing.SeatAsk{ID: "1003", Skills: []string{"general", "enterprise=3"}}, map[routing.Bucket]int{"general": 1, "enterprise": 1, "enterprise!2": 1, "enterprise.2": 1}, slots(1, 4)},
		"two skills for one":   {routing.SeatAsk{ID: "1003", Skills: []string{"tax", "en=2"}}, map[routing.Bucket]int{"en+tax": 0}, slots(1, 4)},
		"one of two":           {routing.SeatAsk{ID: "1003", Skills: []string{"tax"}}, map[routing.Bucket]int{}, slots(1, 4)},
		"unknown skills":       {routing.SeatAsk{ID: "1003", Skills: []string{"general", "cooking", "en=ten"}}, map[routing.Bucket]int{"general": 0}, slots(1, 4)},
		"of a group":           {routing.SeatAsk{ID: "1001", Skills: []string{"en"}}, map[routing.Bucket]int{"en+tax": 0}, slots(1, 4)},
		"of a group, the eve":  {routing.SeatAsk{ID: "1001", Skills: []string{"en"}, Now: time.Date(2026, 2, 28, 15, 59, 59, 0, time.UTC)}, map[routing.Bucket]int{}, slots(1, 4)},
		"of a group, day one":  {routing.SeatAsk{ID: "1001", Skills: []string{"en"}, Now: time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)}, map[routing.Bucket]int{"en+tax": 0}, slots(1, 4)},
		"of a group, last day": {routing.SeatAsk{ID: "1001", Skills: []string{"en"}, Now: time.Date(2026, 6, 30, 15, 59, 59, 0, time.UTC)}, map[routing.Bucket]int{"en+tax": 0}, slots(1, 4)},
		"of a group, after":    {routing.SeatAsk{ID: "1001", Skills: []string{"en"}, Now: time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC)}, map[routing.Bucket]int{}, slots(1, 4)},
		"an account's limit":   {routing.SeatAsk{ID: "1002", Skills: []string{"general"}}, map[routing.Bucket]int{"general": 0}, slots(1, 2)},
		"the asker's limit":    {routing.SeatAsk{ID: "1002", Limits: slots(0, 1)}, map[routing.Bucket]int{}, slots(0, 1)},
		"limits never raise":   {routing.SeatAsk{ID: "1002", Limits: slots(5, 9)}, map[routing.Bucket]int{}, slots(1, 2)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.ask.Now.IsZero() {
				tt.ask.Now = tuesday()
			}
			want := routing.Agent{ID: tt.ask.ID, Buckets: tt.buckets, Slots: tt.slots, Excludes: map[contact.Class]bool{contact.Voice: true}}
			got := b.Seat(tt.ask)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got.Node, got.Status = "n1", routing.Ready
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPickByIdleness(t *testing.T) {
	t.Parallel()
	c := parse(t, municipal)
	c.Policy.Pick = routing.LongestIdle
	seat := book(t, c).Seat(routing.SeatAsk{ID: "1003", Skills: []string{"general", "tax"}, Now: tuesday()})
	if seat.Buckets["general"] != 0 {
		t.Errorf("who knows more stands in tier %d, want 0", seat.Buckets["general"])
	}
}

func TestSeatsChangeWithGroups(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	begin, end := time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC), time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]time.Time{begin.Add(-time.Second): begin, begin: end, end: {}} {
		if got := b.SeatsChange(at); !got.Equal(want) {
			t.Errorf("after %s seats change at %s, want %s", at, got, want)
		}
	}
}

func TestAPolicyWithoutAWordIsWhatItWas(t *testing.T) {
	t.Parallel()
	line := routing.DefaultLine()
	line.Name, line.Skill, line.Title = "citizen", "general", routing.Title{ZH: "市民热线", EN: "Citizens"}
	line.Numbers = []routing.Number{{Dial: "12345"}}
	bare := book(t, routing.Config{Lines: []routing.Line{line}})
	written := book(t, parse(t, "lines: [{name: citizen, title: {zh: 市民热线, en: Citizens}, skill: general, numbers: [\"12345\"]}]"))
	for name, b := range map[string]*routing.Book{"a struct": bare, "a file": written} {
		ask := routing.Ask{Line: by(t, b, "12345"), Class: contact.Voice, Now: saturday(), Last: "1001", LastEnded: saturday()}
		want := routing.Plan{
			Entry: routing.Entry{Line: "citizen", Class: contact.Voice, Buckets: []routing.Bucket{"general"}, Band: 1, Ring: 15 * time.Second},
			Queue: "citizen", Trail: []string{"queue:citizen"},
		}
		if diff := cmp.Diff(want, b.Plan(ask)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		seat := routing.Agent{
			ID: "1001", Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1, contact.Text: 3},
			Excludes: map[contact.Class]bool{contact.Voice: true},
		}
		if diff := cmp.Diff(seat, b.Seat(routing.SeatAsk{ID: "1001", Skills: []string{"general"}})); diff != "" {
			t.Errorf("%s, seat (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(routing.DefaultCallbackRule(), b.Callbacks()); diff != "" {
			t.Errorf("%s, call-backs (-want +got):\n%s", name, diff)
		}
		if b.Refusals().Missed != 1 {
			t.Errorf("%s: %d rings may be missed, want 1", name, b.Refusals().Missed)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	a, b := book(t, parse(t, municipal)), book(t, parse(t, municipal))
	c := parse(t, municipal)
	c.Policy.Limits["1002"] = routing.Limit{Voice: 1, Message: 1}
	if a.Version() != b.Version() || a.Version() == book(t, c).Version() || len(a.Version()) != 12 {
		t.Errorf("versions %s, %s and, changed, %s", a.Version(), b.Version(), book(t, c).Version())
	}
}

func TestCallbackHours(t *testing.T) {
	t.Parallel()
	b := book(t, parse(t, municipal))
	evening := time.Date(2026, 3, 10, 13, 0, 0, 0, time.UTC) // 21:00 in Shanghai
	morning := time.Date(2026, 3, 11, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]time.Time{
		tuesday(): tuesday(), evening: morning, evening.Add(-time.Second): evening.Add(-time.Second), morning: morning,
	} {
		if got := b.CallableAt(at); !got.Equal(want) {
			t.Errorf("at %s citizens may be rung at %s, want %s", at, got, want)
		}
	}
	rule := b.Callbacks()
	for attempts, want := range map[int]time.Duration{0: 5 * time.Minute, 1: 5 * time.Minute, 2: 30 * time.Minute, 9: 30 * time.Minute} {
		if got := rule.Gap(attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
	for quiet, callable := range map[string]bool{"": true, "00:00-08:00": true, "12:00-24:00": true, "00:00-12:00": false, "22:00-07:00": true} {
		c := parse(t, municipal)
		c.Policy.Callbacks.Quiet = quiet
		if got := book(t, c).CallableAt(tuesday()).Equal(tuesday()); got != callable {
			t.Errorf("quiet %q: at ten in the morning callable %v, want %v", quiet, got, callable)
		}
	}
}

func TestAPolicyThatStrandsIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ old, now, want string }{
		"a queue without need":          {"need: [general]", "need: []", "routing.queues.public.need: must name"},
		"an unknown skill":              {"need: [general]", "need: [genral]", `routing.queues.public.need[0]: column 1: "genral" is not in routing.skills`},
		"an unknown skill in a step":    {"want: general }", "want: general or fr }", `routing.queues.public.steps[1].want: column 12: "fr" is not`},
		"a line's unknown skill":        {"skill: dialect-minnan }", "skill: hakka }", `lines[3].skill: "hakka" is not in routing.skills`},
		"a skill twice":                 {"skills: [general,", "skills: [tax, general,", "routing.skills[3]: "},
		"a skill that is a word":        {"skills: [general,", "skills: [or, general,", "routing.skills[0]: "},
		"a line without a queue":        {"numbers: [\"12345\"], queue: public", "numbers: [\"12345\"]", "lines[0].queue: must name a queue"},
		"a line with both":              {"skill: dialect-minnan }", "skill: dialect-minnan, queue: public }", "lines[3].skill: the line has a queue"},
		"a line's unknown queue":        {"queue: public, priority", "queue: pubic, priority", `lines[2].queue: "pubic" is not in routing.queues`},
		"a line's unknown priority":     {"priority: emergency", "priority: urgent", `lines[2].priority: "urgent" is not`},
		"a queue of the line's name":    {"permits:\n", "minnan:\n", "lines[3].skill: routing.queues has a queue called minnan already"},
		"an account's unknown queue":    {"topic: enterprise, queue: enterprise}", "topic: enterprise, queue: firms}", `lines[0].accounts[0].queue: "firms" is not`},
		"an account never reached":      {"{channel: wechat, account: gh_1}", "{channel: web, account: gh_1}", "lines[0].accounts[2]: is never reached: lines[0].accounts[1] takes all of it"},
		"an account of the phone":       {"{channel: wechat, account: gh_1}", "{channel: phone, account: gh_1}", "lines[0].accounts[2].channel: "},
		"a line's message ring":         {"message: {ring: 30s", "message: {ring: 30m", "lines[0].message.ring: "},
		"a line's message wrap-up":      {"wrap_up: 20s}", "wrap_up: 2h}", "lines[0].message.wrap_up: "},
		"steps that end in a condition": {"        - { after: 10s, want: general }\n", "", "routing.queues.public.steps: end without an unconditional step"},
		"steps that forget somebody":    {"want: enterprise or tax and en", "want: enterprise >= 2 or tax and en", "routing.queues.enterprise.steps: end without"},
		"a step out of order":           {"after: 10s, want: general", "after: 10m, want: general", "routing.queues.public.steps[2].after: 1m0s does not come after"},
		"a step after the longest wait": {"want: enterprise or tax and en }\n", "want: enterprise or tax and en }\n      wait: { max: 20s }\n", "routing.queues.enterprise.steps: end without"},
		"a step that narrows":           {"want: enterprise or tax and en", "want: enterprise >= 3", `routing.queues.enterprise.steps[1].want: narrows`},
		"a first step that is late":     {"- { after: 0s, want: enterprise >= 2", "- { after: 5s, want: enterprise >= 2", "routing.queues.enterprise.steps[0].after: the first step is at once"},
		"steps at one time":             {"- { after: 30s, want: enterprise or", "- { after: 0s, want: enterprise or", "routing.queues.enterprise.steps[1].after: 0s does not come after 0s"},
		"a step of tomorrow":            {"after: 60s", "after: 30h", "routing.queues.public.steps[2].after: 30h0m0s is not between"},
		"a step of nothing":             {"- { after: 10s, want: general }", "- { after: 10s }", "routing.queues.public.steps[1]: must want or add"},
		"a step of both":                {"want: general }", "want: general, add: tax }", "routing.queues.public.steps[1]: must want or add"},
		"sticky in the middle":          {"want: general }", "want: sticky }", "routing.queues.public.steps[1].want: sticky can only"},
		"sticky with more":              {"want: sticky }", "want: sticky, add: tax }", "routing.queues.public.steps[0]: sticky comes first"},
		"sticky for a year and a day":   {"expires: 48h", "expires: 9000h", "routing.queues.public.sticky.expires: "},
		"a condition on want":           {"want: general }", "want: general, if: \"free() > 1\" }", "routing.queues.public.steps[1].if: goes with add"},
		"a condition of load in a step": {"free(enterprise) > 2", "waiting(public) > 2", "routing.queues.public.steps[2].if: a step's condition"},
		"a typing error":                {"free(enterprise) > 2", "free(enterprise) >> 2", `routing.queues.public.steps[2].if: column 18: ">>"`},
		"an overflow of free":           {"staffed(public) == 0", "free(general) == 0", "routing.queues.public.overflow[1].if: column 1: free()"},
		"an overflow of nobody":         {"staffed(public) == 0", "staffed(pubic) == 0", `routing.queues.public.overflow[1].if: column 1: "pubic" is not in routing.queues`},
		"an overflow to nobody":         {"200\", queue: enterprise", "200\", queue: firms", `routing.queues.public.overflow[0].queue: "firms" is not`},
		"an overflow to nothing":        {"== 0\", callback: true", "== 0\"", "routing.queues.public.overflow[1]: must have queue or callback"},
		"an overflow to itself":         {"200\", queue: enterprise", "200\", queue: public", "routing.queues.public.overflow: leads back to public in a circle"},
		"an unknown calendar":           {"calendar: office\n      closed: { message: hours-permits }", "calendar: night\n      closed: { message: hours-permits }", `routing.queues.permits.calendar: "night" is not`},
		"closed without a word":         {"      closed: { message: hours-permits }\n", "", "routing.queues.permits.closed: must have a message or a queue"},
		"closed without hours":          {"      calendar: office\n      closed: { message: hours-permits }\n", "      closed: { message: hours-permits }\n", "routing.queues.permits.closed: means nothing without a calendar"},
		"closed to nobody":              {"then: { queue: public }", "then: { queue: pubic }", `routing.queues.enterprise.closed.then.queue: "pubic" is not`},
		"closed to itself":              {"then: { queue: public }", "then: { queue: enterprise }", "routing.queues.enterprise.closed.then.queue: leads back"},
		"closed in a circle":            {"then: { queue: public }", "then: { queue: permits }", ""},
		"a bad prompt":                  {"message: hours-permits", "message: ../hours", "routing.queues.permits.closed.message: "},
		"a call-back after the end":     {"wait: { callback: 3m, max: 10m", "wait: { callback: 10m, max: 10m", "routing.queues.public.wait.callback: comes after max"},
		"a call-back and none":          {"wait: { callback: 3m,", "wait: { no_callback: true,", "routing.queues.public.wait.no_callback: "},
		"an unknown end":                {"then: callback", "then: voicemail", `routing.queues.public.wait.then: "voicemail"`},
		"an end without a bound":        {"max: 10m, then: callback", "then: callback", "routing.queues.public.wait.then: means nothing without max"},
		"a group's unknown skill":       {"skill: tax, level: 2", "skill: taxes, level: 2", `routing.groups[0].skill: "taxes"`},
		"a group's level":               {"skill: tax, level: 2", "skill: tax, level: 10", "routing.groups[0].level: "},
		"a group's member twice":        {`agents: ["1001"]`, `agents: ["1001", "1001"]`, "routing.groups[0].agents[1]: "},
		"a group's days":                {"until: 2026-06-30", "until: 2026-02-28", "routing.groups[0].until: 2026-02-28 comes before"},
		"a group's day":                 {"from: 2026-03-01", "from: March", `routing.groups[0].from: "March"`},
		"a band":                        {"returning: { band: 1", "returning: { band: 900", "routing.priorities.returning.band: "},
		"a credit":                      {"credit: 2m", "credit: -2m", "routing.priorities.returning.credit: "},
		"a channel":                     {"message: { slots: 4 }", "fax: { slots: 4 }", "routing.channels.fax: "},
		"slots":                         {"message: { slots: 4 }", "message: { slots: 400 }", "routing.channels.message.slots: "},
		"what excludes itself":          {"excludes: [message]", "excludes: [voice]", "routing.channels.voice.excludes[0]: "},
		"a limit":                       {"{ message: 2 }", "{ message: -2 }", "routing.limits.1002: "},
		"hours":                         {"08:30-12:00", "08:30-12:60", "routing.calendars.office.open[0]: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(municipal, tt.old) {
				t.Fatalf("the policy has no %q", tt.old)
			}
			_, err := config.Load[routing.Config](config.Options{Text: []byte(strings.Replace(municipal, tt.old, tt.now, 1))})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(withoutLines(err), tt.want) {
				t.Errorf("error %v, want it to say %s", err, tt.want)
			}
		})
	}
}

// withoutLines leaves out the lines of the file.
func withoutLines(err error) string {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		return err.Error()
	}
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s: %s\n", p.Path, p.Text)
	}
	return b.String()
}
