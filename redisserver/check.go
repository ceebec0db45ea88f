package redisserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// What Check finds besides ErrTooOld.
var (
	ErrUnreachable   = errors.New("redis does not answer")
	ErrEvicts        = errors.New("redis may evict live calls: set maxmemory-policy noeviction")
	ErrNotPersistent = errors.New("redis keeps nothing on disk: set appendonly yes")
)

// Check judges a Redis that somebody else keeps. It asks INFO only, which
// managed services allow too, and returns every fault found, joined.
func Check(ctx context.Context, client redis.UniversalClient) error {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return fmt.Errorf("redis check: %w: %w", ErrUnreachable, err)
	}
	if err := judge(parseInfo(text)); err != nil {
		return fmt.Errorf("redis check: %w", err)
	}
	return nil
}

func judge(info map[string]string) error {
	var faults []error
	faults = append(faults, checkVersion(info["redis_version"]))
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		faults = append(faults, fmt.Errorf("%w (it is %q)", ErrEvicts, policy))
	}
	if info["aof_enabled"] != "1" {
		faults = append(faults, ErrNotPersistent)
	}
	return errors.Join(faults...)
}

// parseInfo reads the "name:value" lines of INFO.
func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}
