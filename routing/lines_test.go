package routing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/config"
	"hotline/routing"
)

const city = `
lines:
  - name: citizen
    title: {zh: 市民热线, en: Citizens}
    numbers: ["12345", 12315, 12320, "52871234=12358"]
    skill: general
    greeting: welcome
  - name: enterprise
    title: {zh: 企业热线, en: Enterprises}
    numbers: ["12345001"]
    skill: enterprise
    ring: 20s
    wrap_up: 90s
    wrap_extensions: 0
`

func parse(t *testing.T, text string) routing.Config {
	t.Helper()
	c, err := config.Load[routing.Config](config.Options{Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestByNumber(t *testing.T) {
	t.Parallel()
	lines, err := routing.NewBook(parse(t, city))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ line, source string }{
		"12345":    {"citizen", "12345"},
		"12315":    {"citizen", "12315"},
		"12320":    {"citizen", "12320"},
		"52871234": {"citizen", "12358"},
		"12345001": {"enterprise", "12345001"},
		"110":      {"", ""},
		"":         {"", ""},
	}
	for called, want := range tests {
		line, source, ok := lines.ByNumber(called)
		if line.Name != want.line || source != want.source || ok != (want.line != "") {
			t.Errorf("%q is answered by %q as %q (%v), want %q as %q", called, line.Name, source, ok, want.line, want.source)
		}
	}
}

func TestALineHasDefaultsAndAnExplicitZeroStays(t *testing.T) {
	t.Parallel()
	lines := parse(t, city).Lines
	got := []routing.Line{lines[0], lines[1]}
	for i := range got {
		got[i] = routing.Line{Ring: got[i].Ring, WrapUp: got[i].WrapUp, WrapExtend: got[i].WrapExtend, WrapExtensions: got[i].WrapExtensions}
	}
	if diff := cmp.Diff(routing.DefaultLine(), got[0]); diff != "" {
		t.Errorf("DefaultLine differs from the tags (-want +got):\n%s", diff)
	}
	want := []routing.Line{
		{Ring: 15 * time.Second, WrapUp: time.Minute, WrapExtend: time.Minute, WrapExtensions: 2},
		{Ring: 20 * time.Second, WrapUp: 90 * time.Second, WrapExtend: time.Minute},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSixtyFourNumbersReachOneLine(t *testing.T) {
	t.Parallel()
	line := routing.DefaultLine()
	line.Name, line.Skill, line.Title = "citizen", "general", routing.Title{ZH: "市民热线", EN: "Citizens"}
	for i := range 64 {
		line.Numbers = append(line.Numbers, routing.Number{Dial: fmt.Sprint(12300 + i)})
	}
	lines, err := routing.NewBook(routing.Config{Lines: []routing.Line{line}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 {
		dial := fmt.Sprint(12300 + i)
		if got, source, ok := lines.ByNumber(dial); !ok || got.Name != "citizen" || source != dial {
			t.Errorf("%s: line %q, source %q, %v", dial, got.Name, source, ok)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*routing.Config)
		want   string
	}{
		"no lines":          {func(c *routing.Config) { c.Lines = nil }, "lines: "},
		"no name":           {func(c *routing.Config) { c.Lines[0].Name = "" }, "lines[0].name: "},
		"name with a brace": {func(c *routing.Config) { c.Lines[0].Name = "a{b}" }, "lines[0].name: "},
		"same name":         {func(c *routing.Config) { c.Lines[1].Name = "citizen" }, "lines[1].name: "},
		"no title":          {func(c *routing.Config) { c.Lines[0].Title.EN = "" }, "lines[0].title: "},
		"no skill":          {func(c *routing.Config) { c.Lines[1].Skill = "" }, "lines[1].skill: "},
		"bad skill":         {func(c *routing.Config) { c.Lines[1].Skill = "普通" }, "lines[1].skill: "},
		"bad greeting":      {func(c *routing.Config) { c.Lines[0].Greeting = "../etc" }, "lines[0].greeting: "},
		"no ring":           {func(c *routing.Config) { c.Lines[0].Ring = 0 }, "lines[0].ring: "},
		"endless ring":      {func(c *routing.Config) { c.Lines[0].Ring = time.Hour }, "lines[0].ring: "},
		"negative wrap-up":  {func(c *routing.Config) { c.Lines[0].WrapUp = -1 }, "lines[0].wrap_up: "},
		"negative extend":   {func(c *routing.Config) { c.Lines[0].WrapExtend = -1 }, "lines[0].wrap_extend: "},
		"many extensions":   {func(c *routing.Config) { c.Lines[0].WrapExtensions = 101 }, "lines[0].wrap_extensions: "},
		"no numbers":        {func(c *routing.Config) { c.Lines[1].Numbers = nil }, "lines[1].numbers: "},
		"empty number":      {func(c *routing.Config) { c.Lines[0].Numbers[1].Dial = "" }, "lines[0].numbers[1]: "},
		"number with plus":  {func(c *routing.Config) { c.Lines[0].Numbers[1].Dial = "+8612345" }, "lines[0].numbers[1]: "},
		"bad source":        {func(c *routing.Config) { c.Lines[0].Numbers[0].Source = "x" }, "lines[0].numbers[0]: "},
		"number twice":      {func(c *routing.Config) { c.Lines[1].Numbers[0].Dial = "12345" }, "lines[1].numbers[0]: 12345 is taken by lines[0].numbers[0]"},
		"number twice, one": {func(c *routing.Config) { c.Lines[0].Numbers[1].Dial = "12345" }, "lines[0].numbers[1]: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, city)
			tt.change(&c)
			_, err := routing.NewBook(c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to say %q", err, tt.want)
			}
		})
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"12345", "63371234=12315", "=", "12315=", "=12315", "1=2=3", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var n routing.Number
		if err := n.UnmarshalText([]byte(text)); err != nil {
			return
		}
		written, err := n.MarshalText()
		var again routing.Number
		if err != nil || again.UnmarshalText(written) != nil || again != n || n.Dial == "" || n.Source == "" {
			t.Errorf("%q is read as %+v and written as %q", text, n, written)
		}
	})
}
