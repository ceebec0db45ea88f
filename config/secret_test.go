package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"hotline/config"
)

const canary = "canary-7Yq"

func TestSecretHidesFromEveryPrinter(t *testing.T) {
	t.Parallel()
	s := config.NewSecret(canary)
	within := struct {
		Open   config.Secret
		closed config.Secret
		deep   []*config.Secret
	}{s, s, []*config.Secret{&s}}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "all", within)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "all", within)
	asJSON, err := json.Marshal(within)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(within.Open)
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(asJSON) + string(asYAML) + fmt.Sprint(within.closed, within.deep)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "[secret]" {
			t.Errorf("%s prints %s", verb, got)
		}
		printed += fmt.Sprintf(verb, within)
	}
	if strings.Contains(printed, canary) || strings.Contains(printed, fmt.Sprintf("%x", canary)) {
		t.Errorf("the secret was printed: %s", printed)
	}
	if s.Reveal() != canary || s.IsZero() || !(config.Secret{}).IsZero() || !s.Equal(config.NewSecret(canary)) || s.Equal(config.NewSecret("other")) {
		t.Error("the secret does not keep its value")
	}
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	const inTrunk = "sip: {trunks: [{name: a, addresses: [10.0.0.0/8], password_file: %s}]}"
	good := write(t, "good", "  "+canary+"\n", 0o640)
	wide := write(t, "wide", canary, 0o600)
	if err := os.Chmod(wide, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		yaml string
		env  []string
		want string // part of the error; "" when it loads
	}{
		"in a list":               {fmt.Sprintf(inTrunk, good), nil, ""},
		"from the environment":    {"", []string{"HOTLINE_SIP_TLS_KEY_FILE=" + good}, ""},
		"environment over a file": {"sip: {tls: {key: x}}", []string{"HOTLINE_SIP_TLS_KEY_FILE=" + good}, ""},
		"key over the file's":     {"sip: {tls: {key_file: /none}}", []string{"HOTLINE_SIP_TLS_KEY=" + canary}, ""},
		"others may read it":      {fmt.Sprintf(inTrunk, wide), nil, "sip.trunks[0].password_file: line 1: " + wide + " has mode 0644, want 0640 or less"},
		"missing":                 {"sip: {tls: {key_file: /none}}", nil, "sip.tls.key_file: line 1: open /none: "},
		"empty":                   {"sip: {tls: {key_file: " + write(t, "empty", "", 0o600) + "}}", nil, "is empty"},
		"a folder":                {"sip: {tls: {key_file: " + t.TempDir() + "}}", nil, "sip.tls.key_file: line 1: "},
		"no path":                 {"sip: {tls: {key_file: [a]}}", nil, "sip.tls.key_file: line 1: want the path of a file"},
		"both":                    {"sip: {tls: {key: x, key_file: " + good + "}}", nil, "sip.tls.key_file: line 1: key is given as well"},
		"both in the environment": {"", []string{"HOTLINE_SIP_TLS_KEY=x", "HOTLINE_SIP_TLS_KEY_FILE=" + good}, "key is given as well"},
		"not for open keys":       {"name_file: " + good, nil, "name_file: line 1: unknown key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, tt.yaml, tt.env...)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary) {
					t.Fatalf("got %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !revealed(got) {
				t.Error("the secret did not arrive")
			}
		})
	}
}

func revealed(c city) bool {
	if c.SIP.TLS != nil {
		return c.SIP.TLS.Key == canary
	}
	return c.SIP.Trunks[0].Password.Reveal() == canary
}

func TestSecretsAreInNoProblem(t *testing.T) {
	t.Parallel()
	type pin struct {
		PIN uint16 `yaml:"pin" secret:"true"`
	}
	path := write(t, "a.yaml", "pin: "+canary, 0o600)
	for _, o := range []config.Options{{File: path}, {Env: []string{"HOTLINE_PIN=" + canary}}} {
		if _, err := config.Load[pin](o); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("got %v", err)
		}
	}
}
