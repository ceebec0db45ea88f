package headless

import (
	"context"
	"errors"
	"fmt"
)

// ErrIdle says that the agent has no call, or no audio.
var ErrIdle = errors.New("headless: no call at hand")

// ask runs do in the agent's goroutine, beside what the agent does by itself.
func (a *Agent) ask(ctx context.Context, do func(context.Context) error) error {
	answer := make(chan error, 1)
	select {
	case a.asked <- func(ctx context.Context) { answer <- do(ctx) }:
	case <-a.done:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("headless: ask: %w", ctx.Err())
	}
	return <-answer
}

// Command sends one command on the call at hand, such as call.hold.
func (a *Agent) Command(ctx context.Context, kind string) error {
	return a.ask(ctx, func(ctx context.Context) error {
		if a.call == nil {
			return ErrIdle
		}
		return a.client.Do(ctx, kind, a.contact())
	})
}

// Hush stops or resumes the agent's audio: nothing is sent, as by a browser
// whose network is gone.
func (a *Agent) Hush(ctx context.Context, on bool) error {
	return a.ask(ctx, func(context.Context) error {
		l := a.speaking()
		switch {
		case l == nil:
			return ErrIdle
		case on:
			l.hush()
		default:
			l.speak(a.o.Play)
		}
		return nil
	})
}

// Cut ends the socket; the agent opens another.
func (a *Agent) Cut(ctx context.Context) error {
	return a.ask(ctx, func(context.Context) error { return a.client.Close() })
}

// REST is the agent's sign-in at the staff API.
func (a *Agent) REST() *REST { return a.rest }
