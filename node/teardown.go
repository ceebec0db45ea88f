package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// teardown is the way back: each step of the start leaves its undoing here,
// and run goes through them backwards, on a stop and on a failed start alike.
type teardown struct {
	log   *slog.Logger
	steps []step
}

type step struct {
	name string
	undo func(context.Context) error
}

func (t *teardown) add(name string, undo func(context.Context) error) {
	t.steps = append(t.steps, step{name, undo})
}

// run undoes all, each within its share of the time that ctx leaves, and says
// what it left behind.
func (t *teardown) run(ctx context.Context) error {
	var errs []error
	for _, s := range slices.Backward(t.steps) {
		if err := t.undo(ctx, s); err != nil {
			errs = append(errs, err)
		}
	}
	t.steps = nil
	return errors.Join(errs...)
}

func (t *teardown) undo(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.undo(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("stop %s: %w", s.name, err)
		}
		t.log.Debug("stopped", "part", s.name)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: left behind: %w", s.name, ctx.Err())
	}
}
