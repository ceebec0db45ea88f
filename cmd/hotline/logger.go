package main

import (
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// logger writes text to a terminal and JSON elsewhere, to stderr.
func logger(level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if isatty.IsTerminal(os.Stderr.Fd()) {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}
