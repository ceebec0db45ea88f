package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPairs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want [][2]string
	}{
		"two":           {"a:b,c:d", [][2]string{{"a", "b"}, {"c", "d"}}},
		"colon in word": {"a:b:c", [][2]string{{"a", "b:c"}}},
		"no colon":      {"ab", nil},
		"empty":         {"", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pairs(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheDemoFailsWhenOneCitizenWasNotServed(t *testing.T) {
	t.Parallel()
	good := outcome{citizen: citizenOf(0, "127.0.0.1:5060"), agent: "1901", talked: 4 * time.Second, heard: 1004, ticket: "20261124-0000001-0", unit: "SUB-001"}
	bad := outcome{citizen: citizenOf(1, "127.0.0.1:5060"), err: errTest("nobody answered")}
	var b strings.Builder
	if err := show(&b, []outcome{good}); err != nil || !strings.Contains(b.String(), "1004 Hz (agent)") {
		t.Errorf("error %v, text %q", err, b.String())
	}
	if err := show(&b, []outcome{good, bad}); err == nil || !strings.Contains(b.String(), "FAILED: nobody answered") {
		t.Errorf("error %v, text %q", err, b.String())
	}
}

type errTest string

func (e errTest) Error() string { return string(e) }
