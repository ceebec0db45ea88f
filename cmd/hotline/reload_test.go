package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/deploy"
	"hotline/node"
)

// TestSIGHUPReadsTheFileAnew: each one that comes reads it again; a faulty file
// is complained of by its fields, and not handed on.
func TestSIGHUPReadsTheFileAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hotline.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(deploy.Demo)
	again, stop := hangUps()
	got, over := make(chan string, 1), make(chan struct{})
	said := make(words, 1)
	s := &serve{Config: file}
	go func() {
		defer close(over)
		s.follow(context.Background(), again, func(_ context.Context, c node.Config) error {
			got <- c.Lines[0].Title.EN
			return nil
		}, slog.New(slog.NewTextHandler(said, nil)))
	}()
	hup := func() {
		t.Helper()
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	next := func() (title string) {
		t.Helper()
		select {
		case title = <-got:
		case <-time.After(10 * time.Second):
			t.Fatal("the file was not read")
		}
		return title
	}
	hup()
	first := next()
	write(strings.Replace(deploy.Demo, first, "Another title", 1))
	hup()
	if second := next(); second != "Another title" {
		t.Errorf("read %q, then %q", first, second)
	}
	write("lines: 3")
	hup()
	select {
	case text := <-said:
		if !strings.Contains(text, "the policy in force stays") || !strings.Contains(text, "lines") {
			t.Errorf("said %q", text)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing is said of a faulty file")
	}
	stop()
	<-over
}

// words is what a log says, line by line.
type words chan string

func (w words) Write(line []byte) (int, error) {
	w <- string(line)
	return len(line), nil
}
