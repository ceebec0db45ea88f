package routing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hotline/calendar"
	"hotline/contact"
	"hotline/routing"
)

// anyPolicy draws a policy, right or wrong, of three queues.
func anyPolicy(t *rapid.T) routing.Config {
	line := routing.DefaultLine()
	line.Name, line.Title, line.Numbers = "citizen", routing.Title{ZH: "市民热线", EN: "Citizens"}, []routing.Number{{Dial: "12345"}}
	line.Queue = rapid.SampledFrom(queueNames()).Draw(t, "line's queue")
	p := routing.Policy{
		Skills:    []string{"a", "b", "c"},
		Calendars: map[string]calendar.Config{"office": {Zone: "Asia/Shanghai", Open: []string{"Mon-Fri 08:30-18:00"}, Holidays: "cn"}},
		Queues:    map[string]routing.QueueRule{},
	}
	for _, name := range queueNames() {
		p.Queues[name] = anyQueue(t, name)
	}
	return routing.Config{Lines: []routing.Line{line}, Policy: p}
}

func queueNames() []string { return []string{"q1", "q2", "q3"} }

func anyNeed() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"a", "a >= 2", "a >= 3", "b", "b and c", "a or b", "(a or b) and c >= 2", "c"})
}

func anyQueue(t *rapid.T, name string) routing.QueueRule {
	r := routing.QueueRule{
		Need: []string{anyNeed().Draw(t, "need")},
		Wait: routing.Patience{Max: rapid.SampledFrom([]time.Duration{0, 0, 45 * time.Second}).Draw(t, "max")},
	}
	others := slices.DeleteFunc(queueNames(), func(n string) bool { return n == name })
	if rapid.Bool().Draw(t, "has hours") {
		r.Calendar = "office"
		r.Closed = routing.Closed{Message: "hours", Then: routing.Target{Queue: rapid.SampledFrom(append(others, "")).Draw(t, "then")}}
	}
	if rapid.IntRange(0, 3).Draw(t, "overflows") == 0 {
		r.Overflow = []routing.Overflow{{If: "waiting(" + name + ") > 3", Queue: rapid.SampledFrom(others).Draw(t, "to")}}
	}
	if rapid.Bool().Draw(t, "sticky") {
		r.Steps = []routing.StepRule{{Want: "sticky"}}
	}
	steps := rapid.IntRange(0, 3).Draw(t, "steps")
	for i := range steps {
		s := routing.StepRule{After: time.Duration(i) * time.Duration(rapid.IntRange(0, 30).Draw(t, "gap")) * time.Second}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			s.Want = anyNeed().Draw(t, "want")
		case 1:
			s.Add = anyNeed().Draw(t, "add")
		default:
			s.Add, s.If = anyNeed().Draw(t, "add"), "free() > 1"
		}
		r.Steps = append(r.Steps, s)
	}
	if rapid.IntRange(0, 2).Draw(t, "end well") > 0 && steps > 0 {
		r.Steps = append(r.Steps, routing.StepRule{After: 40 * time.Second, Add: r.Need[0]})
	}
	return r
}

func anyAsk(t *rapid.T, b *routing.Book) routing.Ask {
	ask := routing.Ask{
		Line:  b.All()[0],
		Class: rapid.SampledFrom([]contact.Class{contact.Voice, contact.Text}).Draw(t, "class"),
		Now:   time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24).Draw(t, "hour")) * time.Hour),
	}
	if rapid.Bool().Draw(t, "known") {
		ask.Last, ask.LastEnded = "1001", ask.Now.Add(-time.Hour)
	}
	if waiting := rapid.IntRange(-1, 6).Draw(t, "waiting"); waiting >= 0 {
		ask.Load = func(string) routing.Load { return routing.Load{Waiting: waiting, Known: true} }
	}
	return ask
}

// Whatever policy is accepted, a contact has a bucket, though it may be told
// that it is closed; its steps only widen; the queue takes it; and everybody who belongs
// to its queue comes to be asked while it waits.
func TestAnyAcceptedPolicyServes(t *testing.T) {
	t.Parallel()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		c := anyPolicy(t)
		b, err := routing.NewBook(c)
		if err != nil {
			return
		}
		accepted++
		ask := anyAsk(t, b)
		p := b.Plan(ask)
		e := p.Entry
		e.Contact, e.Anchor = "01J00000000000000000000000", "n1"
		if err := e.Validate(); err != nil {
			t.Fatalf("the queue refuses the plan %+v: %v", p, err)
		}
		everybody := widening(t, e)
		rule := c.Policy.Queues[p.Queue]
		for _, skills := range [][]string{{"a"}, {"a=2"}, {"a=3"}, {"b"}, {"c"}, {"c=2"}, {"b", "c"}, {"a", "c=2"}, {"b", "c=2"}} {
			if belongs(t, rule.Need[0], skills) && !served(b.Seat(routing.SeatAsk{ID: "1002", Skills: skills}), everybody) {
				t.Fatalf("who has %q belongs to %s, which needs %q, and is never asked: %q", skills, p.Queue, rule.Need, everybody)
			}
		}
	})
	if accepted < 5 {
		t.Errorf("only %d policies were accepted: the test shows nothing", accepted)
	}
}

// widening checks that each step brings something new, and returns all.
func widening(t *rapid.T, e routing.Entry) []routing.Bucket {
	all := slices.Clone(e.Buckets)
	for _, s := range e.Steps {
		for _, b := range s.Add {
			if slices.Contains(all, b) {
				t.Fatalf("%s is added twice: %+v", b, e)
			}
			all = append(all, b)
		}
	}
	return all
}

// served says that the seat serves one of the buckets without a condition.
func served(seat routing.Agent, buckets []routing.Bucket) bool {
	return slices.ContainsFunc(buckets, func(b routing.Bucket) bool {
		_, serves := seat.Buckets[b]
		return serves && !strings.Contains(string(b), "!")
	})
}

// belongs asks a policy of one queue.
func belongs(t *rapid.T, need string, skills []string) bool {
	line := routing.DefaultLine()
	line.Name, line.Title, line.Queue = "l", routing.Title{ZH: "线", EN: "Line"}, "q"
	line.Numbers = []routing.Number{{Dial: "12345"}}
	b, err := routing.NewBook(routing.Config{Lines: []routing.Line{line}, Policy: routing.Policy{
		Skills: []string{"a", "b", "c"}, Queues: map[string]routing.QueueRule{"q": {Need: []string{need}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return len(b.Seat(routing.SeatAsk{ID: "1002", Skills: skills}).Buckets) > 0
}
