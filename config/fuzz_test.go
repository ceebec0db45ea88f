package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"hotline/config"
)

// Whatever a file holds, Load returns, and says what is wrong or gives a city
// that its own validators accept.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "name: a", "sip:\n  trunks:\n    - name: a\n      addresses: [10.0.0.0/8]\n", "sip: {lines: {a: {name: b}}}",
		"a: &x [*x]", "<<: {a: b}", "name: |\n  x\n", "? a\n: b", "- - - a", "sip: {listen: 1:2:3}", "name: \"\\u0000\"", "{", "[]", "--- a\n...\n", "sip:\n\tverbose: true",
	} {
		f.Add([]byte(seed), "HOTLINE_SIP_TRUNKS="+seed)
	}
	f.Fuzz(func(t *testing.T, text []byte, variable string) {
		path := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.Load[city](config.Options{File: path, Env: []string{variable}})
		if err != nil {
			if err.Error() == "" {
				t.Error("a problem without words")
			}
			return
		}
		for _, each := range got.SIP.Trunks {
			if err := each.Validate(); err != nil {
				t.Errorf("a trunk that its validator refuses came through: %v", err)
			}
		}
	})
}
