package simulate

import (
	"fmt"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Scenario is one file of `hotline simulate`.
type Scenario struct {
	Title string `yaml:"title" doc:"What is tried, in one line."`
	// Policy is a node's configuration; the lines and routing below are then empty.
	Policy  string         `yaml:"policy" doc:"A node's configuration, whose lines and routing are tried; relative to this file. Empty: lines and routing stand here."`
	Lines   []routing.Line `yaml:"lines" doc:"As in the node's configuration."`
	Routing routing.Policy `yaml:"routing" doc:"As in the node's configuration."`

	Start        time.Time     `yaml:"start" default:"2026-11-02T09:00:00+08:00" doc:"When the first citizen may come; hours and holidays of the policy go by it."`
	WarmUp       time.Duration `yaml:"warm_up" default:"2h" doc:"What is not counted: the house fills."`
	For          time.Duration `yaml:"for" default:"24h" doc:"What is counted, after the warm-up."`
	Replications int           `yaml:"replications" default:"20" doc:"How many independent days are run; the intervals come from them."`
	Seed         uint64        `yaml:"seed" default:"1" doc:"The same seed draws the same citizens."`

	Arrivals []Arrivals `yaml:"arrivals" doc:"Who comes."`
	Agents   []Agents   `yaml:"agents" doc:"Who serves."`

	Level map[contact.Class]time.Duration `yaml:"service_level" doc:"Within which time a contact should be served, by class; 15s for voice, 3m for message where it is not named."`
	Check Check                           `yaml:"check" doc:"erlang-c, erlang-a or cobham: the closed form that the run is held against."`
}

// Arrivals is one stream of citizens, drawn at random or read from a file.
type Arrivals struct {
	Line     string        `yaml:"line" doc:"The line they reach; not for a file."`
	Class    contact.Class `yaml:"class" default:"voice" doc:"voice or message."`
	PerHour  float64       `yaml:"per_hour" doc:"Mean; arrivals are Poisson."`
	Handling Times         `yaml:"handling" doc:"Talk and wrap-up together."`
	Patience Times         `yaml:"patience" doc:"How long a citizen waits; without a mean, for ever."`
	// File is CSV with a header: at,line,class,handling,patience; at in RFC 3339
	// or seconds since the start, the others in seconds, patience may be empty.
	File string `yaml:"file" doc:"CSV of real arrivals instead: at,line,class,handling,patience (seconds)."`
}

// Times is a distribution of times.
type Times struct {
	Mean time.Duration `yaml:"mean" doc:"Mean; 0 for none."`
	CV   float64       `yaml:"cv" default:"1" doc:"Coefficient of variation: 1 is exponential, 0 always the mean, any other lognormal."`
}

// Agents is a group of equal seats.
type Agents struct {
	Count  int                   `yaml:"count" doc:"How many."`
	Skills []string              `yaml:"skills" doc:"What they serve, with levels: enterprise=2."`
	Limits map[contact.Class]int `yaml:"limits" doc:"Slots by class where the policy's are not meant."`
	From   time.Duration         `yaml:"from" doc:"When the shift begins, after the start."`
	Until  time.Duration         `yaml:"until" doc:"When it ends; 0 for never. A contact is finished first."`
}

// Check names a closed form.
type Check string

// The closed forms.
const (
	NoCheck      Check = ""
	ErlangCheckC Check = "erlang-c"
	ErlangCheckA Check = "erlang-a"
	CobhamCheck  Check = "cobham"
)

// Validate names the field that is wrong.
func (s Scenario) Validate() error {
	switch {
	case s.Replications < 2 || s.Replications > 1000:
		return fmt.Errorf("replications: %d is not between 2 and 1000", s.Replications)
	case s.For <= 0:
		return fmt.Errorf("for: %s is not positive", s.For)
	case s.WarmUp < 0:
		return fmt.Errorf("warm_up: %s is negative", s.WarmUp)
	case len(s.Arrivals) == 0:
		return fmt.Errorf("arrivals: nobody comes")
	case len(s.Agents) == 0:
		return fmt.Errorf("agents: nobody serves")
	}
	for i, a := range s.Arrivals {
		if err := a.validate(fmt.Sprintf("arrivals[%d]", i)); err != nil {
			return err
		}
	}
	for i, a := range s.Agents {
		if a.Count < 1 || a.Count > 100_000 || a.From < 0 || (a.Until != 0 && a.Until <= a.From) {
			return fmt.Errorf("agents[%d]: want 1 to 100000 seats, and a shift that ends after it begins", i)
		}
	}
	return s.validateCheck()
}

func (a Arrivals) validate(path string) error {
	switch {
	case a.File != "":
		return nil
	case a.Line == "":
		return fmt.Errorf("%s.line: is empty", path)
	case a.PerHour <= 0:
		return fmt.Errorf("%s.per_hour: %v is not positive", path, a.PerHour)
	case a.Class != contact.Voice && a.Class != contact.Text:
		return fmt.Errorf("%s.class: %q is neither voice nor message", path, a.Class)
	case a.Handling.Mean <= 0 || a.Handling.CV < 0:
		return fmt.Errorf("%s.handling: needs a positive mean and no negative cv", path)
	case a.Patience.Mean < 0 || a.Patience.CV < 0:
		return fmt.Errorf("%s.patience: is negative", path)
	}
	return nil
}

// validateCheck holds a scenario to what its closed form describes.
func (s Scenario) validateCheck() error {
	switch s.Check {
	case NoCheck:
		return nil
	case ErlangCheckC, ErlangCheckA, CobhamCheck:
	default:
		return fmt.Errorf("check: %q is none of erlang-c, erlang-a, cobham", s.Check)
	}
	first := s.Arrivals[0]
	for i, a := range s.Arrivals {
		switch {
		case a.File != "" || a.Handling.CV != 1 || a.Handling.Mean != first.Handling.Mean:
			return fmt.Errorf("arrivals[%d]: the closed form needs exponential handling, equal for all", i)
		case s.Check == ErlangCheckA && (a.Patience.Mean == 0 || a.Patience.CV != 1 || a.Patience.Mean != first.Patience.Mean):
			return fmt.Errorf("arrivals[%d].patience: erlang-a needs exponential patience, equal for all", i)
		case s.Check != ErlangCheckA && a.Patience.Mean != 0:
			return fmt.Errorf("arrivals[%d].patience: with %s nobody gives up", i, s.Check)
		}
	}
	if len(s.Agents) != 1 || s.Agents[0].From != 0 || s.Agents[0].Until != 0 {
		return fmt.Errorf("agents: the closed form has one group without shifts")
	}
	return nil
}

// level is the time within which a contact of the class should be served.
func (s Scenario) level(c contact.Class) time.Duration {
	if l, ok := s.Level[c]; ok {
		return l
	}
	if c == contact.Voice {
		return 15 * time.Second
	}
	return 3 * time.Minute
}
