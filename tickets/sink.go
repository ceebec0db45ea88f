package tickets

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sink hands parcels to one unit. Deliver returns the unit's reference once it
// has the parcel; any error is a *Refusal, or counts as Faulty and is retried.
// It blocks for the unit and ends with ctx.
type Sink interface {
	Deliver(ctx context.Context, p Parcel) (ack string, err error)
}

// Sinks finds the sink of a unit; false when the unit has no address.
type Sinks interface {
	Sink(unit string) (Sink, bool)
}

// Refusal is a failed attempt as a value: why, and what to do about it. Its
// text holds no personal data and no address.
type Refusal struct {
	Why        Failure
	Status     int           // of HTTP, 0 when there was none
	Permanent  bool          // the same bytes will never do
	RetryAfter time.Duration // the unit asked for, 0 when it did not
}

func (r *Refusal) Error() string {
	if r.Status == 0 {
		return "tickets: not delivered: " + string(r.Why)
	}
	return fmt.Sprintf("tickets: not delivered: %s (status %d)", r.Why, r.Status)
}

// refusal reads any error as one.
func refusal(err error) Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return *r
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Refusal{Why: TimedOut}
	}
	return Refusal{Why: Faulty}
}
