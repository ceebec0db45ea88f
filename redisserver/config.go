package redisserver

import (
	"fmt"
	"log/slog"
	"slices"
)

// Config says where the server keeps its data.
type Config struct {
	// Dir is made if missing and locked while the server lives.
	Dir string `yaml:"dir" doc:"Folder of the private Redis: append-only file, socket, lock."`
	// Appendfsync is always, everysec (also when empty) or no. All three keep
	// every answered write when Redis is killed; a power cut costs nothing, a
	// second, or what the kernel had not yet written.
	Appendfsync string `yaml:"appendfsync" default:"everysec" doc:"When the append-only file reaches the disk: always, everysec or no."`
	// Log gets the server's own lines; nil is silent.
	Log *slog.Logger `yaml:"-"`
}

// Validate names the field that is wrong.
func (c Config) Validate() error {
	if c.Dir == "" {
		return fmt.Errorf("dir: must name a folder")
	}
	if !slices.Contains([]string{"", "always", "everysec", "no"}, c.Appendfsync) {
		return fmt.Errorf("appendfsync: %q is none of always, everysec, no", c.Appendfsync)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Appendfsync == "" {
		c.Appendfsync = "everysec"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
