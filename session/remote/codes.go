package remote

import (
	"context"
	"errors"
	"fmt"

	"hotline/channels"
	"hotline/cluster"
	"hotline/gateway"
	"hotline/routing"
	"hotline/session"
)

// pair is an error of ours and the code under which it crosses.
type pair struct {
	code cluster.Code
	err  error
}

func pairs() []pair {
	return []pair{
		{cluster.Stale, routing.ErrStale},
		{cluster.NotYours, session.ErrNotYours},
		{cluster.State, session.ErrState},
		{cluster.NoDesk, session.ErrNoDesk},
		{cluster.Gone, gateway.ErrGone},
		{cluster.Fenced, routing.ErrFenced},
		{cluster.Closed, channels.ErrClosed},
		{cluster.Reused, channels.ErrReused},
		{cluster.Late, context.DeadlineExceeded},
	}
}

// outward gives an error its code.
func outward(err error) error {
	if err == nil {
		return nil
	}
	for _, p := range pairs() {
		if errors.Is(err, p.err) {
			return &cluster.Fault{Code: p.code, Text: err.Error()}
		}
	}
	return err
}

// inward gives a code its error. What came of a question that nobody answered
// is not known; the time was up.
func inward(err error) error {
	var f *cluster.Fault
	if errors.Is(err, cluster.ErrNoAnswer) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	if !errors.As(err, &f) {
		return err
	}
	for _, p := range pairs() {
		if f.Code == p.code {
			return fmt.Errorf("%w (on the other node: %s)", p.err, f.Text)
		}
	}
	return err
}
