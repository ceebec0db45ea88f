package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNamesOfNodes(t *testing.T) {
	t.Parallel()
	for name, good := range map[Node]bool{
		"hotline-1-01J8": true, "a": true, "A.b_c-9": true, Node(strings.Repeat("n", 64)): true,
		"": false, "a:b": false, "{a}": false, "a b": false, "节点": false, Node(strings.Repeat("n", 65)): false,
	} {
		if err := name.Validate(); (err == nil) != good {
			t.Errorf("%q: %v, want good %v", name, err, good)
		}
	}
}

func TestFaultsCross(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want Fault
	}{
		"a plain error":      {errors.New("disk"), Fault{Internal, "disk"}},
		"a fault":            {&Fault{Stale, "over"}, Fault{Stale, "over"}},
		"a fault within":     {fmt.Errorf("x: %w", &Fault{State, "no"}), Fault{State, "no"}},
		"a code not on list": {&Fault{"new", "later version"}, Fault{Internal, "later version"}},
	}
	for name, tt := range tests {
		if got := FaultOf(tt.err); *got != tt.want {
			t.Errorf("%s: %v, want %v", name, *got, tt.want)
		}
	}
}
