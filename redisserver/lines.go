package redisserver

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// lineWriter hands the child's output to the log, a line at a time. One
// goroutine of os/exec writes to it.
type lineWriter struct {
	log  *slog.Logger
	tail *lastLines
	part []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.part = append(w.part, p...)
	for {
		line, rest, ok := bytes.Cut(w.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.line(string(line))
		w.part = rest
	}
}

func (w *lineWriter) line(s string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return
	}
	w.tail.add(s)
	w.log.Log(context.Background(), level(s), "redis says", "line", s)
}

// level reads Redis's mark: "pid:role date time # text" is a warning.
func level(line string) slog.Level {
	if strings.Contains(line, " # ") {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// lastLines keeps the end of the output for an error's text.
type lastLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *lastLines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, s)
	if len(l.lines) > 5 {
		l.lines = l.lines[1:]
	}
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
