package redisstore

import (
	"strings"
	"testing"
)

func TestLinkTakesWhatIsNeeded(t *testing.T) {
	t.Parallel()
	const shared = `-- A comment.
local call = redis.call

-- one is needed by two.
local function one() return call('GET', 'a') end

local function two() return one() end

-- three is needed by nobody, and names two.
local function three() return two() end
`
	tests := map[string]struct {
		body string
		has  []string
	}{
		"nothing": {"return 1 -- not two", []string{"call ="}},
		"one":     {"return one()", []string{"call =", "one()"}},
		"both":    {"return two()", []string{"call =", "one()", "two()"}},
		"all":     {"return three()", []string{"call =", "one()", "two()", "three()"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := link(shared, tt.body)
			for _, part := range []string{"call =", "one()", "two()", "three()"} {
				want := false
				for _, p := range tt.has {
					want = want || p == part
				}
				if strings.Contains(got, "function "+part) != want && part != "call =" {
					t.Errorf("%s: %v in\n%s", part, !want, got)
				}
			}
			if !strings.HasPrefix(got, "\nlocal call") && !strings.HasPrefix(got, "local call") {
				t.Errorf("begins with %q", got)
			}
		})
	}
}

// TestNoFunctionHasAnEmptyLine: it would be torn apart.
func TestNoFunctionHasAnEmptyLine(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lib", "match"} {
		text, err := lua.ReadFile("lua/" + name + ".lua")
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			for line := range strings.Lines(strings.TrimLeft(block, "\n")) {
				if strings.HasPrefix(line, " ") {
					t.Errorf("%s: a block begins inside a function: %q", name, line)
				}
				break
			}
		}
	}
}
