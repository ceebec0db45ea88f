package main

import (
	"bytes"
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
	var said bytes.Buffer
	s := &serve{Config: file}
	go func() {
		defer close(over)
		s.follow(context.Background(), again, func(_ context.Context, c node.Config) error {
			got <- c.Lines[0].Title.EN
			return nil
		}, slog.New(slog.NewTextHandler(&said, nil)))
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
	stop() // what has come is read before
	<-over
	if !strings.Contains(said.String(), "the policy in force stays") || !strings.Contains(said.String(), "lines") {
		t.Errorf("said %q", said.String())
	}
}
