package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// draining is closed by the first signal; the second ends the context.
type draining <-chan struct{}

// signals turns SIGINT and SIGTERM into the two ways to stop.
func signals(parent context.Context) (ctx context.Context, drain draining, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	caught := make(chan os.Signal, 2)
	first := make(chan struct{})
	signal.Notify(caught, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		defer signal.Stop(caught)
		select {
		case <-caught:
			close(first)
		case <-ctx.Done():
			return
		}
		select {
		case <-caught:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, first, cancel
}

// hangUps yields a SIGHUP for each that came, at least the last of several; stop
// closes it.
func hangUps() (again <-chan os.Signal, stop func()) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	return caught, func() {
		signal.Stop(caught)
		close(caught)
	}
}

// either ends with ctx or with the first signal: for commands that have
// nothing to drain.
func either(ctx context.Context, drain draining) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-drain:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
