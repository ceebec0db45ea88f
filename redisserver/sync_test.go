package redisserver

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSyncAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.aof"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A rewrite has removed what this one points to.
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "b.aof")); err != nil {
		t.Fatal(err)
	}
	if err := syncAll(filepath.Join(dir, "*.aof")); err != nil {
		t.Error(err)
	}
	// fdatasync(2) refuses what cannot be synced.
	if err := syncFile("/proc/self/stat"); err == nil {
		t.Error("a file of /proc was synced")
	}
}

func TestRedisIsNeverAskedForEverysec(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"": "no", "everysec": "no", "no": "no", "always": "always"} {
		if got := (Config{Appendfsync: mode}).withDefaults().redisFsync(); got != want {
			t.Errorf("%q tells Redis %q, want %q", mode, got, want)
		}
	}
}
