package calendar

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	_ "time/tzdata" // a bare machine has no zones
)

// Config is one calendar as written.
type Config struct {
	Zone     string   `yaml:"tz" default:"Asia/Shanghai" doc:"Time zone of the hours."`
	Open     []string `yaml:"open" doc:"Weekly hours, such as Mon-Fri 08:30-12:00,13:30-18:00; 20:00-08:00 goes over midnight. None: closed but for exceptions."`
	Holidays string   `yaml:"holidays" doc:"cn: closed on the State Council's days off, open like a Monday on its make-up working days. Empty: no day is a holiday."`
	// Except overrides week and holidays.
	Except map[string]string `yaml:"except" doc:"Dates that differ: 2027-02-05: hours such as 08:30-12:00, closed, or work for the hours of a Monday."`
	// Complete lets a city enter a year's holidays by Except before a release knows them.
	Complete string `yaml:"complete_until" doc:"Last date up to which except holds all holidays and make-up days that this release does not know, such as 2027-12-31."`
}

const dateForm = "2006-01-02"

// Validate names every field at fault.
func (c Config) Validate() error {
	_, err := New(c)
	return err
}

// New reads a calendar; its errors name the fields.
func New(c Config) (*Calendar, error) {
	var errs []error
	made := &Calendar{}
	if zone, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" || c.Zone == "Local" {
		errs = append(errs, fmt.Errorf("tz: %q is no time zone such as Asia/Shanghai", c.Zone))
	} else {
		made.zone = zone
	}
	w, index, err := parseWeek(c.Open)
	if err != nil {
		errs = append(errs, fmt.Errorf("open[%d]: %w", index, err))
	}
	made.week = w
	errs = append(errs, made.readHolidays(c)...)
	errs = append(errs, made.readExceptions(c.Except)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return made, nil
}

func (c *Calendar) readHolidays(from Config) (errs []error) {
	switch from.Holidays {
	case "":
		if from.Complete != "" {
			errs = append(errs, errors.New("complete_until: means nothing without holidays"))
		}
		return errs
	case "cn":
		c.holidays = chinese()
	default:
		return []error{fmt.Errorf("holidays: %q is not known, cn is", from.Holidays)}
	}
	if from.Complete == "" {
		return nil
	}
	last, err := parseDate(from.Complete)
	if err != nil {
		return []error{fmt.Errorf("complete_until: %w", err)}
	}
	c.complete = last
	return nil
}

func (c *Calendar) readExceptions(from map[string]string) (errs []error) {
	c.except = make(map[date][]span, len(from))
	for _, day := range slices.Sorted(maps.Keys(from)) {
		on, err := parseDate(day)
		if err != nil {
			errs = append(errs, fmt.Errorf("except: %w", err))
			continue
		}
		spans, err := c.exception(from[day])
		if err != nil {
			errs = append(errs, fmt.Errorf("except.%s: %w", day, err))
		}
		c.except[on] = spans
	}
	return errs
}

func (c *Calendar) exception(text string) ([]span, error) {
	switch text {
	case "closed":
		return nil, nil
	case "work":
		return c.working(), nil
	}
	spans, err := parseHours(text)
	if err != nil {
		return nil, fmt.Errorf("want closed, work or hours: %w", err)
	}
	return spans, nil
}

func parseDate(text string) (date, error) {
	at, err := time.Parse(dateForm, text)
	if err != nil {
		return date{}, fmt.Errorf("%q is no date such as 2027-02-05", text)
	}
	return dateOf(at), nil
}
