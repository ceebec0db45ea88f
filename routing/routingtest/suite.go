package routingtest

import (
	"maps"
	"slices"
	"testing"
)

// Run examines a store: fresh makes an empty hall for each case.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	t.Helper()
	for _, group := range []map[string]func(*hall){
		matching(), offering(), serving(), seating(), membership(), reasserting(), repeating(), refusing(),
		widening(), naming(), borrowing(), excluding(), steering(), explaining(), telling(), orphaning(),
	} {
		for _, name := range slices.Sorted(maps.Keys(group)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				group[name](newHall(t, fresh(t)))
			})
		}
	}
}
