package callbacks

import (
	"errors"
	"fmt"
	"time"
)

// Config is the section of call-backs. How often and when citizens are dialled
// is the policy's to say.
type Config struct {
	Trunk string        `yaml:"trunk" doc:"The trunk that carries call-backs, one with outbound; empty: nobody is called back, and none is offered it."`
	From  string        `yaml:"from" default:"12345" doc:"The number that the citizen sees."`
	Ring  time.Duration `yaml:"ring" default:"30s" doc:"How long the citizen's phone rings."`
	// Abandoned calls become call-backs by themselves.
	Abandoned      bool          `yaml:"abandoned" default:"true" doc:"Calls with a known number that were given up in the queue become call-backs."`
	AbandonedAfter time.Duration `yaml:"abandoned_after" default:"5s" doc:"How long such a call must have waited."`
}

// Defaults is what a section has that names nothing but a trunk.
func Defaults() Config {
	return Config{From: "12345", Ring: 30 * time.Second, Abandoned: true, AbandonedAfter: 5 * time.Second}
}

// Enabled says whether anybody is called back.
func (c Config) Enabled() bool { return c.Trunk != "" }

// Validate names the field that is wrong.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	var errs []error
	if c.From == "" {
		errs = append(errs, errors.New("from: is empty"))
	}
	if c.Ring < time.Second || c.Ring > 2*time.Minute {
		errs = append(errs, fmt.Errorf("ring: %s is not between 1s and 2m", c.Ring))
	}
	if c.AbandonedAfter < 0 {
		errs = append(errs, fmt.Errorf("abandoned_after: %s is negative", c.AbandonedAfter))
	}
	return errors.Join(errs...)
}

// Rule says how often, and when, a citizen may be dialled. It is the policy's.
type Rule interface {
	// Again is when to dial once more after so many attempts; zero: never.
	Again(attempts int, now time.Time) time.Time
	// Quiet says that nobody may be dialled at that time.
	Quiet(at time.Time) bool
}
