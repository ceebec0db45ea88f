package desk

// State is what an agent is doing.
type State string

// The states.
const (
	Offline  State = "offline"
	NotReady State = "not_ready" // by the system, with a reason
	Ready    State = "ready"     // 示闲
	Break    State = "break"     // 小休
	Ringing  State = "ringing"   // 振铃
	Talking  State = "talking"   // 通话
	Held     State = "held"      // 保持
	WrapUp   State = "wrapup"    // 话后整理
)

// Happening is what moves an agent from state to state.
type Happening string

// The happenings.
const (
	SignedIn   Happening = "signed in"
	WentReady  Happening = "went ready" // asked, and the queue has taken it
	TookBreak  Happening = "took break"
	LegLost    Happening = "leg lost"
	DeskLost   Happening = "desk lost" // no socket for 15 s
	Rang       Happening = "rang"
	RingOver   Happening = "ring over"   // revoked, citizen gone
	RingFailed Happening = "ring failed" // unanswered, rejected, unreachable
	Connected  Happening = "connected"
	HeldBy     Happening = "held"
	Resumed    Happening = "resumed"
	TalkEnded  Happening = "talk ended"
	TakenBack  Happening = "taken back" // the agent was not heard for too long
	Finished   Happening = "finished"   // wrap-up is over
	SignedOut  Happening = "signed out"
)

// Arrow is one row of the table.
type Arrow struct{ From, Event, To string }

type arrow struct {
	from State
	by   Happening
	to   State
}

func arrows() []arrow {
	return []arrow{
		{Offline, SignedIn, NotReady},
		{NotReady, WentReady, Ready},
		{NotReady, TookBreak, Break},
		{NotReady, DeskLost, NotReady},
		{NotReady, SignedOut, Offline},
		{Ready, TookBreak, Break},
		{Ready, LegLost, NotReady},
		{Ready, DeskLost, NotReady},
		{Ready, Rang, Ringing},
		{Ready, RingFailed, NotReady}, // a conversation's ring
		{Ready, SignedOut, Offline},
		{Break, WentReady, Ready},
		{Break, TookBreak, Break}, // another reason
		{Break, DeskLost, NotReady},
		{Break, SignedOut, Offline},
		{Ringing, RingOver, Ready},
		{Ringing, RingFailed, NotReady},
		{Ringing, Connected, Talking},
		{Talking, HeldBy, Held},
		{Talking, TalkEnded, WrapUp},
		{Talking, TakenBack, NotReady},
		{Held, Resumed, Talking},
		{Held, TalkEnded, WrapUp},
		{Held, TakenBack, NotReady},
		{WrapUp, Finished, Ready}, // then at once what was pending
	}
}

// States is the agent's table, for docs/states.md: what is not in it cannot happen.
func States() []Arrow { return rows(arrows()) }

func rows(table []arrow) []Arrow {
	lines := make([]Arrow, len(table))
	for i, a := range table {
		lines[i] = Arrow{From: string(a.from), Event: string(a.by), To: string(a.to)}
	}
	return lines
}

// next tells where a happening leads; ok is false when it cannot happen there.
func next(from State, by Happening) (to State, ok bool) {
	for _, a := range arrows() {
		if a.from == from && a.by == by {
			return a.to, true
		}
	}
	return from, false
}

// busy says whether a contact is at the seat.
func (s State) busy() bool { return s == Ringing || s == Talking || s == Held || s == WrapUp }

// speaking says whether the citizen is at the seat.
func (s State) speaking() bool { return s == Talking || s == Held }

// The reasons of NotReady.
const (
	reasonSignedIn     = "signed_in"
	reasonAudio        = "audio"
	reasonDisconnected = "disconnected"
	reasonRestarted    = "restarted"
)

// breakReasons are what an agent may give for a break.
func breakReasons() []string { return []string{"rest", "meal", "training", "meeting", "other"} }
