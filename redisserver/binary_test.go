package redisserver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		banner  string
		ok, old bool
	}{
		"Redis 7":        {"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", true, false},
		"Redis 8":        {"Redis server v=8.2.1 sha=0", true, false},
		"Valkey":         {"Valkey server v=8.0.1 sha=0", true, false},
		"Redis 6":        {"Redis server v=6.2.14 sha=0", false, true},
		"two digits":     {"Redis server v=10.0 sha=0", true, false},
		"something else": {"busybox", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkVersion(parseBanner(tt.banner))
			if (err == nil) != tt.ok || errors.Is(err, ErrTooOld) != tt.old {
				t.Errorf("error %v, want ok=%v too old=%v", err, tt.ok, tt.old)
			}
		})
	}
}

// These change PATH, so they do not run in parallel.
func TestFindBinary(t *testing.T) {
	tests := map[string]struct {
		script string // of redis-server; empty: none
		want   error
	}{
		"missing": {"", ErrMissing},
		"old":     {"#!/bin/sh\necho 'Redis server v=5.0.14 sha=0'\n", ErrTooOld},
		"fine":    {"#!/bin/sh\necho 'Redis server v=7.2.0 sha=0'\n", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.script != "" {
				if err := os.WriteFile(filepath.Join(dir, "redis-server"), []byte(tt.script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			if _, err := findBinary(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add("# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1 x86_64\r\n")
	f.Add("loading:0\n::\n:\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, value := range parseInfo(text) {
			if !strings.Contains(text, name+":"+value) {
				t.Errorf("%q:%q is not in %q", name, value, text)
			}
		}
	})
}
