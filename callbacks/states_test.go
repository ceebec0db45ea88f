package callbacks_test

import (
	"slices"
	"testing"

	"hotline/callbacks"
)

func TestOpenStatesLeadOutAndOthersDoNot(t *testing.T) {
	t.Parallel()
	all := []callbacks.State{
		callbacks.Waiting, callbacks.Queued, callbacks.Dialling, callbacks.Done, callbacks.GivenUp, callbacks.Cancelled,
	}
	for _, s := range all {
		out := slices.ContainsFunc(callbacks.States(), func(a callbacks.Arrow) bool { return a.From == string(s) })
		in := s == callbacks.Waiting || slices.ContainsFunc(callbacks.States(), func(a callbacks.Arrow) bool { return a.To == string(s) })
		if out != s.Open() || !in {
			t.Errorf("%s: leads out %v, reached %v", s, out, in)
		}
	}
}

func TestEveryOpenPromiseCanBeCancelled(t *testing.T) {
	t.Parallel()
	for _, s := range []callbacks.State{callbacks.Waiting, callbacks.Queued, callbacks.Dialling} {
		want := callbacks.Arrow{From: string(s), Event: string(callbacks.Recalled), To: string(callbacks.Cancelled)}
		if !slices.Contains(callbacks.States(), want) {
			t.Errorf("%s cannot be cancelled", s)
		}
	}
}
