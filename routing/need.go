package routing

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds of what a need may ask for.
const (
	highestLevel     = 9
	mostAlternatives = 16
	longestBucket    = 64
)

// need is who can serve: a list of alternatives, any of which will do.
type need []held

// held is skills with their levels: what an alternative asks for, or what a
// seat has.
type held map[string]int

// has says that whoever has h has all of other.
func (h held) has(other held) bool {
	for skill, level := range other {
		if h[skill] < level {
			return false
		}
	}
	return true
}

// with is h and other together.
func (h held) with(other held) held {
	all := maps.Clone(h)
	for skill, level := range other {
		all[skill] = max(all[skill], level)
	}
	return all
}

// bucket names the alternative: en+enterprise.2.
func (h held) bucket() Bucket {
	parts := make([]string, 0, len(h))
	for _, skill := range slices.Sorted(maps.Keys(h)) {
		if level := h[skill]; level > 1 {
			skill += "." + strconv.Itoa(level)
		}
		parts = append(parts, skill)
	}
	return Bucket(strings.Join(parts, "+"))
}

// vocabulary is the skills that there are.
type vocabulary map[string]bool

// need reads an expression of skills and levels.
func (v vocabulary) need(text string) (need, error) {
	e, err := parseExpression(text)
	if err != nil {
		return nil, err
	}
	if err := e.each(v.check); err != nil {
		return nil, err
	}
	n, err := e.need()
	if err != nil {
		return nil, err
	}
	n = n.plain()
	for _, h := range n {
		if b := h.bucket(); len(b) > longestBucket {
			return nil, fmt.Errorf("%s is over %d characters: give the skills shorter names", b, longestBucket)
		}
	}
	return n, nil
}

// check refuses what is no skill, and a skill that nobody can have.
func (v vocabulary) check(c comparison) error {
	switch {
	case c.function != "":
		return fmt.Errorf("column %d: %s() is no skill", c.at, c.function)
	case !v[c.name]:
		return fmt.Errorf("column %d: %q is not in routing.skills: nobody can have it", c.at, c.name)
	}
	return nil
}

func (e expression) need() (need, error) {
	if e.compare != nil {
		return e.compare.need()
	}
	var all need
	for i, part := range e.of {
		n, err := part.need()
		switch {
		case err != nil:
			return nil, err
		case e.word == "or" || i == 0:
			all = append(all, n...)
		default:
			all = all.and(n)
		}
		if len(all) > mostAlternatives {
			return nil, fmt.Errorf("has more than %d alternatives", mostAlternatives)
		}
	}
	return all, nil
}

func (c comparison) need() (need, error) {
	level := 1
	switch {
	case c.operator == "":
	case c.timed || c.operator != ">=" && c.operator != ">":
		return nil, fmt.Errorf("column %d: a skill is compared as in %s >= 2", c.at, c.name)
	default:
		level = c.number
		if c.operator == ">" {
			level++
		}
		if level < 1 || level > highestLevel {
			return nil, fmt.Errorf("column %d: levels go from 1 to %d", c.at, highestLevel)
		}
	}
	return need{{c.name: level}}, nil
}

// and is each alternative of the one with each of the other.
func (n need) and(other need) need {
	all := make(need, 0, len(n)*len(other))
	for _, a := range n {
		for _, b := range other {
			all = append(all, a.with(b))
		}
	}
	return all
}

// plain drops alternatives that another includes.
func (n need) plain() need {
	var kept need
	for i, h := range n {
		included := false
		for j, other := range n {
			if i != j && h.has(other) && (!other.has(h) || j < i) {
				included = true
			}
		}
		if !included {
			kept = append(kept, h)
		}
	}
	return kept
}

// within says that whoever serves n serves other too.
func (n need) within(other need) bool {
	return !slices.ContainsFunc(n, func(h held) bool {
		return !slices.ContainsFunc(other, h.has)
	})
}

func (n need) buckets() []Bucket {
	all := make([]Bucket, len(n))
	for i, h := range n {
		all[i] = h.bucket()
	}
	return all
}
