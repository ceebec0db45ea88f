package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The figures stand between these two lines of a page.
const (
	blockBegin = "<!-- bench: figures -->"
	blockEnd   = "<!-- bench: end -->"
)

var errNoBlock = errors.New("no line " + blockBegin + " before a line " + blockEnd)

// refresh writes the figures into the page. Rows of figures that were not
// measured this time stay as they are.
func refresh(path string, figures []figure, about string) error {
	page, err := os.ReadFile(path) //nolint:gosec // G304: named on the command line by who runs the bench
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	changed, err := replaceBlock(page, figures, about)
	if err != nil {
		return fmt.Errorf("page: %s: %w", path, err)
	}
	if err := os.WriteFile(path, changed, 0o644); err != nil { //nolint:gosec // G306: a page of documentation holds no secret; others read it
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// replaceBlock is the page with the figures in its block.
func replaceBlock(page []byte, figures []figure, about string) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(blockBegin))
	if !ok {
		return nil, errNoBlock
	}
	old, after, ok := bytes.Cut(rest, []byte(blockEnd))
	if !ok {
		return nil, errNoBlock
	}
	var b bytes.Buffer
	b.Write(before)
	fmt.Fprintf(&b, "%s\n%s\n\n", blockBegin, about)
	b.WriteString("| figure | ours | compared with | ratio | limit | unit |\n|---|---|---|---|---|---|\n")
	for _, row := range mergeRows(string(old), figures) {
		b.WriteString(row + "\n")
	}
	b.WriteString("\n" + blockEnd)
	b.Write(after)
	return b.Bytes(), nil
}

// mergeRows keeps the order of the page; new figures come last.
func mergeRows(old string, figures []figure) (rows []string) {
	fresh := make(map[string]string, len(figures))
	for _, f := range figures {
		fresh[f.name] = row(f)
	}
	done := map[string]bool{}
	for line := range strings.Lines(old) {
		name, ok := rowName(line)
		if !ok {
			continue
		}
		if now, measured := fresh[name]; measured {
			line = now
		}
		rows, done[name] = append(rows, strings.TrimSpace(line)), true
	}
	for _, f := range figures {
		if !done[f.name] {
			rows, done[f.name] = append(rows, fresh[f.name]), true
		}
	}
	return rows
}

// rowName is the figure that a row of the table tells of.
func rowName(line string) (string, bool) {
	cells := strings.Split(strings.TrimSpace(line), "|")
	if len(cells) < 3 || cells[0] != "" {
		return "", false
	}
	name := strings.TrimSpace(cells[1])
	plain := strings.TrimPrefix(strings.TrimSuffix(name, "`"), "`")
	return plain, len(plain) == len(name)-2
}

func row(f figure) string {
	compared, ratio := "", ""
	if f.than != alone {
		compared = string(f.than) + " " + number(f.other)
	}
	if q := f.quotient(); !math.IsNaN(q) {
		ratio = strconv.FormatFloat(q, 'f', 2, 64)
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s |",
		f.name, number(f.ours), compared, ratio, limit(f.name, gates()), f.unit)
}

// about says where and how the figures were taken.
func (l *lab) about() string {
	return fmt.Sprintf("%s, %d × %s, Linux %s, %s; medians of %d interleaved rounds of each (%d of %d pairs quiet).",
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), processor(), kernel(), runtime.Version(),
		l.rounds, l.quiet, l.tried)
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}
