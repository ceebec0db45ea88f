package redisserver

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrAway refuses a command at once: Redis has not answered the last ones.
var ErrAway = errors.New("redis is away")

const (
	awayAfter  = 3                      // commands in a row without an answer
	probeEvery = 100 * time.Millisecond // at most, while Redis is away

	// probeWithin bounds such an attempt: an answer is looked for, no work done.
	probeWithin = 500 * time.Millisecond
)

// Guard stands before one client. While Redis does not answer, commands fail
// at once with ErrAway instead of waiting for their timeouts one behind the
// other; one at a time still goes through and finds out when it is back. What
// is refused was never sent. Its methods may be called from any goroutine.
type Guard struct {
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics

	mu      sync.Mutex
	failed  int // commands in a row
	since   time.Time
	away    bool
	probing bool
	probed  time.Time
}

var _ redis.Hook = (*Guard)(nil)

// NewGuard makes a guard, to be given to the client's AddHook. A nil
// registerer keeps its metrics out of sight.
func NewGuard(log *slog.Logger, reg Registerer) (*Guard, error) {
	m, err := newMetrics(reg)
	if err != nil {
		return nil, err
	}
	return &Guard{log: log, now: time.Now, metrics: m}, nil
}

// Away says whether Redis is taken to be away.
func (g *Guard) Away() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.away
}

// DialHook implements redis.Hook.
func (g *Guard) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (g *Guard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := g.pass(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
		if errors.Is(err, ErrAway) {
			cmd.SetErr(err)
		}
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (g *Guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := g.pass(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, ErrAway) {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// inside marks what a command does on its way: the client greets each new
// connection, through the same hooks.
type inside struct{}

func (g *Guard) pass(ctx context.Context, do func(context.Context) error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // says nothing of Redis
	case ctx.Value(inside{}) != nil:
		return do(ctx)
	}
	probe, ok := g.enter()
	if !ok {
		g.metrics.refused.Inc()
		return ErrAway
	}
	ctx = context.WithValue(ctx, inside{}, true)
	if probe {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, probeWithin)
		defer cancel()
	}
	err := do(ctx)
	g.leave(probe, err)
	return err
}

// enter lets a command through, or one at a time while Redis is away.
func (g *Guard) enter() (probe, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.away {
		return false, true
	}
	if now := g.now(); !g.probing && now.Sub(g.probed) >= probeEvery {
		g.probing, g.probed = true, now
		return true, true
	}
	return false, false
}

func (g *Guard) leave(probe bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if probe {
		g.probing = false
	}
	switch {
	case answered(err):
		g.returned()
	case unanswered(err):
		g.missed(err)
	}
}

func (g *Guard) returned() {
	g.failed = 0
	if g.away {
		g.away = false
		g.metrics.away.Set(0)
		g.log.Warn("redis is back", "seconds", int(g.now().Sub(g.since).Seconds()))
	}
}

func (g *Guard) missed(err error) {
	if g.failed++; g.failed == 1 && !g.away {
		g.since = g.now()
	}
	if g.failed >= awayAfter && !g.away {
		g.away = true
		g.metrics.away.Set(1)
		g.metrics.outages.Inc()
		g.log.Error("redis is away", "error", err)
	}
}

// answered: Redis has said something, be it a refusal.
func answered(err error) bool {
	var refusal redis.Error
	return err == nil || errors.As(err, &refusal) && !loading(err)
}

// unanswered: nothing came. A caller who gave up, or found no connection free,
// knows nothing of Redis.
func unanswered(err error) bool {
	return !errors.Is(err, context.Canceled) && !errors.Is(err, redis.ErrPoolTimeout) && !errors.Is(err, redis.ErrClosed)
}

func loading(err error) bool { return strings.HasPrefix(err.Error(), "LOADING ") }
