package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/gateway/gatewaytest"
)

// redisOf is a client of the private Redis of the node that keeps its data there.
func redisOf(t *testing.T, data string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: filepath.Join(data, "redis", "redis.sock")})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// leftBehind lists the keys of the hall that say a contact is still open. What
// has ended may keep its own hash for an hour.
func leftBehind(t *testing.T, client *redis.Client) []string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, key := range keys {
		_, name, _ := strings.Cut(key, "}:")
		kind, _, _ := strings.Cut(name, ":")
		switch kind {
		case "lease", "w", "ac", "nc":
			found = append(found, key)
		case "draft":
			if client.TTL(t.Context(), key).Val() <= 0 {
				found = append(found, key)
			}
		case "c":
			if ttl := client.TTL(t.Context(), key).Val(); ttl <= 0 || client.HGet(t.Context(), key, "state").Val() != "ended" {
				found = append(found, key)
			}
		}
	}
	return found
}

// census is what a process holds.
type census struct{ goroutines, files, watched int }

func (c *city) census() census {
	runtime.GC()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		c.t.Fatal(err)
	}
	return census{runtime.NumGoroutine(), len(files), int(c.metric("hotline_engine_watched"))}
}

func (c *city) admin(path string) string {
	c.t.Helper()
	r, err := http.Get(fmt.Sprintf("http://%s%s", c.at.Admin, path))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(body)
}

// backTo waits until the node holds no more than before, with a few of slack
// for pools that were not full yet.
func (c *city) backTo(before census, client *redis.Client) {
	c.t.Helper()
	const slack = 12
	var now census
	var left []string
	c.until("everything was given back", func() bool {
		now, left = c.census(), leftBehind(c.t, client)
		return len(left) == 0 && now.goroutines <= before.goroutines+slack && now.files <= before.files+slack &&
			now.watched <= before.watched && strings.Contains(c.admin("/healthz"), `"calls":0`)
	}, func() string {
		return fmt.Sprintf("before %+v, now %+v, keys %v, %s", before, now, left, c.admin("/healthz"))
	})
}

// until waits for a thing that must come.
func (c *city) until(what string, so func() bool, state func() string) {
	c.t.Helper()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	limit := time.After(patience)
	for !so() {
		select {
		case <-every.C:
		case <-limit:
			c.t.Fatalf("never was it so that %s: %s", what, state())
		}
	}
}

// sipp plays calls of the scenario to the number: a line a call, number shown
// and a pause in ms.
func (c *city) sipp(scenario, number string, calls []string, args ...string) {
	c.t.Helper()
	dir := c.t.TempDir()
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", scenario+".xml"))
	if err != nil {
		c.t.Fatal(err)
	}
	list := filepath.Join(dir, "calls.csv")
	if err := os.WriteFile(list, []byte("SEQUENTIAL\n"+strings.Join(calls, "\n")+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	args = append([]string{
		"-sf", file, "-inf", list, "-m", strconv.Itoa(len(calls)), "-i", "127.0.0.1", "-mi", "127.0.0.1",
		"-p", strconv.Itoa(gatewaytest.FreePort(c.t)), "-mp", strconv.Itoa(gatewaytest.FreePort(c.t)),
		"-s", number, "-nostdin", "-timeout", "1500s", "-timeout_error", "-trace_err",
	}, args...)
	cmd := exec.CommandContext(c.t.Context(), "sipp", append(args, c.at.SIP.String())...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		files, _ := filepath.Glob(filepath.Join(dir, "*errors.log"))
		var faults []byte
		for _, f := range files {
			b, _ := os.ReadFile(f)
			faults = append(faults, b[:min(len(b), 3000)]...)
		}
		c.t.Fatalf("sipp %s: %v\n%s\n%s", scenario, err, out[max(0, len(out)-1500):], faults)
	}
}
