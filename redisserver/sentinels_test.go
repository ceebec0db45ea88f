package redisserver_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/redisserver"
	"hotline/redisserver/redistest"
)

func sentinelsOf(t *testing.T, url string) *redisserver.Sentinels {
	t.Helper()
	s, err := redisserver.NewSentinels(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// untilSo asks until it is so, or fails.
func untilSo(t *testing.T, what string, within time.Duration, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(within)
	for !so() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it never was so that %s", what)
		}
	}
}

func TestURLsOfSentinels(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url string
		bad bool
	}{
		"three":               {"redis://127.0.0.1:1?addr=127.0.0.1:2&addr=127.0.0.1:3&master_name=hotline", false},
		"none":                {"redis://127.0.0.1:1", false},
		"a socket":            {"unix:///run/redis.sock", false},
		"no known scheme":     {"http://127.0.0.1:1?master_name=hotline", true},
		"a setting not known": {"redis://127.0.0.1:1?master_name=hotline&wait=1", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := redisserver.NewClient(tt.url)
			if err == nil {
				_ = client.Close()
			}
			s, sentinelErr := redisserver.NewSentinels(tt.url)
			if sentinelErr == nil {
				_ = s.Close()
			}
			if errors.Is(err, redisserver.ErrURL) != tt.bad || errors.Is(sentinelErr, redisserver.ErrURL) != tt.bad {
				t.Errorf("client %v, sentinels %v, want bad=%v", err, sentinelErr, tt.bad)
			}
		})
	}
}

// TestWhoIsThePrimary: the Sentinels name one, most of them must be there to
// say so, and without any nobody agrees.
func TestWhoIsThePrimary(t *testing.T) {
	t.Parallel()
	w := redistest.StartSentinels(t)
	client, _ := guarded(t, w.URL(), nil)
	s := sentinelsOf(t, w.URL())
	if !s.Agree(t.Context(), client) {
		t.Error("the Sentinels do not agree on the primary")
	}
	if sentinelsOf(t, "redis://127.0.0.1:1").Agree(t.Context(), client) {
		t.Error("nobody watches, but it is agreed")
	}
	w.Sentinels()[0].Kill(t)
	if !s.Agree(t.Context(), client) {
		t.Error("two of three do not agree on the primary")
	}
	w.Sentinels()[1].Kill(t)
	if s.Agree(t.Context(), client) {
		t.Error("one of three is enough to agree")
	}
}

// TestAStrandedPrimary: a primary that was frozen until another was named still
// answers, but is not taken for the primary.
func TestAStrandedPrimary(t *testing.T) {
	t.Parallel()
	w := redistest.StartSentinels(t)
	s, stranded := sentinelsOf(t, w.URL()), w.Primary(t)
	old := stranded.Client(t)
	if !s.Agree(t.Context(), old) {
		t.Fatal("the first primary is not agreed on")
	}
	thaw := stranded.Freeze(t)
	next := w.Replaced(t, stranded)
	thaw()
	untilSo(t, "the stranded primary answers", patience, func() bool { return old.Ping(t.Context()).Err() == nil })
	if s.Agree(t.Context(), old) {
		t.Error("the stranded primary is taken for the primary")
	}
	if !s.Agree(t.Context(), next.Client(t)) {
		t.Error("the new primary is not agreed on")
	}
}

// TestAClientFollows: the primary is killed; within ten seconds the same client
// writes to the next, which has what a replica had confirmed.
func TestAClientFollows(t *testing.T) {
	t.Parallel()
	w := redistest.StartSentinels(t)
	client, g := guarded(t, w.URL(), nil)
	s, before := sentinelsOf(t, w.URL()), w.Primary(t)
	conn := client.Conn()
	if err := conn.Set(t.Context(), "confirmed", "yes", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Wait(t.Context(), 2, time.Second).Result(); n != 2 || err != nil {
		t.Fatalf("%d replicas have confirmed (%v), want 2", n, err)
	}
	_ = conn.Close()
	before.Kill(t)
	began := time.Now()
	untilSo(t, "the client writes to another", 10*time.Second, func() bool {
		return client.Set(t.Context(), "after", "yes", 0).Err() == nil
	})
	t.Logf("a command worked again after %s", time.Since(began).Round(10*time.Millisecond))
	if got, err := client.Get(t.Context(), "confirmed").Result(); got != "yes" || err != nil {
		t.Errorf("what was confirmed is %q (%v)", got, err)
	}
	if g.Away() || !s.Agree(t.Context(), client) {
		t.Error("the client is not with the new primary")
	}
	checkSound(t, client)
	if laddr := client.ClientInfo(t.Context()).Val().LAddr; laddr == before.Addr {
		t.Errorf("the client is still with %s", laddr)
	}
}

// checkSound: what a node asks of its Redis holds after the fail-over too.
func checkSound(t *testing.T, client *redis.Client) {
	t.Helper()
	if err := redisserver.Check(t.Context(), client); err != nil {
		t.Error(err)
	}
	if info := client.Info(t.Context(), "replication").Val(); !strings.Contains(info, "role:master") {
		t.Errorf("it is no primary: %s", info)
	}
}
