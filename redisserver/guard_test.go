package redisserver_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"hotline/redisserver"
	"hotline/redisserver/redistest"
)

const patience = 20 * time.Second

// guarded is a client as a node has it.
func guarded(t *testing.T, url string, reg redisserver.Registerer) (*redis.Client, *redisserver.Guard) {
	t.Helper()
	client, err := redisserver.NewClient(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	g, err := redisserver.NewGuard(slog.New(slog.DiscardHandler), reg)
	if err != nil {
		t.Fatal(err)
	}
	client.AddHook(g)
	return client, g
}

// untilPing asks until the answer satisfies so.
func untilPing(t *testing.T, client *redis.Client, so func(error) bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for !so(client.Ping(t.Context()).Err()) {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("it never was so, but %v", client.Ping(t.Context()).Err())
		}
	}
}

// TestARedisThatStandsStillTiesNobodyUp: two thousand commands on a frozen
// Redis are refused at once, without a goroutine or a connection each.
func TestARedisThatStandsStillTiesNobodyUp(t *testing.T) {
	r := redistest.StartServer(t)
	reg := prometheus.NewRegistry()
	client, g := guarded(t, r.URL(), reg)
	untilPing(t, client, func(err error) bool { return err == nil })
	thaw := r.Freeze(t)
	untilPing(t, client, func(error) bool { return g.Away() })
	before := runtime.NumGoroutine()
	refused, highest := storm(t, client)
	if refused < 1900 { // the others were sent, to find out
		t.Errorf("%d of 2000 refused", refused)
	}
	if highest-before > 150 {
		t.Errorf("%d goroutines, %d before", highest, before)
	}
	if open := client.PoolStats().TotalConns; open > 32 {
		t.Errorf("%d connections", open)
	}
	if got := gauge(t, reg, "hotline_redis_away"); got != 1 {
		t.Errorf("hotline_redis_away is %v", got)
	}
	thaw()
	untilPing(t, client, func(err error) bool { return err == nil })
	if g.Away() || gauge(t, reg, "hotline_redis_away") != 0 || gauge(t, reg, "hotline_redis_outages_total") != 1 {
		t.Error("the guard has not seen Redis come back, once")
	}
}

// storm lets a hundred callers ask twenty times each.
func storm(t *testing.T, client *redis.Client) (refused, goroutines int) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	for range 100 {
		all.Go(func() {
			for range 20 {
				err := client.Get(t.Context(), "k").Err()
				mu.Lock()
				if errors.Is(err, redisserver.ErrAway) {
					refused++
				}
				goroutines = max(goroutines, runtime.NumGoroutine())
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return refused, goroutines
}

func gauge(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestWhatIsNoOutage(t *testing.T) {
	t.Parallel()
	client, g := guarded(t, redistest.StartServer(t).URL(), nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		if err := client.Get(t.Context(), "nothing").Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("a missing key: %v", err)
		}
		if err := client.Do(t.Context(), "DANCE").Err(); err == nil {
			t.Error("a command that is none was taken")
		}
		if err := client.Ping(gone).Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who gave up: %v", err)
		}
	}
	if g.Away() {
		t.Error("the guard takes a refusal for an outage")
	}
}

func TestAPipelineIsGuardedToo(t *testing.T) {
	t.Parallel()
	client, _ := guarded(t, "unix://"+t.TempDir()+"/none.sock", nil)
	untilPing(t, client, func(err error) bool { return errors.Is(err, redisserver.ErrAway) })
	cmds, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		p.Get(t.Context(), "a")
		p.Get(t.Context(), "b")
		return nil
	})
	if !errors.Is(err, redisserver.ErrAway) || len(cmds) != 2 || !errors.Is(cmds[1].Err(), redisserver.ErrAway) {
		t.Errorf("error %v, commands %v", err, cmds)
	}
}

func TestAURLThatCannotBeReadIsNotShown(t *testing.T) {
	t.Parallel()
	if _, err := redisserver.NewClient("http://user:hidden@x"); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v", err)
	}
	c, err := redisserver.NewClient("redis://127.0.0.1:1?read_timeout=7s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if o := c.Options(); o.ReadTimeout != 7*time.Second || o.DialTimeout != time.Second || o.PoolSize != 32 {
		t.Errorf("timeouts %s and %s, %d connections", o.ReadTimeout, o.DialTimeout, o.PoolSize)
	}
}
