package callbacks

import (
	"errors"
	"fmt"
	"time"
)

// Config is the section of call-backs.
type Config struct {
	Trunk     string          `yaml:"trunk" doc:"The trunk that carries call-backs, one with outbound; empty: nobody is called back, and none is offered it."`
	From      string          `yaml:"from" default:"12345" doc:"The number that the citizen sees."`
	Ring      time.Duration   `yaml:"ring" default:"30s" doc:"How long the citizen's phone rings."`
	Spacing   []time.Duration `yaml:"spacing" default:"[5m, 30m]" doc:"Pauses between attempts: there is one attempt more than pauses."`
	QuietFrom string          `yaml:"quiet_from" default:"21:00" doc:"From then on, Beijing time, nobody is dialled; promises wait. The same as quiet_to: no quiet hours."`
	QuietTo   string          `yaml:"quiet_to" default:"08:00" doc:"The end of the quiet hours."`
	// Abandoned calls become call-backs by themselves.
	Abandoned      bool          `yaml:"abandoned" default:"true" doc:"Calls with a known number that were given up in the queue become call-backs."`
	AbandonedAfter time.Duration `yaml:"abandoned_after" default:"5s" doc:"How long such a call must have waited."`
}

// Defaults is what a section has that names nothing but a trunk.
func Defaults() Config {
	return Config{
		From: "12345", Ring: 30 * time.Second, Spacing: []time.Duration{5 * time.Minute, 30 * time.Minute},
		QuietFrom: "21:00", QuietTo: "08:00", Abandoned: true, AbandonedAfter: 5 * time.Second,
	}
}

// Enabled says whether anybody is called back.
func (c Config) Enabled() bool { return c.Trunk != "" }

// Attempts is how often a citizen is dialled.
func (c Config) Attempts() int { return len(c.Spacing) + 1 }

// Validate names the field that is wrong.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	var errs []error
	if c.From == "" {
		errs = append(errs, errors.New("from: is empty"))
	}
	if c.Ring < 5*time.Second || c.Ring > 2*time.Minute {
		errs = append(errs, fmt.Errorf("ring: %s is not between 5s and 2m", c.Ring))
	}
	if len(c.Spacing) > 9 {
		errs = append(errs, fmt.Errorf("spacing: %d pauses are more than 9", len(c.Spacing)))
	}
	for i, d := range c.Spacing {
		if d <= 0 || d > 24*time.Hour {
			errs = append(errs, fmt.Errorf("spacing[%d]: %s is not between 0s and 24h", i, d))
		}
	}
	if c.AbandonedAfter < 0 {
		errs = append(errs, fmt.Errorf("abandoned_after: %s is negative", c.AbandonedAfter))
	}
	return errors.Join(append(errs, c.checkQuiet()...)...)
}

func (c Config) checkQuiet() (errs []error) {
	if c.QuietFrom == c.QuietTo {
		return nil
	}
	for field, v := range map[string]string{"quiet_from": c.QuietFrom, "quiet_to": c.QuietTo} {
		if _, err := time.Parse(clockTime, v); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q is no time such as 21:00", field, v))
		}
	}
	return errs
}

// next is when to dial again after so many attempts; zero: never.
func (c Config) next(attempts int, now time.Time) time.Time {
	if attempts < 1 || attempts > len(c.Spacing) {
		return time.Time{}
	}
	return now.Add(c.Spacing[attempts-1])
}
