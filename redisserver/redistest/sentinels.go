package redistest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// master is the name by which the Sentinels of a test know the primary.
const master = "hotline"

// trio is how many servers and how many Sentinels there are: a primary that is
// lost must leave one more replica than min-replicas-to-write asks for.
const trio = 3

// Watched are a primary with two replicas, and three Sentinels, on free ports
// of this machine. A primary without a replica takes no writes; one that is
// gone for a second is replaced. They end with the test that started them.
type Watched struct {
	servers   []*Member
	sentinels []*Member
}

// Member is one process of the watched, a server or a Sentinel.
type Member struct {
	Addr string
	cmd  *exec.Cmd
}

// StartSentinels returns once each Sentinel knows all others and all replicas.
func StartSentinels(t testing.TB) *Watched {
	t.Helper()
	w := &Watched{}
	for n := range trio {
		w.servers = append(w.servers, startServer(t, w.first(n)))
	}
	first := w.servers[0].Client(t)
	until(t, "both replicas are in step", func(ctx context.Context) bool {
		info := first.Info(ctx, "replication").Val()
		return strings.Count(info, "state=online") == trio-1
	})
	for range trio {
		w.sentinels = append(w.sentinels, startSentinel(t, w.servers[0].Addr))
	}
	for _, s := range w.sentinels {
		until(t, "the Sentinel knows the others", s.knowsAll)
	}
	return w
}

// first is whom the nth server follows: nobody, or the first.
func (w *Watched) first(n int) []string {
	if n == 0 {
		return nil
	}
	host, port, _ := net.SplitHostPort(w.servers[0].Addr)
	return []string{"--replicaof", host + " " + port}
}

// URL names the Sentinels for redisserver.NewClient.
func (w *Watched) URL() string {
	others := url.Values{"master_name": {master}}
	for _, s := range w.sentinels[1:] {
		others.Add("addr", s.Addr)
	}
	return "redis://" + w.sentinels[0].Addr + "?" + others.Encode()
}

// Sentinels are the three.
func (w *Watched) Sentinels() []*Member { return w.sentinels }

// Primary is the server that most Sentinels call so.
func (w *Watched) Primary(t testing.TB) *Member {
	t.Helper()
	for _, s := range w.servers {
		if w.call(t, s) > len(w.sentinels)/2 {
			return s
		}
	}
	t.Fatal("the Sentinels do not agree on a primary")
	return nil
}

// Replaced waits until most Sentinels call another the primary, which takes
// writes, and returns that one.
func (w *Watched) Replaced(t testing.TB, before *Member) *Member {
	t.Helper()
	var next *Member
	until(t, "the primary is replaced", func(ctx context.Context) bool {
		for _, s := range w.servers {
			if s == before || w.call(t, s) <= len(w.sentinels)/2 {
				continue
			}
			client := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
			defer func() { _ = client.Close() }()
			if next = s; client.Set(ctx, "replaced", "yes", time.Minute).Err() == nil {
				return true
			}
		}
		return false
	})
	return next
}

// call counts the Sentinels that call the server the primary.
func (w *Watched) call(t testing.TB, server *Member) (n int) {
	t.Helper()
	for _, s := range w.sentinels {
		client := s.sentinel()
		at, err := client.GetMasterAddrByName(t.Context(), master).Result()
		_ = client.Close()
		if err == nil && len(at) == 2 && net.JoinHostPort(at[0], at[1]) == server.Addr {
			n++
		}
	}
	return n
}

// Client gives one that speaks to this server, whatever becomes of it.
func (m *Member) Client(t testing.TB) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: m.Addr, MaxRetries: -1, ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Kill ends the process without a chance to say anything.
func (m *Member) Kill(t testing.TB) {
	t.Helper()
	if err := m.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill %s: %v", m.Addr, err)
	}
}

// Freeze stops the process without ending it, until thaw is called or the test ends.
func (m *Member) Freeze(t testing.TB) (thaw func()) {
	t.Helper()
	if err := m.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatalf("stop %s: %v", m.Addr, err)
	}
	thaw = sync.OnceFunc(func() {
		if err := m.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Errorf("continue %s: %v", m.Addr, err)
		}
	})
	t.Cleanup(thaw)
	return thaw
}

func startServer(t testing.TB, more []string) *Member {
	t.Helper()
	host, port := free(t)
	m := run(t, net.JoinHostPort(host, port), "redis-server", append([]string{
		"--bind", host, "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "yes", "--appendfsync", "no",
		"--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0",
		"--min-replicas-to-write", "1", "--min-replicas-max-lag", "10",
	}, more...)...)
	client := m.Client(t)
	until(t, "a server answers", func(ctx context.Context) bool { return client.Ping(ctx).Err() == nil })
	return m
}

func startSentinel(t testing.TB, primary string) *Member {
	t.Helper()
	host, port := free(t)
	at, of, _ := net.SplitHostPort(primary)
	dir := t.TempDir()
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf(`bind %s
port %s
dir %s
logfile sentinel.log
sentinel monitor %[4]s %[5]s %[6]s 2
sentinel down-after-milliseconds %[4]s 1000
sentinel failover-timeout %[4]s 5000
`, host, port, dir, master, at, of)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m := run(t, net.JoinHostPort(host, port), "redis-sentinel", file)
	t.Cleanup(func() {
		if said, err := os.ReadFile(filepath.Join(dir, "sentinel.log")); err == nil && t.Failed() {
			t.Logf("the Sentinel at %s says:\n%s", m.Addr, said)
		}
	})
	return m
}

// run starts a process that ends with the test.
func run(t testing.TB, addr, name string, args ...string) *Member {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), name, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &Member{Addr: addr, cmd: cmd}
}

// free finds a port that nobody has now.
func free(t testing.TB) (host, port string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	host, port, _ = net.SplitHostPort(l.Addr().String())
	return host, port
}

func (m *Member) sentinel() *redis.SentinelClient {
	return redis.NewSentinelClient(&redis.Options{Addr: m.Addr, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
}

// knowsAll says whether a Sentinel has found its like and the replicas.
func (m *Member) knowsAll(ctx context.Context) bool {
	client := m.sentinel()
	defer func() { _ = client.Close() }()
	known, err := client.Master(ctx, master).Result()
	rest := strconv.Itoa(trio - 1)
	return err == nil && known["num-slaves"] == rest && known["num-other-sentinels"] == rest
}

// until asks until it is so.
func until(t testing.TB, what string, so func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never was so that %s", what)
		}
	}
}
