package redisserver_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"hotline/redisserver"
	"hotline/redisserver/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, dir string) *redisserver.Server {
	t.Helper()
	s, err := redisserver.Start(t.Context(), redisserver.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *redisserver.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, s *redisserver.Server) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDataSurviveARestartAndStopLeavesNoChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	if err := connect(t, first).Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	pid := first.Pid()
	stop(t, first)
	stop(t, first) // again is harmless
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d after Stop: %v, want it gone", pid, err)
	}
	if got := connect(t, start(t, dir)).Get(t.Context(), "k").Val(); got != "v" {
		t.Errorf("after a restart k = %q, want v", got)
	}
}

// On a busy disk Redis's own everysec fails this, but not each time; that it
// is never asked for is checked among the settings.
func TestAcknowledgedWritesSurviveAKill(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"everysec", "always", "no"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s, err := redisserver.Start(t.Context(), redisserver.Config{Dir: t.TempDir(), Appendfsync: mode})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stop(t, s) })
			c := connect(t, s)
			// Longer than a second: the kill comes after a sync or amid one.
			acknowledged := count(t, c, time.Now().Add(1200*time.Millisecond))
			killAndAwait(t, s, c)
			if got, err := c.Get(t.Context(), "n").Int64(); err != nil || got < acknowledged {
				t.Errorf("after kill -9 n = %d (%v), want %d", got, err, acknowledged)
			}
		})
	}
}

// count increments n until the time given; it returns the last answer.
func count(t *testing.T, c *redis.Client, until time.Time) int64 {
	t.Helper()
	for {
		n, err := c.Incr(t.Context(), "n").Result()
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(until) {
			return n
		}
	}
}

func killAndAwait(t *testing.T, s *redisserver.Server, c *redis.Client) {
	t.Helper()
	before := s.Pid()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.Pid() == before || c.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			t.Fatal("redis did not come back")
		case <-tick.C:
		}
	}
}

func TestTheChildHasItsOwnProcessGroupAndSettings(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	if group, err := syscall.Getpgid(s.Pid()); err != nil || group != s.Pid() {
		t.Errorf("process group %d, %v; want the child's own, %d", group, err, s.Pid())
	}
	c := connect(t, s)
	for name, want := range map[string]string{
		"port": "0", "unixsocketperm": "700", "save": "", "appendonly": "yes",
		"appendfsync": "no", "maxmemory-policy": "noeviction",
	} {
		if got := c.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestALongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	s := start(t, dir)
	if len(s.Addr()) > 107 {
		t.Errorf("socket path of %d bytes", len(s.Addr()))
	}
	if err := connect(t, s).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	stop(t, s)
	if _, err := os.Stat(filepath.Dir(s.Addr())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket's folder after Stop: %v, want it gone", err)
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	spoil(t, broken)
	locked := t.TempDir()
	start(t, locked)
	tests := map[string]struct {
		cfg  redisserver.Config
		want string
	}{
		"no folder":            {redisserver.Config{}, "dir: must name a folder"},
		"bad fsync":            {redisserver.Config{Dir: t.TempDir(), Appendfsync: "maybe"}, `appendfsync: "maybe"`},
		"folder in use":        {redisserver.Config{Dir: locked}, redisserver.ErrLocked.Error()},
		"folder is a file":     {redisserver.Config{Dir: "server_test.go"}, "dir: "},
		"spoiled append files": {redisserver.Config{Dir: broken}, "redis has died"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := redisserver.Start(t.Context(), tt.cfg)
			if err == nil {
				stop(t, s)
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want it to say %q", err, tt.want)
			}
		})
	}
}

// spoil leaves a manifest that Redis refuses to read.
func spoil(t *testing.T, dir string) {
	t.Helper()
	aof := filepath.Join(dir, "appendonlydir")
	if err := os.Mkdir(aof, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(aof, "appendonly.aof.manifest"), []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := redisserver.Start(ctx, redisserver.Config{Dir: t.TempDir()})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("started %v with error %v, want context.Canceled", s, err)
	}
}

func TestCheckNamesEachFault(t *testing.T) {
	t.Parallel()
	c := redistest.Start(t)
	if err := redisserver.Check(t.Context(), c); err != nil {
		t.Errorf("our own server: %v", err)
	}
	for name, value := range map[string]string{"maxmemory-policy": "allkeys-lru", "appendonly": "no"} {
		if err := c.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	err := redisserver.Check(t.Context(), c)
	if !errors.Is(err, redisserver.ErrEvicts) || !errors.Is(err, redisserver.ErrNotPersistent) {
		t.Errorf("error %v, want ErrEvicts and ErrNotPersistent", err)
	}
	nobody := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(t.TempDir(), "none"), MaxRetries: -1})
	defer func() { _ = nobody.Close() }()
	if err := redisserver.Check(t.Context(), nobody); !errors.Is(err, redisserver.ErrUnreachable) {
		t.Errorf("error %v, want ErrUnreachable", err)
	}
}
