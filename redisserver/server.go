package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	firstPause  = 50 * time.Millisecond // before a dead child is started again
	longPause   = 5 * time.Second
	calmAfter   = 10 * time.Second // a child that lived so long resets the pause
	killAfter   = 10 * time.Second // from SIGTERM to SIGKILL
	loadTimeout = 60 * time.Second // for reading the append-only file at start
)

// Server is one supervised redis-server. Its methods may be called from any
// goroutine.
type Server struct {
	cfg    Config
	binary string
	socket string
	remove string // temporary folder of the socket, if any
	lock   *os.File
	cancel context.CancelFunc
	done   chan struct{} // closed when the last child is dead
	failed chan error    // the child's end before the server was ready
	pid    atomic.Int64
	tail   *lastLines
	once   sync.Once
}

// Start locks the folder, starts a redis-server in it and returns once it has
// read its file and answers. ctx bounds the start only. Errors: ErrMissing,
// ErrTooOld, ErrLocked, or what the server said before it died.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("redisserver: %w", err)
	}
	s, err := prepare(ctx, cfg.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("redisserver: %w", err)
	}
	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	s.run(alive)
	if err := s.awaitReady(ctx); err != nil {
		return nil, fmt.Errorf("redisserver: %w", errors.Join(err, s.Stop(context.WithoutCancel(ctx))))
	}
	s.cfg.Log.Info("redis is ready", "socket", s.socket, "pid", s.Pid())
	return s, nil
}

// run starts the server's goroutines; done closes when all have ended.
func (s *Server) run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.supervise(ctx) })
	if s.cfg.Appendfsync == "everysec" {
		all.Go(func() { s.syncFiles(ctx) })
	}
	go func() {
		all.Wait()
		close(s.done)
	}()
}

func prepare(ctx context.Context, cfg Config) (*Server, error) {
	binary, err := findBinary(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	lock, err := lockDir(ctx, cfg.Dir)
	if err != nil {
		return nil, err
	}
	socket, remove, err := socketPath(cfg.Dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Server{
		cfg: cfg, binary: binary, socket: socket, remove: remove, lock: lock,
		done: make(chan struct{}), failed: make(chan error, 1), tail: &lastLines{},
	}, nil
}

// Addr is the path of the Unix socket.
func (s *Server) Addr() string { return s.socket }

// URL names the server for redis.ParseURL.
func (s *Server) URL() string { return "unix://" + s.socket }

// Pid is the child's process ID, 0 between two children.
func (s *Server) Pid() int { return int(s.pid.Load()) }

// Stop ends the child by SIGTERM (it writes its file first), after 10 s by
// SIGKILL, and leaves nothing behind but the data. It returns once the child
// is dead, or with an error when ctx ends before. Safe to call twice.
func (s *Server) Stop(ctx context.Context) error {
	s.cancel()
	select {
	case <-s.done:
	case <-ctx.Done():
		return fmt.Errorf("redisserver: stop: process %d is still there: %w", s.Pid(), ctx.Err())
	}
	var err error
	s.once.Do(func() { err = s.cleanUp() })
	return err
}

func (s *Server) cleanUp() error {
	err := s.lock.Close()
	if s.remove != "" {
		err = errors.Join(err, os.RemoveAll(s.remove))
	}
	if err != nil {
		return fmt.Errorf("redisserver: stop: %w", err)
	}
	return nil
}

// awaitReady returns once the server answers and has loaded its file.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket, MaxRetries: -1, PoolSize: 1})
	defer func() { _ = client.Close() }()
	var died error
	err := poll(ctx, func() error {
		select {
		case died = <-s.failed:
			return nil
		default:
			return loaded(ctx, client)
		}
	})
	if err != nil {
		return fmt.Errorf("wait until redis is ready: %w", err)
	}
	return died
}

func loaded(ctx context.Context, client *redis.Client) error {
	text, err := client.Info(ctx, "persistence").Result()
	if err != nil {
		return err
	}
	if parseInfo(text)["loading"] != "0" {
		return errors.New("redis still reads its file")
	}
	return nil
}
