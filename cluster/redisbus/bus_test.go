package redisbus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"hotline/cluster"
	"hotline/cluster/clustertest"
	"hotline/cluster/redisbus"
	"hotline/redisserver"
	"hotline/redisserver/redistest"
)

const patience = 20 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/redis/go-redis/v9/maintnotifications.(*CircuitBreakerManager).cleanupLoop"))
}

func open(client redis.UniversalClient, hall string, n cluster.Node) (*redisbus.Bus, error) {
	return redisbus.Open(context.Background(), redisbus.Options{
		Client: client, Hall: hall, Node: n, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	})
}

func TestBus(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	var halls atomic.Int64
	t.Run("", func(t *testing.T) {
		clustertest.Buses(t, func(*testing.T) func(cluster.Node) (clustertest.Bus, error) {
			hall := fmt.Sprint(halls.Add(1))
			return func(n cluster.Node) (clustertest.Bus, error) { return open(client, hall, n) }
		})
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	var halls atomic.Int64
	t.Run("", func(t *testing.T) {
		clustertest.Leases(t, func(*testing.T) cluster.Leases {
			return redisbus.NewLeases(client, fmt.Sprint(halls.Add(1)))
		})
	})
}

// echoing is a node that answers.
func echoing(t *testing.T, client redis.UniversalClient, n cluster.Node) *redisbus.Bus {
	t.Helper()
	b, err := open(client, "h", n)
	if err != nil {
		t.Fatal(err)
	}
	b.Serve("echo", func(_ context.Context, _ cluster.Node, body []byte) ([]byte, error) { return body, nil })
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// answers waits until the node answers again.
func answers(t *testing.T, by cluster.Bus, to cluster.Node) {
	t.Helper()
	late := time.After(patience)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := by.Ask(ctx, to, "echo", []byte("x"))
		cancel()
		if err == nil {
			return
		}
		select {
		case <-late:
			t.Fatalf("%s does not answer: %v", to, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestRedisIsKilled: after a crash with its file, and after one that loses all,
// the nodes find each other.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	a, b := echoing(t, client(t, server), "a"), echoing(t, client(t, server), "b")
	answers(t, a, "b")
	server.Crash(t)
	answers(t, a, "b")
	if err := server.Client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	answers(t, a, "b")
	answers(t, b, "a")
	if got, err := a.Nodes(t.Context()); err != nil || len(got) != 2 {
		t.Errorf("the nodes are %v, %v", got, err)
	}
}

func client(t *testing.T, server *redistest.Redis) redis.UniversalClient {
	t.Helper()
	c, err := redisserver.NewClient(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestANodeThatDied: who says no goodbye is gone after the silence.
func TestANodeThatDied(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	a := echoing(t, client(t, server), "a")
	own := client(t, server)
	echoing(t, own, "b")
	answers(t, a, "b")
	died := time.Now()
	_ = own.Close()
	for errors.Is(a.Tell(t.Context(), "b", "echo", nil), nil) {
		if time.Since(died) > patience {
			t.Fatal("a dead node looks alive")
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	if took := time.Since(died); took > cluster.Silence+2*time.Second {
		t.Errorf("a dead node looked alive for %s", took)
	}
	if _, err := a.Ask(t.Context(), "b", "echo", nil); !errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("asking a dead node: %v", err)
	}
}

// TestNothingStays: what was read is dropped, and a closed node leaves nothing.
func TestNothingStays(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	a := echoing(t, client(t, server), "a")
	for range 50 {
		if _, err := a.Ask(t.Context(), "a", "echo", []byte("a citizen's number")); err != nil {
			t.Fatal(err)
		}
	}
	late := time.After(patience)
	for {
		n, err := server.Client.XLen(t.Context(), "{h}:bus:a").Result()
		if err != nil {
			t.Fatal(err)
		}
		if n <= 1 {
			break
		}
		select {
		case <-late:
			t.Fatalf("%d messages stay", n)
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := server.Client.Keys(t.Context(), "*").Val(); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}

// TestAStoreThatTakesNoNames: nobody can renew a name for longer than the
// silence, as when a new primary has no replica yet. No node is said to be gone
// for that; who really is, is after one more silence.
func TestAStoreThatTakesNoNames(t *testing.T) {
	t.Parallel()
	server := redistest.StartServer(t)
	a, b := echoing(t, client(t, server), "a"), echoing(t, client(t, server), "b")
	answers(t, a, "b")
	refuse := func(replicas string) {
		if err := server.Client.ConfigSet(t.Context(), "min-replicas-to-write", replicas).Err(); err != nil {
			t.Fatal(err)
		}
	}
	refuse("1")
	asks := func(by cluster.Bus, to cluster.Node) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := by.Ask(ctx, to, "echo", []byte("x"))
		return err
	}
	until := func(what string, so func() bool) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for late := time.After(patience); !so(); {
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("it never was so that %s", what)
			}
		}
	}
	until("both names have run out", func() bool {
		return server.Client.Exists(t.Context(), "{h}:bus:a", "{h}:bus:b").Val() == 0
	})
	for by, to := range map[cluster.Bus]cluster.Node{a: "b", b: "a"} {
		if err := asks(by, to); err == nil || errors.Is(err, cluster.ErrNoNode) {
			t.Errorf("of %s: %v, want that nothing is known", to, err)
		}
	}
	refuse("0")
	until("b answers", func() bool {
		err := asks(a, "b")
		if errors.Is(err, cluster.ErrNoNode) {
			t.Fatal("b is said to be gone")
		}
		return err == nil
	})
	until("nobody is said to be gone", func() bool { return errors.Is(asks(a, "nobody"), cluster.ErrNoNode) })
}
