package calendar

import (
	"fmt"
	"time"
)

// horizon is how far Next looks, in days.
const horizon = 400

// Calendar says when something is open. It never changes: safe for all.
type Calendar struct {
	zone     *time.Location
	week     week
	holidays *holidays // nil for none
	except   map[date][]span
	complete date // zero for never
}

// date is a day in the calendar's zone.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

// at is the moment so many minutes into the day.
func (d date) at(zone *time.Location, minute int) time.Time {
	return time.Date(d.year, d.month, d.day, 0, minute, 0, 0, zone)
}

func (d date) add(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 0, 0, 0, 0, time.UTC))
}

func (d date) weekday() time.Weekday { return d.at(time.UTC, 0).Weekday() }

func (d date) after(e date) bool { return d.at(time.UTC, 0).After(e.at(time.UTC, 0)) }

// Open says whether it is open at t: from the minute it opens, up to the minute
// it closes.
func (c *Calendar) Open(t time.Time) bool {
	local := t.In(c.zone)
	today, minute := dateOf(local), local.Hour()*60+local.Minute()
	return within(c.spans(today), minute) || within(c.spans(today.add(-1)), minute+dayMinutes)
}

func within(spans []span, minute int) bool {
	for _, s := range spans {
		if minute >= s.from && minute < s.to {
			return true
		}
	}
	return false
}

// Next returns t when it is open then, else the next moment when it opens; the
// zero time when that is not within 400 days.
func (c *Calendar) Next(t time.Time) time.Time {
	if c.Open(t) {
		return t
	}
	day := dateOf(t.In(c.zone))
	for range horizon {
		for _, s := range c.spans(day) {
			if opens := day.at(c.zone, s.from); opens.After(t) {
				return opens
			}
		}
		day = day.add(1)
	}
	return time.Time{}
}

// spans is the hours of a day.
func (c *Calendar) spans(d date) []span {
	if spans, ok := c.except[d]; ok {
		return spans
	}
	if c.holidays != nil {
		if work, ok := c.holidays.days[d]; ok {
			if work {
				return c.working()
			}
			return nil
		}
	}
	return c.week[d.weekday()]
}

// working is the hours of a make-up working day: those of the first working
// day of the week.
func (c *Calendar) working() []span {
	for day := time.Monday; day <= time.Saturday; day++ {
		if len(c.week[day]) > 0 {
			return c.week[day]
		}
	}
	return c.week[time.Sunday]
}

// Always says that it never closes.
func (c *Calendar) Always() bool {
	for _, spans := range c.week {
		if !wholeDay(spans) {
			return false
		}
	}
	for _, spans := range c.except {
		if !wholeDay(spans) {
			return false
		}
	}
	return c.holidays == nil
}

func wholeDay(spans []span) bool {
	end := 0
	for _, s := range spans {
		if s.from != end {
			return false
		}
		end = s.to
	}
	return end >= dayMinutes
}

// lookAhead is how far holidays must be known, in days: on 1 November, to New
// Year's Day.
const lookAhead = 61

// Warnings says of which years the holidays of some day from now on are not
// known, 61 days ahead: from 1 November of the next. Such a day counts as a
// plain one of its week.
func (c *Calendar) Warnings(now time.Time) []string {
	if c.holidays == nil {
		return nil
	}
	var warnings []string
	first := dateOf(now.In(c.zone))
	last := first.add(lookAhead)
	for year := first.year; year <= last.year; year++ {
		end := last
		if year < last.year {
			end = date{year, time.December, 31}
		}
		if !c.holidays.years[year] && end.after(c.complete) {
			warnings = append(warnings, fmt.Sprintf("the holidays of %d are not known: its weeks count as plain ones, but for the exceptions", year))
		}
	}
	return warnings
}
