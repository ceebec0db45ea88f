// Command conformance makes docs/conformance.md from what the tests wrote down
// while they passed (gatewaytest.Tried). With -check it only compares.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	trials := flag.String("trials", "", "file that the tests wrote, named to them by CONFORMANCE_TRIALS")
	page := flag.String("page", "docs/conformance.md", "page to write")
	check := flag.Bool("check", false, "fail when the page is not what the tests say, instead of writing it")
	flag.Parse()
	if err := run(*trials, *page, *check); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(trials, page string, check bool) error {
	f, err := os.Open(trials) //nolint:gosec // the file is named by whoever runs this
	if err != nil {
		return fmt.Errorf("open the trials: %w", err)
	}
	defer func() { _ = f.Close() }()
	all, err := read(f)
	if err != nil {
		return err
	}
	text := render(all)
	if !check {
		return os.WriteFile(page, []byte(text), 0o644) //nolint:gosec // a page of the documentation
	}
	old, err := os.ReadFile(page) //nolint:gosec // as above
	if err != nil {
		return err
	}
	return compare(string(old), text)
}

// compare names the lines that differ, a few of them.
func compare(old, now string) error {
	if old == now {
		return nil
	}
	had, has := lines(old), lines(now)
	var diff []string
	for line := range has {
		if !had[line] {
			diff = append(diff, "+ "+line)
		}
	}
	for line := range had {
		if !has[line] {
			diff = append(diff, "- "+line)
		}
	}
	return fmt.Errorf("the page is not what the tests say; run `make conformance`:\n%s", strings.Join(diff[:min(len(diff), 20)], "\n"))
}

func lines(s string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(s) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}
