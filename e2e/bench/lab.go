package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// killAfter is how long a process has to end by itself.
const killAfter = 5 * time.Second

// lab starts the processes of a bench, measures them, keeps the figures and
// leaves nothing running. One goroutine uses it.
type lab struct {
	options
	out     io.Writer
	notes   io.Writer
	figures []figure
	quiet   int // rounds that were quiet
	tried   int // rounds that were run

	calmWithin time.Duration // how long a round waits for a quiet machine

	starts  chan func() // run on the thread that lives as long as the lab
	started sync.WaitGroup
	running []*process
}

func newLab(o options, out io.Writer) *lab {
	l := &lab{options: o, out: out, notes: os.Stderr, calmWithin: calmPatience, starts: make(chan func())}
	if o.quick {
		l.calmWithin = 0
	}
	l.started.Go(func() {
		// Pdeathsig is sent when the thread that started a child ends, not
		// the process (prctl(2)): so this goroutine keeps its thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for start := range l.starts {
			start()
		}
	})
	return l
}

// note tells the person who watches; it is no figure.
func (l *lab) note(format string, args ...any) {
	_, _ = fmt.Fprintf(l.notes, format+"\n", args...)
}

// window is how long a round measures; settle is how long it warms up before.
func (l *lab) window() time.Duration {
	if l.quick {
		return 2 * time.Second
	}
	return 10 * time.Second
}

func (l *lab) settle() time.Duration {
	if l.quick {
		return time.Second
	}
	return 3 * time.Second
}

// process is one child in a process group of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	tail *tail
	gone chan struct{} // closed when it has ended
	err  error         // of its end; readable once gone is closed

	patience time.Duration // how long it has to end by itself
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// start runs the program in a process group of its own until stop, stopAll or
// the lab's end. What it prints is kept for the error of a failure; its
// standard output goes there too unless it is set.
func (l *lab) start(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, tail: &tail{}, gone: make(chan struct{}), patience: killAfter}
	cmd.Stderr = p.tail
	if cmd.Stdout == nil {
		cmd.Stdout = p.tail
	}
	cmd.WaitDelay = killAfter
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	result := make(chan error)
	l.starts <- func() { result <- cmd.Start() }
	if err := <-result; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.gone)
	}()
	l.running = append(l.running, p)
	return p, nil
}

// stop ends the process and its group: gently, then not.
func (p *process) stop() {
	_ = syscall.Kill(-p.pid(), syscall.SIGTERM)
	patience := time.NewTimer(p.patience)
	defer patience.Stop()
	select {
	case <-p.gone:
	case <-patience.C:
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL) // whoever of the group is left
	<-p.gone
}

// failed is the error of a process that should still be running.
func (p *process) failed() error {
	select {
	case <-p.gone:
		return errors.Join(fmt.Errorf("%s has ended: %s", p.name, p.tail), p.err)
	default:
		return nil
	}
}

// stopAll ends what runs, newest first.
func (l *lab) stopAll() {
	for _, p := range slices.Backward(l.running) {
		p.stop()
	}
	l.running = nil
}

func (l *lab) close() {
	l.stopAll()
	close(l.starts)
	l.started.Wait()
}

// wait is a pause that the context can cut short.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks again and again until try succeeds, the process has ended or the
// patience is over.
func (p *process) until(ctx context.Context, patience time.Duration, try func(context.Context) error) error {
	deadline := time.Now().Add(patience)
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if failed := p.failed(); failed != nil {
			return failed
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready after %v: %w", p.name, patience, err)
		}
		if err := wait(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// tailSize is how much of a process's output is kept.
const tailSize = 4 << 10

// tail keeps the newest output of a process.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
