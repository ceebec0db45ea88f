package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// against says what a figure is compared with.
type against string

const (
	alone   against = ""
	peer    against = "peer"    // another product in the same run
	floor   against = "floor"   // the least that could be
	ceiling against = "ceiling" // the most that could be
)

// figure is one line of the report.
type figure struct {
	name  string
	ours  float64
	unit  string
	than  against
	other float64 // of whom it is compared with
	ratio bool    // ours ÷ other means something
}

// quotient is ours ÷ other; NaN where it means nothing.
func (f figure) quotient() float64 {
	if !f.ratio || f.than == alone || f.other == 0 {
		return math.NaN()
	}
	return f.ours / f.other
}

// line is what scripts read.
func (f figure) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bench %s ours=%s", f.name, number(f.ours))
	if f.than != alone {
		fmt.Fprintf(&b, " %s=%s", f.than, number(f.other))
	}
	if q := f.quotient(); !math.IsNaN(q) {
		fmt.Fprintf(&b, " ratio=%s", strconv.FormatFloat(q, 'f', 2, 64))
	}
	if f.unit != "" {
		fmt.Fprintf(&b, " unit=%s", strings.ReplaceAll(f.unit, " ", "-"))
	}
	return b.String()
}

// number has three digits that count.
func number(v float64) string {
	switch size := math.Abs(v); {
	case v == math.Trunc(v) && size < 1e9:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
}

// report prints a figure and keeps it for the gates and the page.
func (l *lab) report(f figure) {
	l.figures = append(l.figures, f)
	_, _ = fmt.Fprintln(l.out, f.line())
}

// measure is what of a figure a gate looks at.
type measure string

const (
	byRatio measure = "ratio"
	byOurs  measure = "ours"
	byShare measure = "share" // the ratio must be at least so much
)

// gate is a limit that must hold: the most that the figure may be, of a share
// the least.
type gate struct {
	name  string
	of    measure
	limit float64
}

// gates are the limits of a release, from the design's numbers.
func gates() []gate {
	return []gate{
		{"forward-rtp-rtp", byRatio, 0.75},
		{"forward-rtp-rtp-lost", byOurs, 0},
		{"forward-rtp-srtp", byRatio, 1.7}, // 0.75 with the thin leg
		{"forward-rtp-srtp-lost", byOurs, 0},
		{"media-injected", byOurs, 0},
		{"media-bled", byOurs, 0},
		{"call-setup", byRatio, 1.3},
		{"accept-to-audio", byOurs, answerCeiling},
		{"memory-per-call", byOurs, memoryCeiling},
		{"queue-match", byShare, matchLeast},
		{"queue-growth", byRatio, growthCommands},
		{"queue-growth-cpu", byRatio, growthCPU},
		{"queue-bytes", byOurs, bytesCeiling},
		{"offer-p99", byOurs, offerCeiling},
	}
}

// beyond tells of each figure that is over its limit.
func beyond(figures []figure, gates []gate) (broken []string) {
	for _, f := range figures {
		for _, g := range gates {
			if g.name != f.name {
				continue
			}
			if line := g.broken(f); line != "" {
				broken = append(broken, line)
			}
		}
	}
	return broken
}

// broken tells that the figure is beyond the limit; NaN is, too.
func (g gate) broken(f figure) string {
	value, how := f.ours, "above"
	within := value <= g.limit
	switch g.of {
	case byRatio:
		value = f.quotient()
		within = value <= g.limit
	case byShare:
		value, how = f.quotient(), "below"
		within = value >= g.limit
	case byOurs:
	}
	if within {
		return ""
	}
	return fmt.Sprintf("%s: %s %s is %s %s", f.name, g.of, number(value), how, number(g.limit))
}

// limit is the gate of a figure as a page shows it; empty for none.
func limit(name string, gates []gate) string {
	for _, g := range gates {
		if g.name != name {
			continue
		}
		switch g.of {
		case byRatio:
			return "ratio ≤ " + number(g.limit)
		case byShare:
			return "ratio ≥ " + number(g.limit)
		case byOurs:
		}
		return "≤ " + number(g.limit)
	}
	return ""
}
