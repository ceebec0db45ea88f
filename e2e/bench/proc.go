package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks is USER_HZ, the unit of CPU time in /proc on every Linux of our kind.
const ticks = 100

// task is one process as /proc/PID/stat tells it (proc(5)).
type task struct {
	pid, parent int
	own         time.Duration // utime + stime
	all         time.Duration // with that of children that were waited for
}

var errStat = errors.New("not a stat line")

// parseStat reads the line of /proc/PID/stat. The command may contain anything,
// blanks and brackets too.
func parseStat(line []byte) (task, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return task{}, errStat
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(line[:open])))
	if err != nil {
		return task{}, errStat
	}
	fields := strings.Fields(string(line[end+1:]))
	numbers := map[int]int64{1: 0, 11: 0, 12: 0, 13: 0, 14: 0} // ppid, utime, stime, cutime, cstime
	for i := range numbers {
		if i >= len(fields) {
			return task{}, errStat
		}
		if numbers[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return task{}, errStat
		}
	}
	tick := time.Second / ticks
	own := time.Duration(numbers[11]+numbers[12]) * tick
	return task{
		pid: pid, parent: int(numbers[1]), own: own,
		all: own + time.Duration(numbers[13]+numbers[14])*tick,
	}, nil
}

// tasks are all processes under the folder, which is /proc but in tests. Those
// that end meanwhile are left out.
func tasks(proc string) (map[int]task, error) {
	paths, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return nil, err
	}
	all := make(map[int]task, len(paths))
	for _, path := range paths {
		line, err := os.ReadFile(path) //nolint:gosec // G304: only names below /proc, from the kernel's own list
		if err != nil {
			continue
		}
		t, err := parseStat(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all[t.pid] = t
	}
	return all, nil
}

// family is the processes named and all their descendants.
func family(all map[int]task, roots ...int) map[int]bool {
	in := map[int]bool{}
	for _, root := range roots {
		in[root] = true
	}
	for grown := true; grown; {
		grown = false
		for pid, t := range all {
			if !in[pid] && in[t.parent] {
				in[pid], grown = true, true
			}
		}
	}
	return in
}

func sum(all map[int]task, in map[int]bool) (total time.Duration) {
	for pid := range in {
		total += all[pid].all
	}
	return total
}

// others is what all processes but these have used so far. Children that were
// waited for stay in their parent's account: what ran and ended between two
// looks is seen all the same.
func others(all map[int]task, but map[int]bool) (total time.Duration) {
	for pid, t := range all {
		if !but[pid] {
			total += t.all
		}
	}
	return total
}

// parseKB is the value of one line of /proc/PID/status, such as VmRSS, in octets.
func parseKB(status []byte, key string) (int64, error) {
	for line := range strings.Lines(string(status)) {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name != key {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", key, err)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
}

// rss is the resident memory of a process and its descendants, in octets.
func rss(roots ...int) (total int64, err error) {
	all, err := tasks("/proc")
	if err != nil {
		return 0, err
	}
	for pid := range family(all, roots...) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // it has ended
		}
		octets, err := parseKB(status, "VmRSS")
		if err != nil {
			continue // a zombie has no memory
		}
		total += octets
	}
	return total, nil
}
