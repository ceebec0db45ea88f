package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLabLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	// A shell with a child of its own, as kamailio has them; both ignore what is gentle.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "trap '' TERM; echo up; sleep 60 & wait; sleep 60")
	cmd.Stdout = w
	p, err := l.start("shell", cmd)
	if err != nil {
		t.Fatal(err)
	}
	p.patience = 10 * time.Millisecond
	_ = w.Close()
	word := make([]byte, 10)
	if n, err := r.Read(word); err != nil || string(word[:n]) != "up\n" {
		t.Fatalf("%q, %v", word[:n], err)
	}
	if err := p.failed(); err != nil {
		t.Error(err)
	}
	l.close()
	_ = r.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := r.Read(word); !errors.Is(err, io.EOF) {
		t.Errorf("somebody still holds the pipe: %v", err)
	}
}

func TestAProcessThatDiesIsToldWithItsWords(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	defer l.close()
	p, err := l.start("shell", exec.CommandContext(t.Context(), "sh", "-c", "echo no port >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	never := errors.New("not yet")
	err = p.until(t.Context(), time.Minute, func(context.Context) error { return never })
	if err == nil || !strings.Contains(err.Error(), "no port") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("err = %v", err)
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	defer l.close()
	p, err := l.start("sleep", exec.CommandContext(t.Context(), "sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	never := errors.New("not yet")
	err = p.until(t.Context(), time.Minute, func(context.Context) error {
		if tries++; tries < 3 {
			return never
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries, err = %v", tries, err)
	}
	if err := p.until(t.Context(), 0, func(context.Context) error { return never }); !errors.Is(err, never) {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.until(ctx, time.Minute, func(context.Context) error { return never }); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

func TestStartOfNothing(t *testing.T) {
	t.Parallel()
	l := newLab(options{}, io.Discard)
	defer l.close()
	if _, err := l.start("nobody", exec.CommandContext(t.Context(), "/no/such/program")); err == nil {
		t.Error("started")
	}
}

func TestTailKeepsTheNewest(t *testing.T) {
	t.Parallel()
	var kept tail
	_, _ = kept.Write([]byte(strings.Repeat("a", tailSize)))
	_, _ = kept.Write([]byte("end"))
	if got := kept.String(); len(got) != tailSize || !strings.HasSuffix(got, "aend") {
		t.Errorf("%d octets, %q", len(got), got[len(got)-8:])
	}
}
