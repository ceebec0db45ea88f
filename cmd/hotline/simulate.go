package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"hotline/config"
	"hotline/node"
	"hotline/simulate"
)

type simulation struct {
	File string `arg:"" type:"existingfile" help:"The scenario: policy, arrivals, agents."`
	JSON bool   `name:"json" help:"Print the whole report as JSON; else a table."`
	Seed uint64 `help:"Draws other citizens than the scenario's seed."`
}

// Run fails when the run disagrees with its closed form.
func (s *simulation) Run(ctx context.Context, drain draining) error {
	ctx, stop := either(ctx, drain)
	defer stop()
	o, err := s.options()
	if err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	began := time.Now()
	report, err := simulate.Run(ctx, o)
	if err != nil {
		return err
	}
	if s.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(report)
	} else {
		err = simulated(os.Stdout, report, time.Since(began))
	}
	if !report.Passed() {
		err = errors.Join(err, errors.New("the run does not agree with its closed form"))
	}
	return err
}

func (s *simulation) options() (simulate.Options, error) {
	o := simulate.Options{Citizens: map[int][]simulate.Citizen{}}
	var err error
	if o.Scenario, err = config.Load[simulate.Scenario](config.Options{File: s.File}); err != nil {
		return o, err
	}
	if s.Seed != 0 {
		o.Scenario.Seed = s.Seed
	}
	if o.Scenario.Policy != "" {
		cfg, err := config.Load[node.Config](config.Options{File: s.beside(o.Scenario.Policy)})
		if err != nil {
			return o, fmt.Errorf("policy: %w", err)
		}
		o.Scenario.Lines, o.Scenario.Routing = cfg.Lines, cfg.Routing
	}
	for i, a := range o.Scenario.Arrivals {
		if a.File == "" {
			continue
		}
		if o.Citizens[i], err = s.citizens(a.File, o.Scenario.Start); err != nil {
			return o, fmt.Errorf("arrivals[%d].file: %w", i, err)
		}
	}
	return o, nil
}

func (s *simulation) citizens(name string, start time.Time) ([]simulate.Citizen, error) {
	f, err := os.Open(s.beside(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return simulate.ReadCitizens(f, start)
}

// beside finds a file relative to the scenario.
func (s *simulation) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(s.File), name)
}

// simulated is the report for a person.
func simulated(w io.Writer, r simulate.Report, took time.Duration) error {
	_, _ = fmt.Fprintf(w, "%s: %d replications in %.1f s, means with their 95 %% intervals\n\n", r.Title, r.Replications, took.Seconds())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(t, format+"\n", a...) }
	p("line\tclass\toffered\twait at all\tASA, s\tlongest, s\tin time\tgave up\tclosed\telsewhere")
	for _, l := range r.Lines {
		p("%s\t%s\t%.0f\t%s\t%s\t%.0f\t%s\t%s\t%s\t%s", l.Line, l.Class, l.Offered.Mean,
			share(l.Waits), span(l.Answer), l.Longest.Mean, share(l.Within), share(l.Abandon), share(l.Refused), share(l.Elsewhere))
	}
	p("\nseats with a contact\t%s", share(r.Occupancy))
	if len(r.Verdicts) > 0 {
		p("\nfigure\tclosed form\tsimulated\tinterval\tverdict")
	}
	for _, v := range r.Verdicts {
		p("%s\t%.4f\t%.4f\t± %.4f (%.1f %%)\t%s", v.Figure, v.Form, v.Found.Mean, v.Found.Half, 100*v.Found.Relative(), verdict(v))
	}
	return t.Flush()
}

func share(i simulate.Interval) string {
	return fmt.Sprintf("%.2f ± %.2f %%", 100*i.Mean, 100*i.Half)
}

func span(i simulate.Interval) string { return fmt.Sprintf("%.2f ± %.2f", i.Mean, i.Half) }

func verdict(v simulate.Verdict) string {
	switch {
	case !v.Holds:
		return "the form lies outside"
	case !v.Narrow:
		return "the interval is wider than 3 %"
	default:
		return "agrees"
	}
}
