package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const statLine = "4242 (rtp (engine) 2) S 17 4242 4242 0 -1 4194560 100 200 0 0 1234 66 40 10 20 0 3 0 100 1000 10 1 1\n"

func TestParseStat(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line string
		want task
		bad  bool
	}{
		"brackets in the name": {line: statLine, want: task{4242, 17, 13 * time.Second, 13*time.Second + 500*time.Millisecond}},
		"empty":                {line: "", bad: true},
		"no name":              {line: "1 S 0", bad: true},
		"cut short":            {line: "1 (init) S 0 1 1 0 -1 0 0 0", bad: true},
		"no number":            {line: strings.Replace(statLine, "1234", "12x4", 1), bad: true},
		"no pid":               {line: "x" + statLine, bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat([]byte(tt.line))
			if errors.Is(err, errStat) != tt.bad || got != tt.want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestFamilyAndOthers(t *testing.T) {
	t.Parallel()
	all := map[int]task{
		1:  {pid: 1, all: time.Second},
		10: {pid: 10, parent: 1, all: 2 * time.Second},
		11: {pid: 11, parent: 10, all: 4 * time.Second},
		12: {pid: 12, parent: 11, all: 8 * time.Second},
		20: {pid: 20, parent: 1, all: 16 * time.Second},
	}
	in := family(all, 10)
	if len(in) != 3 || !in[12] || in[20] {
		t.Errorf("family = %v", in)
	}
	if got := sum(all, in); got != 14*time.Second {
		t.Errorf("sum = %v", got)
	}
	if got := others(all, in); got != 17*time.Second {
		t.Errorf("others = %v", got)
	}
}

func TestTasksOfThisMachine(t *testing.T) {
	t.Parallel()
	all, err := tasks("/proc")
	if err != nil {
		t.Fatal(err)
	}
	if me, ok := all[os.Getpid()]; !ok || me.parent != os.Getppid() {
		t.Errorf("%+v, %v", me, ok)
	}
	if used := sum(all, family(all, os.Getpid())); used < all[os.Getpid()].all {
		t.Errorf("the family used %v, one of it alone %v", used, all[os.Getpid()].all)
	}
	if octets, err := rss(os.Getpid()); err != nil || octets < 1<<20 {
		t.Errorf("rss = %d, %v", octets, err)
	}
}

func TestTasksNameTheFileAtFault(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "7"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(proc, "7", "stat"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tasks(proc); !errors.Is(err, errStat) || !strings.Contains(err.Error(), "7/stat") {
		t.Errorf("err = %v", err)
	}
}

func TestParseKB(t *testing.T) {
	t.Parallel()
	status := []byte("Name:\tx\nVmRSS:\t    2048 kB\nVmSize:\tlots kB\n")
	if got, err := parseKB(status, "VmRSS"); err != nil || got != 2<<20 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := parseKB(status, "VmSwap"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
	if _, err := parseKB(status, "VmSize"); err == nil {
		t.Error("a number of letters")
	}
}
