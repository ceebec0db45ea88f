// Command prove runs the long forms of the proofs, one after the other, and
// writes what came of them down: the model against Redis for a million steps,
// the bugs that it must find, ten minutes of chaos, and chaos without each of
// the protections, which must fail.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

func main() {
	page := flag.String("page", "", "writes the report there; standard output when empty")
	quick := flag.Bool("quick", false, "short forms of all, to try the command itself")
	flag.Parse()
	if err := run(context.Background(), *page, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

// proof is one command and what it must do.
type proof struct {
	title   string
	what    string
	env     []string
	args    []string
	mustEnd string // success, or failure
}

const (
	succeeds = "succeeds"
	fails    = "fails"
)

// outcome is what came of a proof.
type outcome struct {
	proof
	took time.Duration
	text string
	held bool
}

func run(ctx context.Context, page string, quick bool) error {
	dir, err := os.MkdirTemp("", "prove")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	chaos := dir + "/chaos"
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", chaos, "./e2e/chaos").CombinedOutput(); err != nil { //nolint:gosec // G204: our own
		return fmt.Errorf("build chaos: %w: %s", err, out)
	}
	var all []outcome
	for _, p := range proofs(chaos, quick) {
		fmt.Fprintln(os.Stderr, "prove:", p.title)
		all = append(all, try(ctx, p))
	}
	if err := write(page, all); err != nil {
		return err
	}
	for _, o := range all {
		if !o.held {
			err = errors.Join(err, fmt.Errorf("%s does not hold", o.title))
		}
	}
	return err
}

// proofs in the order of the page. A history has up to 60 steps.
func proofs(chaos string, quick bool) []proof {
	checks, long, short := "17000", "10m", "60s"
	if quick {
		checks, long, short = "50", "10s", "30s"
	}
	all := []proof{{
		title: "The model agrees", what: "random histories on the specification and on Redis, " + checks + " of up to 60 steps",
		env:     []string{"HOTLINE_MODEL_CHECKS=" + checks},
		args:    []string{"go", "test", "./routing/redisstore", "-run", "TestModelAgrees", "-count=1", "-timeout", "3h"},
		mustEnd: succeeds,
	}, {
		title: "Seeded bugs are found", what: "each bug put into the scripts on purpose must be found by the same histories",
		env:     []string{"HOTLINE_MUTANTS=all"},
		args:    []string{"go", "test", "./routing/redisstore", "-run", "TestMutantsAreFound", "-count=1", "-v", "-timeout", "1h"},
		mustEnd: succeeds,
	}, {
		title: "Chaos", what: "four nodes; kills of nodes and of Redis, cut-off nodes, refusals, citizens who leave, repeated commands",
		args: []string{chaos, "-for", long, "-settle", "60s"}, mustEnd: succeeds,
	}}
	for _, without := range []string{"guard", "reassert", "fence", "token", "lease", "orphan", "order"} {
		all = append(all, proof{
			title: "Chaos without " + without, what: "the same with this protection switched off",
			args: []string{chaos, "-for", short, "-settle", "30s", "-without", without}, mustEnd: fails,
		})
	}
	return all
}

func try(ctx context.Context, p proof) outcome {
	began := time.Now()
	var text bytes.Buffer
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...) //nolint:gosec // G204: our own
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), p.env...), &text, &text
	err := cmd.Run()
	return outcome{proof: p, took: time.Since(began), text: text.String(), held: (err == nil) == (p.mustEnd == succeeds)}
}

func write(page string, all []outcome) error {
	if page == "" {
		_, err := io.WriteString(os.Stdout, report(all))
		return err
	}
	return os.WriteFile(page, []byte(report(all)), 0o644) //nolint:gosec // G306: a page of the documentation, for all to read
}

func report(all []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What was proved\n\nWritten by `make prove` on %s: %d processors, %s/%s, %s.\n\n",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	b.WriteString("| proof | must | took | held |\n|---|---|---|---|\n")
	for _, o := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", o.title, o.mustEnd, o.took.Round(time.Second), yes(o.held))
	}
	for _, o := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n```\n%s```\n", o.title, strings.ToUpper(o.what[:1])+o.what[1:], last(o.text, 25))
	}
	return b.String()
}

func yes(held bool) string {
	if held {
		return "yes"
	}
	return "**no**"
}

// last returns the last lines, each cut short.
func last(text string, most int) string {
	var kept []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "redis:") {
			continue // the client's own words about a server that was killed
		}
		if r := []rune(strings.TrimRight(line, "\n")); len(r) > 160 {
			line = string(r[:160]) + "…\n"
		}
		kept = append(kept, line)
	}
	return strings.Join(kept[max(0, len(kept)-most):], "")
}
