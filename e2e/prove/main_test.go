package main

import (
	"strings"
	"testing"
	"time"
)

func TestAProofHoldsOnlyIfItEndsAsItMust(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		must string
		held bool
	}{
		"succeeds and must":     {[]string{"true"}, succeeds, true},
		"fails but must not":    {[]string{"false"}, succeeds, false},
		"fails and must":        {[]string{"false"}, fails, true},
		"succeeds but must not": {[]string{"true"}, fails, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := try(t.Context(), proof{title: "a", what: "b", args: tt.args, mustEnd: tt.must})
			if o.held != tt.held {
				t.Errorf("held is %v, want %v", o.held, tt.held)
			}
			if page := report([]outcome{o}); strings.Contains(page, "**no**") == tt.held {
				t.Errorf("the page says otherwise:\n%s", page)
			}
		})
	}
}

func TestThePageKeepsTheLastLines(t *testing.T) {
	t.Parallel()
	text := "one\nredis: noise\n" + strings.Repeat("x", 300) + "\nlast\n"
	got := last(text, 2)
	if strings.Contains(got, "one") || strings.Contains(got, "noise") || !strings.HasSuffix(got, "last\n") || len(got) > 200 {
		t.Errorf("kept %q", got)
	}
	if page := report([]outcome{{proof: proof{title: "a", what: "b", mustEnd: succeeds}, took: time.Second, text: text, held: true}}); !strings.Contains(page, "| a | succeeds | 1s | yes |") {
		t.Errorf("the page:\n%s", page)
	}
}
