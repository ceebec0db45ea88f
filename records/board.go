package records

import (
	"context"
	"time"

	"hotline/contact"
)

// The goals of service (GB/T 33358): a call is answered within AnswerGoal of
// entering the queue, a message is answered within ReplyGoal of its acceptance.
// Who gives up in the queue within ShortAbandon is counted apart.
const (
	AnswerGoal   = 15 * time.Second
	ReplyGoal    = 3 * time.Minute
	ShortAbandon = 5 * time.Second
)

// Count is how the contacts of a period fared. A contact is in one of the
// fields, and counts for the time when it was accepted.
type Count struct {
	InTime   int // served within the goal: a call connected, a message replied to
	Late     int // served later
	Lost     int // entered the queue and ended without being served
	Short    int // gave up in the queue within ShortAbandon
	Callback int // left for a call back, or is one that reached nobody
	Refused  int // ended before the queue: refused, or gave up in the greeting
	Waiting  int // not served yet, within the goal
	Overdue  int // not served yet, beyond the goal
}

// Served within the goal or later.
func (c Count) Served() int { return c.InTime + c.Late }

// ServiceLevel is the share served within the goal, of those who were served,
// lost or are overdue; ok is false when there is nobody.
func (c Count) ServiceLevel() (share float64, ok bool) {
	return part(c.InTime, c.Served()+c.Lost+c.Overdue)
}

// ConnectRate is the share served, of those who were served or lost; ok is
// false when there is nobody.
func (c Count) ConnectRate() (share float64, ok bool) { return part(c.Served(), c.Served()+c.Lost) }

func part(n, of int) (float64, bool) {
	if of == 0 {
		return 0, false
	}
	return float64(n) / float64(of), true
}

// Plus adds.
func (c Count) Plus(o Count) Count {
	return Count{
		c.InTime + o.InTime, c.Late + o.Late, c.Lost + o.Lost, c.Short + o.Short,
		c.Callback + o.Callback, c.Refused + o.Refused, c.Waiting + o.Waiting, c.Overdue + o.Overdue,
	}
}

// Tally is how one line fared in one class.
type Tally struct {
	Line  string
	Class contact.Class
	Today Count // since the beginning of the day
	Day   Count // the last 24 hours
	// Losses are those of the last 24 hours that were not served, by cause, the
	// short ones and the refused included.
	Losses map[contact.Cause]int
}

// Figures are computed from the records, for a supervisor's board. The methods
// may be called each few seconds; they block for the database.
type Figures interface {
	// Tallies counts the contacts of the 24 hours before now, by line and class.
	// Today begins at today, which is not earlier than 24 hours before now.
	Tallies(ctx context.Context, now, today time.Time) ([]Tally, error)
	// Waiting lists those who entered the queue after since and have met nobody
	// yet, as far as it is recorded, the longest wait first; limit 1-500.
	Waiting(ctx context.Context, since time.Time, limit int) ([]Record, error)
}
