package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockTick is USER_HZ of /proc on every Linux of our kind.
const clockTick = time.Second / 100

// load of one process and its children, as /proc tells it.
type footprint struct {
	cpu time.Duration // utime + stime
	rss int64         // octets
}

// footprintOf sums a process and its direct children: the node and its Redis.
func footprintOf(pid int) (f footprint, err error) {
	whole, err := one(pid)
	if err != nil {
		return f, fmt.Errorf("pid %d: %w", pid, err)
	}
	children, err := childrenOf(pid)
	if err != nil {
		return f, err
	}
	for _, child := range children {
		part, err := one(child)
		if err != nil {
			continue // it has ended
		}
		whole.cpu += part.cpu
		whole.rss += part.rss
	}
	return whole, nil
}

func one(pid int) (f footprint, err error) {
	fields, err := statOf(pid)
	if err != nil {
		return f, err
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	f.cpu = time.Duration(user+system) * clockTick
	f.rss = pages * int64(os.Getpagesize())
	return f, errors.Join(err1, err2, err3)
}

// statOf is the fields of /proc/PID/stat behind the command, from the state on.
func statOf(pid int) ([]string, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, errors.New("no such process")
	}
	_, rest, _ := cutLast(string(line), ')')
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return nil, errors.New("stat: not a line we know")
	}
	return fields, nil
}

func cutLast(s string, at byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, at)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func childrenOf(pid int) (children []int, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // the kernel's own
		if err != nil {
			continue // the thread has ended
		}
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil && !slices.Contains(children, child) {
				children = append(children, child)
			}
		}
	}
	return children, nil
}

// metrics are the samples of a node, by name with labels.
type metrics map[string]float64

// scrape reads /metrics of the admin address.
func scrape(ctx context.Context, admin string) (metrics, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("admin: /metrics answered %d", resp.StatusCode)
	}
	return parseMetrics(resp.Body)
}

// parseMetrics reads the text format; lines it does not know are left out.
func parseMetrics(r io.Reader) (metrics, error) {
	m := metrics{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := cutLast(lines.Text(), ' ')
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("admin: read metrics: %w", err)
	}
	return m, nil
}

// since is how much each sample has grown.
func (m metrics) since(before metrics) metrics {
	grown := metrics{}
	for name, v := range m {
		grown[name] = v - before[name]
	}
	return grown
}

// labelled are the values of a family by their one label, those above 0 only.
func (m metrics) labelled(family, label string) map[string]int {
	found := map[string]int{}
	for name, v := range m {
		rest, ok := strings.CutPrefix(name, family+"{"+label+`="`)
		if value, ok2 := strings.CutSuffix(rest, `"}`); ok && ok2 && v > 0 {
			found[value] = int(v)
		}
	}
	return found
}

// quantile reads a histogram of seconds: the upper bound of the bucket in which
// the share q of all lies, in milliseconds; 0 without any.
func (m metrics) quantile(family, labels string, q float64) float64 {
	type bucket struct{ most, count float64 }
	var all []bucket
	prefix := family + "_bucket{" + labels
	for name, v := range m {
		rest, ok := strings.CutPrefix(name, prefix)
		_, le, ok2 := strings.Cut(rest, `le="`)
		most, err := strconv.ParseFloat(strings.TrimSuffix(le, `"}`), 64)
		if ok && ok2 && err == nil {
			all = append(all, bucket{most, v})
		}
	}
	slices.SortFunc(all, func(a, b bucket) int {
		if a.most < b.most {
			return -1
		}
		return 1
	})
	if len(all) == 0 || all[len(all)-1].count == 0 {
		return 0
	}
	for _, b := range all {
		if b.count >= q*all[len(all)-1].count {
			return b.most * 1000
		}
	}
	return 0
}

// Joined is how many talks a node has begun, by its admin address.
func Joined(ctx context.Context, admin string) (int, error) {
	m, err := scrape(ctx, admin)
	return int(m["hotline_session_accept_seconds_count"]), err
}
