package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// supervise keeps one child alive until ctx ends. It owns the child.
//
// Pdeathsig is sent when the thread that started the child ends, not the
// process (prctl(2), PR_SET_PDEATHSIG): so this goroutine keeps its thread.
func (s *Server) supervise(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for pause := firstPause; ctx.Err() == nil; pause = min(pause*2, longPause) {
		began := time.Now()
		err := s.runChild(ctx)
		if ctx.Err() != nil {
			return
		}
		s.reportDeath(err)
		if time.Since(began) > calmAfter {
			pause = firstPause
		}
		waitOut(ctx, pause)
	}
}

func waitOut(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// runChild returns when the child is dead.
func (s *Server) runChild(ctx context.Context) error {
	cmd := s.command(ctx)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.binary, err)
	}
	s.pid.Store(int64(cmd.Process.Pid))
	defer s.pid.Store(0)
	return cmd.Wait()
}

func (s *Server) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.binary, s.args()...) //nolint:gosec // found by LookPath; arguments are ours
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	out := &lineWriter{log: s.cfg.Log, tail: s.tail}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{s.lock}
	return cmd
}

func (s *Server) args() []string {
	return []string{
		"--port", "0", "--unixsocket", s.socket, "--unixsocketperm", "700",
		"--dir", s.cfg.Dir, "--save", "", "--appendonly", "yes",
		"--appendfsync", s.cfg.redisFsync(), "--maxmemory-policy", "noeviction",
		"--hash-max-listpack-value", "512", // a contact's steps stay in its small form
		"--daemonize", "no", "--logfile", "",
	}
}

func (s *Server) reportDeath(err error) {
	if err == nil {
		err = errors.New("exit status 0")
	}
	s.cfg.Log.Error("redis has died", "error", err)
	select {
	case s.failed <- fmt.Errorf("redis has died: %w\n%s", err, s.tail):
	default: // it was ready once: who waits is gone
	}
}
