package databasetest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/database"
	"hotline/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachIsFreshAndRunsOnBothEngines(t *testing.T) {
	t.Parallel()
	for _, round := range []string{"first", "second"} { // a table left by the first would fail the second
		t.Run(round, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, db *database.DB) {
				if want := path.Base(t.Name()); db.Engine().String() != want {
					t.Errorf("%s runs on %s", want, db.Engine())
				}
				if _, err := db.ExecContext(t.Context(), "CREATE TABLE fresh (id BIGINT)"); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

const crashes = "HOTLINE_TEST_CRASH"

// TestCrash is the child of TestServerEndsWithACrashedTest, and nothing otherwise.
func TestCrash(t *testing.T) {
	t.Parallel()
	if os.Getenv(crashes) == "" {
		return
	}
	_, _ = fmt.Fprintln(os.Stdout, databasetest.PostgresURL(t))
	panic("as asked")
}

func TestServerEndsWithACrashedTest(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashes+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "as asked") {
		t.Fatalf("the child did not crash: %v\n%s", err, out)
	}
	_, rest, _ := strings.Cut(string(out), "host=")
	dir, _, found := strings.Cut(rest, "&")
	if !found {
		t.Fatalf("the child named no server:\n%s", out)
	}
	waitUntilGone(t, dir)
}

func waitUntilGone(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s is still there", dir)
		}
	}
}
