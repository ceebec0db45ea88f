package session

import (
	"slices"
	"testing"
)

func TestEveryStateLeadsOut(t *testing.T) {
	t.Parallel()
	all := []State{Arriving, Greeting, Queued, Offered, Serving, Holding, Reconnecting, Dialling, Parting, Wrapping, Over}
	for _, s := range all {
		out := slices.ContainsFunc(States(), func(a Arrow) bool { return a.From == s })
		in := s == Arriving || slices.ContainsFunc(States(), func(a Arrow) bool { return a.To == s })
		if out == (s == Over) || !in {
			t.Errorf("%s: reached %v, leads out %v", s, in, out)
		}
	}
}

func TestTheTableIsUnambiguous(t *testing.T) {
	t.Parallel()
	type key struct {
		from State
		on   Happening
	}
	seen := map[key]bool{}
	for _, a := range States() {
		k := key{a.From, a.Event}
		if seen[k] {
			t.Errorf("%s on %s stands twice", a.From, a.Event)
		}
		seen[k] = true
	}
	if _, ok := next(Queued, AcceptedBy); ok {
		t.Error("a queued contact can be accepted without an offer")
	}
}

func TestACitizenMayLeaveAtAnyTime(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Arriving, Greeting, Queued, Offered, Serving, Holding, Reconnecting, Parting} {
		if to, ok := next(s, CitizenGone); !ok || to == s {
			t.Errorf("a citizen cannot leave in %s", s)
		}
	}
}

func TestEveryStateOfAConversationLeadsOut(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Arriving, Queued, Offered, Serving, Parked, Wrapping, Over} {
		out := slices.ContainsFunc(ConversationStates(), func(a Arrow) bool { return a.From == s })
		in := s == Arriving || slices.ContainsFunc(ConversationStates(), func(a Arrow) bool { return a.To == s })
		if out == (s == Over) || !in {
			t.Errorf("%s: reached %v, leads out %v", s, in, out)
		}
		if _, ok := nextOfText(s, CitizenGone); ok == (s == Wrapping || s == Over) {
			t.Errorf("a citizen may leave in %s: %v", s, ok)
		}
	}
	seen := map[[2]string]bool{}
	for _, a := range ConversationStates() {
		k := [2]string{string(a.From), string(a.Event)}
		if seen[k] {
			t.Errorf("%s on %s stands twice", a.From, a.Event)
		}
		seen[k] = true
	}
}
