package desk

// Stage is how a conversation stands at a seat.
type Stage string

// The stages.
const (
	Absent   Stage = "absent" // not at the seat
	Rings    Stage = "ringing"
	Open     Stage = "open"
	Parked   Stage = "parked" // waits for the citizen; the slot stays taken
	Wrapping Stage = "wrapup"
)

// The happenings of conversations, besides those of the seat.
const (
	Restored Happening = "restored" // its node has died, the agent goes on
	SetAside Happening = "set aside"
	TakenUp  Happening = "taken up"
)

func conversationArrows() []arrow {
	table := []struct {
		from Stage
		by   Happening
		to   Stage
	}{
		{Absent, Rang, Rings},
		{Absent, Restored, Open},
		{Rings, RingOver, Absent},
		{Rings, RingFailed, Absent},
		{Rings, Connected, Open},
		{Open, Restored, Open},
		{Open, SetAside, Parked},
		{Open, TalkEnded, Wrapping},
		{Open, TakenBack, Absent},
		{Open, Finished, Absent}, // it was over before its node died
		{Parked, Restored, Open},
		{Parked, TakenUp, Open},
		{Parked, TalkEnded, Wrapping},
		{Parked, TakenBack, Absent},
		{Parked, Finished, Absent},
		{Wrapping, Finished, Absent},
	}
	arrows := make([]arrow, len(table))
	for i, a := range table {
		arrows[i] = arrow{State(a.from), a.by, State(a.to)}
	}
	return arrows
}

// ConversationStates is the table of a conversation at a seat, for
// docs/states.md: what is not in it cannot happen.
func ConversationStates() []Arrow { return rows(conversationArrows()) }

// nextStage tells where a happening leads; ok is false when it cannot happen there.
func nextStage(from Stage, by Happening) (to Stage, ok bool) {
	for _, a := range conversationArrows() {
		if a.from == State(from) && a.by == by {
			return Stage(a.to), true
		}
	}
	return from, false
}
