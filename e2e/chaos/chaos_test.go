package main

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"hotline/routing/redisstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The short form of what `make prove` runs for ten minutes: something of each
// kind is broken, and no promise.
func TestChaos(t *testing.T) {
	t.Parallel()
	breaches, done, err := run(t.Context(), plan{
		Nodes: 3, Agents: 60, Rate: 20, For: 16 * time.Second, Seed: 1,
		KillNode: 5 * time.Second, CutNode: 6 * time.Second, CutFor: 7 * time.Second, KillRedis: 9 * time.Second,
		Settle: 40 * time.Second,
	}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		t.Error(b.what)
	}
	told := strings.Join(done, "\n")
	for _, want := range []string{"talks", "kills of nodes", "nodes cut off", "kills of Redis", "matches held against the score"} {
		if !strings.Contains(told, want) {
			t.Errorf("the run had no %s:\n%s", want, told)
		}
	}
}

// A run that cannot fail proves nothing: without the order, the ledger tells it.
func TestChaosSeesABreach(t *testing.T) {
	t.Parallel()
	breaches, _, err := run(t.Context(), plan{
		Nodes: 2, Agents: 8, Rate: 20, For: 5 * time.Second, Seed: 1, Settle: 5 * time.Second, Without: []string{"order"},
	}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		if strings.Contains(b.what, "was before it") {
			return
		}
	}
	t.Error("seats take whom they want, and nobody says so")
}

// A protection that lives in the scripts must be found there: its words change.
func TestEveryProtectionCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "unused:0"})
	t.Cleanup(func() { _ = client.Close() })
	for name := range cuts() {
		changed := 0
		cut := alter([]string{name})
		_, err := redisstore.New(redisstore.Config{Client: client, Hall: hall, Alter: func(script, text string) string {
			out := cut(script, text)
			if out != text {
				changed++
			}
			return out
		}})
		if err != nil || changed == 0 {
			t.Errorf("without %q no script is another (%v)", name, err)
		}
	}
}
