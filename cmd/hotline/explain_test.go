package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const cityFile = "../../deploy/examples/city.yaml"

func TestExplainRefusesWhatItCannotTell(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		c    configExplain
		want string // how the error begins; empty for none
	}{
		"a number":            {configExplain{Number: "12345", At: "2026-10-01T09:00", Skills: []string{"general"}}, ""},
		"an account":          {configExplain{Channel: "wechat", Account: "gh_cityenterprise", Agent: "1003"}, ""},
		"neither":             {configExplain{}, "want --number or --channel"},
		"both":                {configExplain{Number: "12345", Channel: "web"}, "want --number or --channel"},
		"a number of nobody":  {configExplain{Number: "110"}, "no line answers 110"},
		"an account of none":  {configExplain{Channel: "wechat", Account: "gh_other"}, `no line answers account "gh_other" of wechat`},
		"no time":             {configExplain{Number: "12345", At: "tomorrow"}, `--at: "tomorrow" is no time`},
		"a file that is gone": {configExplain{File: "none.yaml", Number: "12345"}, "none.yaml:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.c.File == "" {
				tt.c.File = cityFile
			}
			err := tt.c.Run()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestStrictCheckRefusesWhatIsHardlyMeant(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(cityFile)
	if err != nil {
		t.Fatal(err)
	}
	// A queue that no line leads to: right, but hardly meant.
	odd := strings.Replace(string(text), "  queues:\n", "  queues:\n    spare: { need: [general] }\n", 1)
	file := filepath.Join(t.TempDir(), "odd.yaml")
	if err := os.WriteFile(file, []byte(odd), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&configCheck{File: file}).Run(); err != nil {
		t.Errorf("refused without --strict: %v", err)
	}
	if err := (&configCheck{File: file, Strict: true}).Run(); err == nil {
		t.Error("not refused with --strict")
	}
}
