package session

import (
	"time"

	"hotline/gateway"
	"hotline/media"
)

const (
	lookEvery   = 500 * time.Millisecond
	lookCloser  = 100 * time.Millisecond // while the agent's audio is gone
	tellEvery   = 4                      // looks between two measurements that the desk is told
	measureOver = 10                     // looks that one measurement spans: 5 s
)

// ear measures how the audio of one talk arrives. Counts of a leg that was
// replaced go on where the old one's ended.
type ear struct {
	since time.Time       // silence of the agent counts from here
	read  gateway.Stats   // as the medium had it last
	sum   gateway.Stats   // since the talk began
	marks []gateway.Stats // sum at the last looks, the oldest first
	looks int
}

// begin forgets what was before the talk.
func (e *ear) begin(now gateway.Stats, at time.Time) {
	*e = ear{since: at, read: now, marks: make([]gateway.Stats, 1, measureOver+1)}
}

// take adds what has come since it was asked last.
func (e *ear) take(now gateway.Stats) {
	grow(&e.sum.Citizen, e.read.Citizen, now.Citizen)
	grow(&e.sum.Agent, e.read.Agent, now.Agent)
	e.read = now
}

// mark is one look; it tells when the desk is due to hear of it.
func (e *ear) mark() (due bool) {
	if len(e.marks) > measureOver {
		e.marks = e.marks[:copy(e.marks, e.marks[1:])]
	}
	e.marks = append(e.marks, e.sum)
	e.looks++
	return e.looks%tellEvery == 0
}

// silent is how long nothing has come from the agent.
func (e *ear) silent(now time.Time) time.Duration {
	from := e.since
	if last := e.read.Agent.Last; last.After(from) {
		from = last
	}
	return now.Sub(from)
}

// lately is the quality of the last 5 s.
func (e *ear) lately() Quality { return e.quality(e.marks[0]) }

// whole is the quality of all the talk.
func (e *ear) whole() Quality { return e.quality(gateway.Stats{}) }

func (e *ear) quality(from gateway.Stats) Quality {
	return Quality{FromCitizen: e.sum.Citizen.Since(from.Citizen), FromAgent: e.sum.Agent.Since(from.Agent)}
}

// grow adds the step from last to now, two counts of a leg. A count that is
// smaller is another leg's; one of nothing is a leg that has ended.
func grow(sum *media.Stats, last, now media.Stats) {
	if now.In == 0 {
		return
	}
	if now.In < last.In {
		last = media.Stats{}
	}
	sum.In += now.In - last.In
	sum.Lost = uint64(max(0, int64(sum.Lost)+int64(now.Lost)-int64(last.Lost)))
	sum.Jitter, sum.RoundTrip = now.Jitter, now.RoundTrip
}
