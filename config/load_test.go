package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/config"
)

type level string

func (l *level) UnmarshalText(text []byte) error {
	if s := string(text); s != "low" && s != "high" {
		return fmt.Errorf("want low or high")
	}
	*l = level(text)
	return nil
}

type trunk struct {
	Name      string         `yaml:"name" required:"true" doc:"What the log calls it."`
	Addresses []netip.Prefix `yaml:"addresses" doc:"Who may speak."`
	Channels  uint16         `yaml:"channels" default:"30" doc:"Calls at once."`
	Password  config.Secret  `yaml:"password" doc:"Digest."`
}

func (t trunk) Validate() error {
	var errs []error
	if t.Channels == 0 {
		errs = append(errs, errors.New("channels: none"))
	}
	if len(t.Addresses) == 0 {
		errs = append(errs, errors.New("addresses: nobody may speak"))
	}
	return errors.Join(errs...)
}

type common struct {
	Note string `yaml:"note" default:"-"`
}

type sip struct {
	common  `yaml:",inline"`
	Listen  netip.AddrPort   `yaml:"listen" default:"127.0.0.1:5060" doc:"Where carriers | phones reach us."`
	Timer   time.Duration    `yaml:"timer" default:"500ms" doc:"T1 of RFC 3261."`
	Verbose bool             `yaml:"verbose"`
	Codecs  []string         `yaml:"codecs" default:"PCMA, PCMU" doc:"In order."`
	Ratio   float64          `yaml:"ratio" default:"0.5"`
	Level   level            `yaml:"level" default:"low"`
	Trunks  []trunk          `yaml:"trunks" doc:"Carriers."`
	Lines   map[string]trunk `yaml:"lines"`
	TLS     *tls             `yaml:"tls"`
}

type tls struct {
	Port int    `yaml:"port" default:"5061"`
	Key  string `yaml:"key" secret:"true"`
}

type city struct {
	Name string `yaml:"name" default:"demo"`
	SIP  sip    `yaml:"sip"`
}

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, env ...string) (city, error) {
	t.Helper()
	return config.Load[city](config.Options{File: write(t, "hotline.yaml", text, 0o600), Env: env})
}

func defaults() city {
	return city{Name: "demo", SIP: sip{
		common: common{Note: "-"},
		Listen: netip.MustParseAddrPort("127.0.0.1:5060"), Timer: 500 * time.Millisecond,
		Codecs: []string{"PCMA", "PCMU"}, Ratio: 0.5, Level: "low",
	}}
}

func equal() cmp.Options {
	return cmp.Options{
		cmp.AllowUnexported(sip{}),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
		cmp.Comparer(config.Secret.Equal),
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	carrier := trunk{Name: "unicom", Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Channels: 30}
	tests := map[string]struct {
		yaml string
		env  []string
		want func(c *city)
	}{
		"defaults":        {"", nil, func(*city) {}},
		"comments only":   {"# nothing\n", nil, func(*city) {}},
		"empty section":   {"sip:\n  # listen: x\n", nil, func(*city) {}},
		"other variables": {"", []string{"PATH=/bin", "HOTLINES=2"}, func(*city) {}},
		"scalars": {
			"name: 北京\nsip:\n  listen: '[::1]:5070'\n  timer: 2s\n  verbose: true\n  ratio: 1\n  level: high\n  note: 'a: b'\n", nil,
			func(c *city) {
				c.Name = "北京"
				c.SIP.Listen = netip.MustParseAddrPort("[::1]:5070")
				c.SIP.Timer, c.SIP.Verbose, c.SIP.Ratio, c.SIP.Level, c.SIP.Note = 2*time.Second, true, 1, "high", "a: b"
			},
		},
		"numbers as text keep their form": {"name: 0012345\n", nil, func(c *city) { c.Name = "0012345" }},
		"lists, defaults in their elements": {
			"sip:\n  codecs: [PCMU]\n  trunks:\n    - name: unicom\n      addresses: [10.0.0.0/8]\n", nil,
			func(c *city) { c.SIP.Codecs, c.SIP.Trunks = []string{"PCMU"}, []trunk{carrier} },
		},
		"tables": {
			"sip:\n  lines:\n    \"12315\": {name: unicom, addresses: [10.0.0.0/8]}\n", nil,
			func(c *city) { c.SIP.Lines = map[string]trunk{"12315": carrier} },
		},
		"pointers start from defaults": {"sip: {tls: {key: k}}", nil, func(c *city) { c.SIP.TLS = &tls{Port: 5061, Key: "k"} }},
		"environment over file": {
			"name: file\nsip: {timer: 1s}\n",
			[]string{"HOTLINE_NAME=env", "HOTLINE_SIP_TIMER=3s", "HOTLINE_SIP_CODECS=PCMU,G722", "HOTLINE_SIP_VERBOSE=true", "HOTLINE_SIP_NOTE=n"},
			func(c *city) {
				c.Name, c.SIP.Timer, c.SIP.Codecs, c.SIP.Verbose, c.SIP.Note = "env", 3*time.Second, []string{"PCMU", "G722"}, true, "n"
			},
		},
		"environment makes a section": {"", []string{"HOTLINE_SIP_TLS_KEY=k"}, func(c *city) { c.SIP.TLS = &tls{Port: 5061, Key: "k"} }},
		"environment as YAML": {
			"sip: {trunks: [{name: other, addresses: [10.0.0.0/8]}]}",
			[]string{"HOTLINE_SIP_TRUNKS=[{name: unicom, addresses: [10.0.0.0/8]}]"},
			func(c *city) { c.SIP.Trunks = []trunk{carrier} },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, tt.yaml, tt.env...)
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			tt.want(&want)
			if d := cmp.Diff(want, got, equal()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		yaml string
		env  []string
		want []string
	}{
		"all at once, in the file's order": {
			"nmae: x\nsip:\n  timer: soon\n  verbose: \"true\"\n  trunks:\n    - addresses: [10.0.0.0/8, ten]\n      channels: 70000\n  unheard_of: 1\n", nil,
			[]string{
				"nmae: line 1: unknown key, nearest is name",
				"sip.timer: line 3: want a duration such as 20ms, 5s or 2h, got \"soon\"",
				"sip.verbose: line 4: want true or false, got text",
				"sip.trunks[0].addresses[1]: line 6: want a network such as 10.0.0.0/8, got \"ten\"",
				"sip.trunks[0].name: line 6: is missing, want text",
				"sip.trunks[0].channels: line 7: want a whole number from 0 to 65535, got \"70000\"",
				"sip.unheard_of: line 8: unknown key",
			},
		},
		"validators":           {"sip:\n  trunks:\n  - name: a\n    channels: 0\n", nil, []string{"sip.trunks[0].addresses: line 3: nobody may speak", "sip.trunks[0].channels: line 4: none"}},
		"validators of tables": {"sip:\n  lines:\n    x: {name: a}\n", nil, []string{"sip.lines.x.addresses: line 3: nobody may speak"}},
		"list for a section":   {"sip: [1]", nil, []string{"sip: line 1: want a section, got a list"}},
		"text for a list":      {"sip: {codecs: PCMA}", nil, []string{"sip.codecs: line 1: want a list, got text"}},
		"section for text":     {"name: {a: b}", nil, []string{"name: line 1: want text, got a section"}},
		"truth for text":       {"name: true", nil, []string{"name: line 1: want text, got true or false"}},
		"text for a number":    {"sip: {tls: {port: '5061'}}", nil, []string{"sip.tls.port: line 1: want a whole number, got text"}},
		"no value":             {"name:\n", nil, []string{"name: line 1: has no value, want text"}},
		"no value in a list":   {"sip:\n  codecs:\n  -\n", nil, []string{"sip.codecs[0]: line 3: has no value, want text"}},
		"the type's own rule":  {"sip: {level: middle}", nil, []string{"sip.level: line 1: want low or high, got \"middle\""}},
		"a list as the whole":  {"- a", nil, []string{"line 1: want a section, got a list"}},
		"key twice":            {"name: a\nname: b\n", nil, []string{"line 2: mapping key \"name\" already defined at [1:1]"}},
		"broken quotes":        {"name: 'a", nil, []string{"line 1: could not find end character of single-quoted text"}},
		"two documents":        {"name: a\n---\nname: b\n", nil, []string{"2 documents in one file, want one"}},
		"an alias":             {"name: &a x\nsip: {note: *a}\n", nil, []string{"name: line 1: YAML anchors, aliases and tags are not taken here; write the value", "sip.note: line 2: YAML anchors, aliases and tags are not taken here; write the value"}},
		"a tag":                {"name: !!str x", nil, []string{"name: line 1: YAML anchors, aliases and tags are not taken here; write the value"}},
		"deep brackets":        {"name: " + strings.Repeat("[", 100_000), nil, []string{"line 1: nested too deep"}},
		"deep entries":         {strings.Repeat("- ", 100_000), nil, []string{"line 1: nested too deep"}},
		"unknown variable":     {"", []string{"HOTLINE_SIP_LISEN=x"}, []string{"HOTLINE_SIP_LISEN: unknown variable, nearest is HOTLINE_SIP_LISTEN"}},
		"bad variable":         {"", []string{"HOTLINE_SIP_TLS_PORT=x"}, []string{"sip.tls.port: HOTLINE_SIP_TLS_PORT: want a whole number, got \"x\""}},
		"bad YAML in variable": {"", []string{"HOTLINE_SIP_TRUNKS=[{name: a, nam: b}]"}, []string{"sip.trunks[0].addresses: nobody may speak", "sip.trunks[0].nam: HOTLINE_SIP_TRUNKS: unknown key, nearest is name"}},
		"variable forgets the file's elements": {
			"sip: {trunks: [{name: a, addresses: [10.0.0.0/8]}]}",
			[]string{"HOTLINE_SIP_TRUNKS=[{addresses: [10.0.0.0/8]}]"},
			[]string{"sip.trunks[0].name: is missing, want text"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, tt.yaml, tt.env...)
			problems, ok := errors.AsType[config.Problems](err)
			if !ok {
				t.Fatalf("got %v, want problems", err)
			}
			if d := cmp.Diff(strings.Join(tt.want, "\n"), problems.Error()); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"missing":  filepath.Join(t.TempDir(), "none.yaml"),
		"a folder": t.TempDir(),
		"too big":  write(t, "big.yaml", "#"+strings.Repeat("x", 1<<20), 0o600),
	} {
		if _, err := config.Load[city](config.Options{File: file}); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestStructsThatCannotBeConfigured(t *testing.T) {
	t.Parallel()
	type wrong struct {
		Port int      `yaml:"port" default:"many"`
		Done chan int `yaml:"done"`
	}
	_, err := config.Load[wrong](config.Options{File: write(t, "a.yaml", "done: 1", 0o600)})
	if err == nil || err.Error() != "port: default \"many\": want a whole number\ndone: line 1: chan int cannot be configured" {
		t.Errorf("got %v", err)
	}
	if _, err := config.Load[int](config.Options{}); err == nil {
		t.Error("an int was configured")
	}
	type twice struct {
		A struct {
			BC string `yaml:"b_c"`
		} `yaml:"a"`
		AB struct {
			C string `yaml:"c"`
		} `yaml:"a_b"`
	}
	if _, err := config.Load[twice](config.Options{}); err == nil || !strings.Contains(err.Error(), "HOTLINE_A_B_C: names both a.b_c and a_b.c") {
		t.Errorf("got %v", err)
	}
}
