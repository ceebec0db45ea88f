package simulate

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"hotline/contact"
)

// Report is what citizens and agents would have seen: means of all
// replications with their 95 % intervals. Waits are seconds.
type Report struct {
	Title        string    `json:"title"`
	Replications int       `json:"replications"`
	Lines        []Line    `json:"lines"`
	Occupancy    Interval  `json:"occupancy"` // share of their time in which seats have a contact
	Verdicts     []Verdict `json:"verdicts,omitempty"`
}

// Line is one line's part, of one class.
type Line struct {
	Line      string        `json:"line"`
	Class     contact.Class `json:"class"`
	Offered   Interval      `json:"offered"` // citizens a replication
	Waits     Interval      `json:"waits"`   // share who wait at all
	Wait      Interval      `json:"wait"`    // of all, those who gave up too
	Answer    Interval      `json:"answer"`  // mean wait of the answered (ASA)
	Longest   Interval      `json:"longest"`
	Within    Interval      `json:"within"`    // served within the service level, of the offered
	Abandon   Interval      `json:"abandon"`   // share who gave up
	Refused   Interval      `json:"refused"`   // share who came when closed
	Elsewhere Interval      `json:"elsewhere"` // share of the answered served by others than the line begins with
}

// Verdict holds one figure against its closed form.
type Verdict struct {
	Figure string   `json:"figure"`
	Form   float64  `json:"form"`
	Found  Interval `json:"found"`
	Holds  bool     `json:"holds"`  // the form lies in the interval
	Narrow bool     `json:"narrow"` // the interval is narrower than ±3 %
}

// narrow is how wide an interval may be, as a share of its mean, to say something.
const narrow = 0.03

func report(s Scenario, worlds []*world) Report {
	r := Report{Title: s.Title, Replications: len(worlds)}
	keys := map[[2]string]bool{}
	for _, w := range worlds {
		for line, classes := range w.lines {
			for class := range classes {
				keys[[2]string{line, string(class)}] = true
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(keys), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(b[1], a[1])) // voice before message
	}) {
		r.Lines = append(r.Lines, lineOf(k[0], contact.Class(k[1]), worlds))
	}
	r.Occupancy = of(worlds, func(w *world) float64 { return ratio(w.worked.Seconds(), w.present.Seconds()) })
	r.Verdicts = s.Verdicts(r.Lines)
	return r
}

func of(worlds []*world, value func(*world) float64) Interval {
	values := make([]float64, len(worlds))
	for i, w := range worlds {
		values[i] = value(w)
	}
	return interval(values)
}

func lineOf(name string, class contact.Class, worlds []*world) Line {
	figure := func(value func(t Tally) float64) Interval {
		return of(worlds, func(w *world) float64 {
			t := w.lines[name][class]
			if t == nil {
				t = &Tally{}
			}
			return value(*t)
		})
	}
	settled := func(t Tally) float64 { return float64(t.Answered + t.Abandoned) }
	return Line{
		Line: name, Class: class,
		Offered:   figure(func(t Tally) float64 { return float64(t.Offered) }),
		Waits:     figure(func(t Tally) float64 { return ratio(float64(t.Queued), settled(t)) }),
		Wait:      figure(func(t Tally) float64 { return ratio(t.Wait.Seconds(), settled(t)) }),
		Answer:    figure(func(t Tally) float64 { return ratio(t.Answering.Seconds(), float64(t.Answered)) }),
		Longest:   figure(func(t Tally) float64 { return t.Longest.Seconds() }),
		Within:    figure(func(t Tally) float64 { return ratio(float64(t.Within), settled(t)) }),
		Abandon:   figure(func(t Tally) float64 { return ratio(float64(t.Abandoned), settled(t)) }),
		Refused:   figure(func(t Tally) float64 { return ratio(float64(t.Refused), float64(t.Offered)) }),
		Elsewhere: figure(func(t Tally) float64 { return ratio(float64(t.Elsewhere), float64(t.Answered)) }),
	}
}

func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// Passed says that every closed form lies in an interval that is narrow enough.
func (r Report) Passed() bool {
	return !slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return !v.Holds || !v.Narrow })
}

func verdict(figure string, form float64, found Interval) Verdict {
	return Verdict{Figure: figure, Form: form, Found: found, Holds: found.Holds(form), Narrow: found.Relative() <= narrow}
}

// Verdicts hold the lines against the scenario's closed form.
func (s Scenario) Verdicts(lines []Line) []Verdict {
	if s.Check == NoCheck || len(lines) == 0 {
		return nil
	}
	st := s.station()
	first := lines[0]
	switch s.Check {
	case ErlangCheckC:
		e := st.WithoutAbandonment(s.level(first.Class).Seconds())
		return []Verdict{
			verdict("P(wait)", e.Waits, first.Waits),
			verdict("ASA, s", e.Wait, first.Answer),
			verdict("service level", e.Within, first.Within),
		}
	case ErlangCheckA:
		e := st.WithAbandonment()
		return []Verdict{
			verdict("P(wait)", e.Waits, first.Waits),
			verdict("E[W], s", e.Wait, first.Wait),
			verdict("P(abandon)", e.Abandon, first.Abandon),
		}
	case CobhamCheck:
		return s.cobham(st, lines)
	case NoCheck:
	}
	return nil
}

// cobham takes the classes in the order of the arrivals: the first goes first.
func (s Scenario) cobham(st Station, lines []Line) []Verdict {
	share := make([]float64, len(s.Arrivals))
	for i, a := range s.Arrivals {
		share[i] = a.PerHour / 3600 / st.Rate
	}
	var all []Verdict
	for i, wait := range st.Cobham(share) {
		at := slices.IndexFunc(lines, func(l Line) bool { return l.Line == s.Arrivals[i].Line })
		if at < 0 {
			all = append(all, verdict(s.Arrivals[i].Line, wait, Interval{Mean: math.NaN()}))
			continue
		}
		all = append(all, verdict("wait on "+lines[at].Line+", s", wait, lines[at].Answer))
	}
	return all
}

// station is the scenario as the closed forms see it.
func (s Scenario) station() Station {
	st := Station{Agents: s.Agents[0].Count, Handling: s.Arrivals[0].Handling.Mean.Seconds(), Patience: s.Arrivals[0].Patience.Mean.Seconds()}
	for _, a := range s.Arrivals {
		st.Rate += a.PerHour / 3600
	}
	return st
}
