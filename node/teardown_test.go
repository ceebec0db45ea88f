package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTeardownGoesBackwardsAndSaysWhatItLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		release := make(chan struct{})
		defer close(release)
		down := &teardown{log: slog.New(slog.DiscardHandler)}
		note := func(name string, err error) {
			down.add(name, func(context.Context) error { order = append(order, name); return err })
		}
		note("first", nil)
		note("second", errors.New("would not close"))
		down.add("third", func(context.Context) error { <-release; return nil })
		note("fourth", nil)

		err := down.run(t.Context())
		if want := []string{"fourth", "second", "first"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		for _, want := range []string{"stop third: left behind", "stop second: would not close"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
		if down.run(t.Context()) != nil || len(order) != 3 {
			t.Error("a second run does something again")
		}
	})
}
