package routing_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// servedBy is a policy of one line and one skill.
func servedBy(skill string) routing.Config {
	l := routing.DefaultLine()
	l.Name, l.Skill, l.Title = "citizen", routing.Bucket(skill), routing.Title{ZH: "市民", EN: "Citizens"}
	l.Numbers = []routing.Number{{Dial: "12345"}}
	return routing.Config{Lines: []routing.Line{l}}
}

func TestAReplacedPolicyIsInForceForAllWhoHoldTheBook(t *testing.T) {
	t.Parallel()
	b := book(t, servedBy("general"))
	version := b.Version()
	if err := b.Replace(servedBy("tax")); err != nil {
		t.Fatal(err)
	}
	p := b.Plan(routing.Ask{Line: by(t, b, "12345"), Class: contact.Voice, Now: time.Now()})
	if got := p.Entry.Buckets; len(got) != 1 || got[0] != "tax" || b.Version() == version {
		t.Errorf("buckets %q, version %s after %s", got, b.Version(), version)
	}
}

func TestARefusedPolicyLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	b := book(t, servedBy("general"))
	version := b.Version()
	bad := servedBy("tax")
	bad.Lines[0].Ring = 0
	err := b.Replace(bad)
	if err == nil || !strings.Contains(err.Error(), "lines[0].ring: ") || b.Version() != version {
		t.Errorf("error %v, version %s after %s", err, b.Version(), version)
	}
}

// TestAnswersAreOfOneEdition: who asks while the policy is replaced gets the
// one or the other, never a mixture.
func TestAnswersAreOfOneEdition(t *testing.T) {
	t.Parallel()
	b := book(t, servedBy("general"))
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 500 {
				l, _, _ := b.ByNumber("12345")
				p := b.Plan(routing.Ask{Line: l, Class: contact.Voice, Now: time.Now()})
				if got := p.Entry.Buckets; len(got) != 1 || got[0] != "general" && got[0] != "tax" {
					t.Errorf("buckets %q", got)
				}
			}
		})
	}
	for _, skill := range []string{"tax", "general", "tax", "general", "tax"} {
		if err := b.Replace(servedBy(skill)); err != nil {
			t.Error(err)
		}
	}
	asking.Wait()
}

func TestTheLoadOfAQueue(t *testing.T) {
	t.Parallel()
	c := servedBy("general")
	c.Policy.Skills = []string{"general", "tax"}
	c.Policy.Queues = map[string]routing.QueueRule{"public": {Need: []string{"general"}, Steps: []routing.StepRule{
		{Want: "general and tax"}, {After: time.Minute, Want: "general"},
	}}}
	c.Lines[0].Skill, c.Lines[0].Queue = "", "public"
	b := book(t, c)
	none := map[routing.Bucket]int{}
	tests := map[string]struct {
		queue  string
		counts routing.Counts
		want   routing.Load
	}{
		"the most wait, the most are there, the shortest wait": {"public", routing.Counts{
			Waiting: map[routing.Bucket]int{"general": 2, "general+tax": 7, "other": 90}, Staffed: map[routing.Bucket]int{"general": 9, "general+tax": 1},
			LastWait: map[routing.Bucket]time.Duration{"general": time.Minute, "general+tax": 3 * time.Second},
		}, routing.Load{Waiting: 7, Staffed: 9, Wait: 3 * time.Second, Known: true}},
		"nobody waits": {"public", routing.Counts{
			Staffed: none, LastWait: map[routing.Bucket]time.Duration{"general": time.Hour},
		}, routing.Load{Known: true}},
		"not counted":   {"public", routing.Counts{}, routing.Load{}},
		"no such queue": {"nowhere", routing.Counts{Staffed: none}, routing.Load{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := b.LoadOf(tt.queue, tt.counts); got != tt.want {
				t.Errorf("load %+v, want %+v", got, tt.want)
			}
		})
	}
}
