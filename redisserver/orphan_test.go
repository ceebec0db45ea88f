package redisserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/redisserver"
)

const parentEnv = "HOTLINE_TEST_REDIS_PARENT"

// TestParentProcess is the process that TestTheChildDiesWithItsParent kills.
func TestParentProcess(t *testing.T) {
	dir := os.Getenv(parentEnv)
	if dir == "" {
		return // the ordinary run: nothing to be the parent of
	}
	s, err := redisserver.Start(t.Context(), redisserver.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, "pid", s.Pid())
	select {}
}

func TestTheChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestParentProcess$")
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "pid ")))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	start(t, dir)     // waits for the lock, which the orphan holds until it is dead
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	awaitGone(ctx, t, pid)
}

func awaitGone(ctx context.Context, t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for runs(pid) {
		select {
		case <-ctx.Done():
			t.Fatalf("redis %d outlived its parent", pid)
		case <-tick.C:
		}
	}
}

// runs is false once the process is dead; a zombie that init has not yet
// collected counts as dead.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
