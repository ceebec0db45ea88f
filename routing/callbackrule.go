package routing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline/calendar"
)

// CallbackRule says how citizens are called back.
type CallbackRule struct {
	After    time.Duration   `yaml:"after" doc:"Wait after which a call-back is offered; 0s for never."`
	Attempts int             `yaml:"attempts" default:"3" doc:"How often a citizen is rung."`
	Spacing  []time.Duration `yaml:"spacing" default:"5m,30m" doc:"Time between attempts; the last holds for all that follow."`
	Quiet    string          `yaml:"quiet" default:"21:00-08:00" doc:"When nobody is rung; empty for no such hours."`
	Zone     string          `yaml:"tz" default:"Asia/Shanghai" doc:"Time zone of the quiet hours."`
}

// DefaultCallbackRule is what a policy has that says nothing.
func DefaultCallbackRule() CallbackRule {
	return CallbackRule{Attempts: 3, Spacing: []time.Duration{5 * time.Minute, 30 * time.Minute}, Quiet: "21:00-08:00", Zone: "Asia/Shanghai"}
}

// Gap is how long to wait after so many attempts, from 1.
func (r CallbackRule) Gap(attempts int) time.Duration {
	if len(r.Spacing) == 0 {
		return 0
	}
	return r.Spacing[min(max(attempts, 1), len(r.Spacing))-1]
}

// withDefaults: a rule without attempts was not written at all.
func (r CallbackRule) withDefaults() CallbackRule {
	if r.Attempts == 0 {
		d := DefaultCallbackRule()
		d.After = r.After
		return d
	}
	return r
}

// Validate names every field at fault.
func (r CallbackRule) Validate() error {
	r = r.withDefaults()
	errs := []error{between("after", r.After, 0, time.Hour)}
	if r.Attempts < 1 || r.Attempts > 10 {
		errs = append(errs, fmt.Errorf("attempts: %d is not between 1 and 10", r.Attempts))
	}
	if len(r.Spacing) == 0 && r.Attempts > 1 {
		errs = append(errs, errors.New("spacing: must hold one duration or more"))
	}
	for i, s := range r.Spacing {
		errs = append(errs, between(fmt.Sprintf("spacing[%d]", i), s, time.Minute, 7*24*time.Hour))
	}
	if _, err := r.hours(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// hours is when citizens may be rung: what the quiet hours leave of the day.
func (r CallbackRule) hours() (*calendar.Calendar, error) {
	open := "00:00-24:00"
	if r.Quiet != "" {
		from, to, ok := strings.Cut(r.Quiet, "-")
		if !ok {
			return nil, fmt.Errorf("quiet: %q is no span: want 21:00-08:00", r.Quiet)
		}
		if to == "24:00" {
			to = "00:00"
		}
		open = to + "-" + from
	}
	c, err := calendar.New(calendar.Config{Zone: r.Zone, Open: []string{"Mon-Sun " + open}})
	if err == nil {
		return c, nil
	}
	if _, zone := time.LoadLocation(r.Zone); zone != nil || r.Zone == "" {
		return nil, fmt.Errorf("tz: %q is no time zone such as Asia/Shanghai", r.Zone)
	}
	return nil, fmt.Errorf("quiet: %q: want one span such as 21:00-08:00", r.Quiet)
}

// between says that a duration of the configuration is out of bounds.
func between(field string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("%s: %s is not between %s and %s", field, d, least, most)
	}
	return nil
}
