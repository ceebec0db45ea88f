package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// bench measures one thing and reports its figures to the lab.
type bench struct {
	name string
	run  func(ctx context.Context, l *lab) error
}

// benches are run in this order.
func benches() []bench {
	return []bench{
		{"forward-rtp-rtp", benchForwardTrunk},
		{"forward-rtp-srtp", benchForwardBrowser},
		{"media-injected", benchInject},
		{"call-setup", benchSetup},
		{"accept-to-audio", benchAnswer},
		{"memory-per-call", benchMemory},
		{"queue-match", benchMatch},
		{"queue-growth", benchGrowth},
		{"queue-bytes", benchBytes},
		{"offer-p99", benchOffer},
	}
}

// roles are what this binary is as a child of itself.
func roles() map[string]func(io.ReadWriteCloser) error {
	return map[string]func(io.ReadWriteCloser) error{
		"generator": serveGenerator,
		"relay":     serveRelay,
		"city":      serveCity,
	}
}

// options are the flags.
type options struct {
	names   []string // of the benches to run; all when empty
	rounds  int
	quick   bool
	gate    bool
	page    string
	profile string
}

func main() {
	if len(os.Args) == 2 {
		if role, ok := roles()[os.Args[1]]; ok {
			os.Exit(exit(role(stdio{})))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, o, os.Stdout)
	}
	stop()
	os.Exit(exit(err))
}

func exit(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 3, "quiet rounds of each contender")
	f.BoolVar(&o.quick, "quick", false, "short windows and one round: to see that it works, not to quote")
	f.BoolVar(&o.gate, "gate", false, "exit with 1 when a figure is beyond its limit")
	f.StringVar(&o.page, "page", "", "refresh the figures in this Markdown page")
	f.StringVar(&o.profile, "profile", "", "write CPU profiles of our relay into this folder; the delays are of no use then")
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: bench [flags] [NAME…]\nbenches: %s\n", strings.Join(names(), " "))
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.names = f.Args()
	for _, name := range o.names {
		if !slices.Contains(names(), name) {
			return o, fmt.Errorf("no bench %q; there are: %s", name, strings.Join(names(), " "))
		}
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds: want at least 1, got %d", o.rounds)
	}
	if o.quick {
		o.rounds = 1
	}
	return o, nil
}

func names() []string {
	all := make([]string, 0, len(benches()))
	for _, b := range benches() {
		all = append(all, b.name)
	}
	return all
}

// run does the benches, all of them even if one fails.
func run(ctx context.Context, o options, out io.Writer) error {
	l := newLab(o, out)
	defer l.close()
	var errs []error
	for _, b := range benches() {
		if len(o.names) > 0 && !slices.Contains(o.names, b.name) {
			continue
		}
		if err := b.run(ctx, l); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", b.name, err))
		}
		l.stopAll()
		if ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
	if o.page != "" {
		errs = append(errs, refresh(o.page, l.figures, l.about()))
	}
	broken := beyond(l.figures, gates())
	for _, line := range broken {
		l.note("%s", line)
	}
	if o.gate && len(broken) > 0 {
		errs = append(errs, fmt.Errorf("%d figures are beyond their limits", len(broken)))
	}
	return errors.Join(errs...)
}
