package session

// ConversationStates is the table of a conversation, as States is a call's.
func ConversationStates() []Arrow {
	return []Arrow{
		{Arriving, Admitted, Queued},
		{Arriving, Refused, Over},
		{Arriving, CitizenGone, Over},
		{Arriving, AdoptedWaiting, Queued},
		{Arriving, AdoptedServing, Serving},
		{Arriving, HandedOver, Over},
		{Queued, Matched, Offered},
		{Queued, CitizenGone, Over}, // abandoned in the queue
		{Queued, HandedOver, Over},
		{Offered, AcceptedBy, Serving},
		{Offered, RingOver, Queued},  // keeps its place
		{Offered, CitizenGone, Over}, // abandoned ringing
		{Serving, ParkedBy, Parked},
		{Serving, SeatGone, Queued}, // at the old place, with the whole thread
		{Serving, AgentLeft, Wrapping},
		{Serving, CitizenGone, Wrapping},
		{Serving, CitizenSilent, Wrapping}, // the agent had taken it up again, without a word
		{Serving, HandedOver, Over},
		{Parked, Unparked, Serving},
		{Parked, SeatGone, Queued},
		{Parked, AgentLeft, Wrapping},
		{Parked, CitizenGone, Wrapping},
		{Parked, CitizenSilent, Wrapping},
		{Parked, HandedOver, Over},
		{Wrapping, Wrapped, Over},
	}
}

// nextOfText tells where an event leads a conversation; ok is false when it
// cannot happen there.
func nextOfText(from State, e Happening) (State, bool) {
	return follow(ConversationStates(), from, e)
}

func follow(table []Arrow, from State, e Happening) (State, bool) {
	for _, a := range table {
		if a.From == from && a.Event == e {
			return a.To, true
		}
	}
	return from, false
}
