package main

import (
	"context"
	"errors"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// errCut is what a node gets that does not reach Redis.
var errCut = errors.New("chaos: the node is cut off")

// wire is a node's way to Redis, which can be cut; what is under way when it is
// cut may have arrived. One script of ten arrives a second time: a moment later,
// or much later.
type wire struct{ cut atomic.Bool }

// repeat sends the script again as it was.
func (w *wire) repeat(next redis.ProcessHook, cmd redis.Cmder) {
	if cmd.Name() != "evalsha" || roll(10) != 0 {
		return
	}
	late := time.Duration(math.Exp(float64(roll(1_000_000))/1e6*math.Log(4000))) * time.Millisecond
	time.AfterFunc(late, func() {
		if !w.cut.Load() {
			_ = next(context.Background(), redis.NewCmd(context.Background(), cmd.Args()...)) // nobody waits for the answer
		}
	})
}

// DialHook implements redis.Hook.
func (w *wire) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.cut.Load() {
			return nil, errCut
		}
		return next(ctx, network, addr)
	}
}

// ProcessHook implements redis.Hook.
func (w *wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if w.cut.Load() {
			cmd.SetErr(errCut)
			return errCut
		}
		err := next(ctx, cmd)
		w.repeat(next, cmd)
		if w.cut.Load() { // the answer is lost
			cmd.SetErr(errCut)
			return errCut
		}
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (w *wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if w.cut.Load() {
			return errCut
		}
		return next(ctx, cmds)
	}
}
