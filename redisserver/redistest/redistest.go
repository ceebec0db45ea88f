// Package redistest gives tests a real, private Redis.
package redistest

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/redisserver"
)

const patience = 20 * time.Second

// Redis is one private server; it ends with the test that started it.
type Redis struct {
	Client redis.UniversalClient
	server *redisserver.Server
}

// Start gives the test a client of a private server.
func Start(t testing.TB) redis.UniversalClient {
	t.Helper()
	return StartServer(t).Client
}

// StartServer gives the test a private server that it may crash.
func StartServer(t testing.TB) *Redis {
	t.Helper()
	server, err := redisserver.Start(t.Context(), redisserver.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := &Redis{server: server}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	r.Client = r.NewClient(t)
	return r
}

// NewClient gives one more client, closed when the test ends.
func (r *Redis) NewClient(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: r.server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Freeze stops the server without ending it: connections stay open and nothing
// is answered, until thaw is called or the test ends.
func (r *Redis) Freeze(t testing.TB) (thaw func()) {
	t.Helper()
	pid := r.server.Pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatalf("stop redis: %v", err)
	}
	thaw = sync.OnceFunc(func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Errorf("continue redis: %v", err)
		}
	})
	t.Cleanup(thaw)
	return thaw
}

// URL names the server.
func (r *Redis) URL() string { return r.server.URL() }

// Crash kills the server with SIGKILL and returns once the next one answers
// with the data of the append-only file.
func (r *Redis) Crash(t testing.TB) {
	t.Helper()
	before := r.server.Pid()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatalf("kill redis: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.server.Pid() == before || r.Client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			t.Fatal("redis did not come back")
		case <-tick.C:
		}
	}
}
