package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"hotline/contact"
)

// Citizen is one who comes.
type Citizen struct {
	At       time.Duration // since the start
	Line     string
	Class    contact.Class
	Handling time.Duration
	Patience time.Duration
}

// stream yields citizens in order of time; false when no more come.
type stream func() (Citizen, bool)

// poisson draws a stream of citizens.
func (s Scenario) poisson(replication, index int) stream {
	a := s.Arrivals[index]
	gap := Times{Mean: seconds(3600 / a.PerHour), CV: 1}.sampler(s.source(replication, index, 0))
	handling := a.Handling.sampler(s.source(replication, index, 1))
	patience := a.Patience.sampler(s.source(replication, index, 2))
	var at time.Duration
	return func() (Citizen, bool) {
		at += gap()
		if at >= s.WarmUp+s.For {
			return Citizen{}, false
		}
		return Citizen{At: at, Line: a.Line, Class: a.Class, Handling: handling(), Patience: patience()}, true
	}
}

func listed(all []Citizen) stream {
	next := 0
	return func() (Citizen, bool) {
		if next == len(all) {
			return Citizen{}, false
		}
		next++
		return all[next-1], true
	}
}

// ReadCitizens reads CSV with the header at,line,class,handling,patience; at is
// RFC 3339 or seconds since start, the others are seconds, an empty patience
// is endless. Errors name the record.
func ReadCitizens(r io.Reader, start time.Time) ([]Citizen, error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = 5
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if !slices.Equal(head, []string{"at", "line", "class", "handling", "patience"}) {
		return nil, errors.New("header: want at,line,class,handling,patience")
	}
	var all []Citizen
	for n := 2; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		c, err := citizen(row, start)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b Citizen) int { return int(a.At - b.At) })
	return all, nil
}

func citizen(row []string, start time.Time) (Citizen, error) {
	c := Citizen{Line: row[1], Class: contact.Class(row[2]), Patience: endless}
	if c.Class != contact.Voice && c.Class != contact.Text {
		return c, fmt.Errorf("class: %q is neither voice nor message", row[2])
	}
	at, err := moment(row[0], start)
	if err != nil {
		return c, fmt.Errorf("at: %w", err)
	}
	c.At = at
	if c.Handling, err = span(row[3]); err != nil {
		return c, fmt.Errorf("handling: %w", err)
	}
	if row[4] == "" {
		return c, nil
	}
	if c.Patience, err = span(row[4]); err != nil {
		return c, fmt.Errorf("patience: %w", err)
	}
	return c, nil
}

func moment(text string, start time.Time) (time.Duration, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if at.Before(start) {
			return 0, errors.New("is before the start")
		}
		return at.Sub(start), nil
	}
	return span(text)
}

func span(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || s < 0 || s > 1e9 {
		return 0, errors.New("want seconds, not negative")
	}
	return seconds(s), nil
}
