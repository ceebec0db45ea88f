package routing_test

import (
	"testing"

	"hotline/routing"
)

func TestEveryContactCanEndAndNothingFollowsTheEnd(t *testing.T) {
	t.Parallel()
	next := map[string][]string{}
	for _, a := range routing.States() {
		next[a.From] = append(next[a.From], a.To)
	}
	for from := range next {
		if !reaches(next, from, string(routing.Ended), map[string]bool{}) {
			t.Errorf("%s never ends", from)
		}
		if from != string(routing.New) && !reaches(next, string(routing.New), from, map[string]bool{}) {
			t.Errorf("%s is never reached", from)
		}
	}
	if len(next[string(routing.Ended)]) != 0 {
		t.Errorf("from the end one goes to %v", next[string(routing.Ended)])
	}
}

func reaches(next map[string][]string, from, to string, seen map[string]bool) bool {
	for _, n := range next[from] {
		if n == to {
			return true
		}
		if !seen[n] {
			seen[n] = true
			if reaches(next, n, to, seen) {
				return true
			}
		}
	}
	return false
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, a := range routing.States() {
		to, ok := routing.Next(routing.State(a.From), routing.Event(a.Event))
		if !ok || string(to) != a.To {
			t.Errorf("%s on %s goes to %s (%v), want %s: the table is ambiguous", a.From, a.Event, to, ok, a.To)
		}
	}
	for _, live := range []routing.State{routing.Wait, routing.Offered, routing.Talking, routing.Wrapping} {
		for event, want := range map[routing.Event]routing.State{routing.Withdrawn: routing.Ended, routing.AnchorLost: routing.Lost} {
			if to, ok := routing.Next(live, event); !ok || to != want {
				t.Errorf("%s on %s goes to %s (%v), want %s", live, event, to, ok, want)
			}
		}
	}
	if to, ok := routing.Next(routing.Wait, routing.Accepted); ok {
		t.Errorf("a waiting contact was accepted and went to %s", to)
	}
}
