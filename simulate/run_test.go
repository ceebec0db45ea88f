package simulate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/config"
	"hotline/contact"
	"hotline/routing"
	"hotline/simulate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scenario is one pool of agents for one line.
func scenario(perHour float64, agents int) simulate.Scenario {
	line := routing.DefaultLine()
	line.Name, line.Title, line.Skill = "public", routing.Title{ZH: "市民热线", EN: "Citizens' line"}, "general"
	line.Numbers = []routing.Number{{Dial: "12345"}}
	return simulate.Scenario{
		Title: "test", Lines: []routing.Line{line}, Start: time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC),
		WarmUp: time.Hour, For: 20 * time.Hour, Replications: 10, Seed: 1,
		Arrivals: []simulate.Arrivals{{
			Line: "public", Class: contact.Voice, PerHour: perHour,
			Handling: simulate.Times{Mean: 100 * time.Second, CV: 1},
		}},
		Agents: []simulate.Agents{{Count: agents, Skills: []string{"general"}}},
	}
}

func run(t *testing.T, s simulate.Scenario) simulate.Report {
	t.Helper()
	r, err := simulate.Run(t.Context(), simulate.Options{Scenario: s})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The forms lie within twice the interval of a short run: a test of the seed
// would be one that fails when a generator changes.
func TestAgreesWithErlang(t *testing.T) {
	t.Parallel()
	c := scenario(288, 10)
	c.Check = simulate.ErlangCheckC
	a := scenario(360, 10)
	a.Arrivals[0].Patience = simulate.Times{Mean: time.Minute, CV: 1}
	a.Check = simulate.ErlangCheckA
	for name, s := range map[string]simulate.Scenario{"Erlang C": c, "Erlang A": a} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range run(t, s).Verdicts {
				v.Found.Half *= 2
				if !v.Found.Holds(v.Form) {
					t.Errorf("%s: the form says %.4f, the run %.4f ± %.4f", v.Figure, v.Form, v.Found.Mean, v.Found.Half)
				}
			}
		})
	}
}

func TestARunCanDisagree(t *testing.T) {
	t.Parallel()
	s := scenario(288, 10)
	s.Check = simulate.ErlangCheckC
	r := run(t, s)
	s.Agents[0].Count = 11 // what the form is told, not what ran
	wrong := s.Verdicts(r.Lines)
	for _, v := range wrong {
		if v.Holds {
			t.Errorf("%s: a form for one agent more agrees: %+v", v.Figure, v)
		}
	}
}

func TestTheSameSeedDrawsTheSameDay(t *testing.T) {
	t.Parallel()
	s := scenario(288, 10)
	s.For, s.Replications = 2*time.Hour, 2
	first, again := run(t, s), run(t, s)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("two runs of one seed differ:\n%s", diff)
	}
	s.Seed = 2
	if cmp.Equal(first, run(t, s)) {
		t.Error("another seed draws the same day")
	}
}

func TestShiftsAndAFileOfArrivals(t *testing.T) {
	t.Parallel()
	s := scenario(1, 1)
	s.WarmUp, s.For, s.Replications = 0, time.Hour, 2
	s.Arrivals = []simulate.Arrivals{{File: "day.csv"}}
	s.Agents = []simulate.Agents{{Count: 1, Skills: []string{"general"}, From: 10 * time.Minute, Until: 30 * time.Minute}}
	minute := time.Minute
	citizens := []simulate.Citizen{
		{At: 0, Line: "public", Class: contact.Voice, Handling: 5 * minute, Patience: 20 * minute},       // waits 10 min
		{At: minute, Line: "public", Class: contact.Voice, Handling: 5 * minute, Patience: 2 * minute},   // gives up
		{At: 12 * minute, Line: "public", Class: contact.Voice, Handling: minute, Patience: 20 * minute}, // waits 3 min
		{At: 40 * minute, Line: "public", Class: contact.Voice, Handling: minute, Patience: 5 * minute},  // nobody there
	}
	r, err := simulate.Run(t.Context(), simulate.Options{Scenario: s, Citizens: map[int][]simulate.Citizen{0: citizens}})
	if err != nil {
		t.Fatal(err)
	}
	l := r.Lines[0]
	for what, got := range map[string][2]float64{
		"offered":  {l.Offered.Mean, 4},
		"gave up":  {l.Abandon.Mean, 0.5},
		"ASA":      {l.Answer.Mean, (10*60 + 3*60) / 2.},
		"longest":  {l.Longest.Mean, 600},
		"occupied": {r.Occupancy.Mean, 6. / 20},
	} {
		if diff := got[0] - got[1]; diff > 1e-6 || diff < -1e-6 {
			t.Errorf("%s is %v, want %v", what, got[0], got[1])
		}
	}
}

// The examples that ship are scenarios, and name what they are checked against.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../deploy/examples/erlang-*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v (%v)", files, err)
	}
	for _, file := range append(files, "../deploy/examples/cobham.yaml") {
		s, err := config.Load[simulate.Scenario](config.Options{File: file})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if s.Check == simulate.NoCheck {
			t.Errorf("%s names no closed form", file)
		}
		s.For, s.WarmUp, s.Replications = 30*time.Minute, 0, 2
		if r := run(t, s); len(r.Verdicts) == 0 || r.Lines[0].Offered.Mean < 1 {
			t.Errorf("%s: nothing came of it: %+v", file, r)
		}
	}
}

func TestBadScenariosNameTheirField(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(*simulate.Scenario)
		want  string
	}{
		"one replication": {func(s *simulate.Scenario) { s.Replications = 1 }, "replications: 1 is not between 2 and 1000"},
		"no rate":         {func(s *simulate.Scenario) { s.Arrivals[0].PerHour = 0 }, "arrivals[0].per_hour: 0 is not positive"},
		"no line":         {func(s *simulate.Scenario) { s.Arrivals[0].Line = "" }, "arrivals[0].line: is empty"},
		"nobody serves":   {func(s *simulate.Scenario) { s.Agents = nil }, "agents: nobody serves"},
		"endless patience in Erlang A": {
			func(s *simulate.Scenario) { s.Check = simulate.ErlangCheckA },
			"arrivals[0].patience: erlang-a needs exponential patience, equal for all",
		},
		"another form": {func(s *simulate.Scenario) { s.Check = "erlang-x" }, `check: "erlang-x" is none of erlang-c, erlang-a, cobham`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := scenario(288, 10)
			tt.spoil(&s)
			if err := s.Validate(); err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzReadCitizens(f *testing.F) {
	text, err := os.ReadFile("testdata/day.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("at,line,class,handling,patience\n1e400,a,voice,1,1\n")
	start := time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := simulate.ReadCitizens(strings.NewReader(text), start)
		if err != nil {
			return
		}
		for i, c := range all {
			if c.At < 0 || c.Handling < 0 || (i > 0 && c.At < all[i-1].At) {
				t.Fatalf("citizen %d is %+v", i, c)
			}
		}
	})
}
