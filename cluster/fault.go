package cluster

import (
	"errors"
	"slices"
)

// Code says of what kind an error on another node was. Each subject's two ends
// know what theirs stand for.
type Code string

// The codes.
const (
	Internal Code = "internal" // whatever has no code of its own
	Unserved Code = "unserved" // nobody takes messages of the subject there
	Late     Code = "late"     // the handler's time was up
	Stale    Code = "stale"    // the token is over
	NotYours Code = "not_yours"
	State    Code = "state"   // not possible now
	NoDesk   Code = "no_desk" // the agent is not there
	Refused  Code = "refused" // what was sent is at fault
	Gone     Code = "gone"    // it is over
	Fenced   Code = "fenced"  // the node has lost its lease
	Closed   Code = "closed"  // the conversation is over
	Reused   Code = "reused"  // the name was used for something else
)

// Codes lists all of them.
func Codes() []Code {
	return []Code{Internal, Unserved, Late, Stale, NotYours, State, NoDesk, Refused, Gone, Fenced, Closed, Reused}
}

// Fault is an error of another node's handler.
type Fault struct {
	Code Code
	Text string // for the log
}

func (f *Fault) Error() string { return "cluster: " + string(f.Code) + ": " + f.Text }

// FaultOf is err as it crosses: a *Fault within it, or an internal one. A code
// that is not on the list becomes Internal.
func FaultOf(err error) *Fault {
	var f *Fault
	if !errors.As(err, &f) {
		return &Fault{Code: Internal, Text: err.Error()}
	}
	if slices.Contains(Codes(), f.Code) {
		return f
	}
	return &Fault{Code: Internal, Text: f.Text}
}
