package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// Oldest is the first major version whose scripts we rely on.
const Oldest = 7

// ErrMissing says that no redis-server is installed.
var ErrMissing = errors.New("redis-server is not installed; install it (apt install redis-server), or name a running Redis in the configuration")

// ErrTooOld says that the server's major version is below Oldest.
var ErrTooOld = errors.New("redis is too old")

// findBinary returns the path of an installed server that is new enough.
func findBinary(ctx context.Context) (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		return path, checkBinary(ctx, path)
	}
	return "", ErrMissing
}

func checkBinary(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return checkVersion(parseBanner(string(out)))
}

// parseBanner finds the version in "Redis server v=7.0.15 sha=…".
func parseBanner(banner string) string {
	m := regexp.MustCompile(`v=(\d+[\d.]*)`).FindStringSubmatch(banner)
	if m == nil {
		return ""
	}
	return m[1]
}

func checkVersion(version string) error {
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return fmt.Errorf("redis version %q is not understood; need %d or newer", version, Oldest)
	}
	if n < Oldest {
		return fmt.Errorf("%w: version %s; need %d or newer", ErrTooOld, version, Oldest)
	}
	return nil
}
