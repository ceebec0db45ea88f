package routing

// State is where a contact stands in the queue.
type State string

// The states. A contact that the queue never saw is New.
const (
	New      State = "new"
	Wait     State = "wait"
	Offered  State = "offered"
	Talking  State = "talking"
	Wrapping State = "wrapping"
	Lost     State = "lost" // its node is dead; it may turn out to live
	Ended    State = "ended"
)

// Event moves a contact from one state to the next.
type Event string

// The events; the log stream of the store carries one a transition.
const (
	Enqueued    Event = "enqueued"
	Reserved    Event = "reserved"     // an agent was found; the token rises
	Accepted    Event = "accepted"     //
	Declined    Event = "declined"     // rejected, unanswered, unreachable: the agent is parked
	Expired     Event = "expired"      // the lease ran out: the agent is parked
	SeatLost    Event = "seat_lost"    // the agent's desk is gone: the contact waits at its old place
	Wrapped     Event = "wrapped"      // the talk is over, the agent writes
	Completed   Event = "completed"    // Finish
	Withdrawn   Event = "withdrawn"    // the citizen is gone
	AnchorLost  Event = "anchor_lost"  // the node of a call is dead: cause node_lost
	AnchorMoved Event = "anchor_moved" // the node of a conversation is dead: another takes it
	Widened     Event = "widened"      // a step: it waits in further buckets
	Rerouted    Event = "rerouted"     // Reroute: other buckets, the same place

	// The anchor has lost its lease, registered anew, and says how it stands.
	AssertedWaiting  Event = "asserted_waiting"
	AssertedTalking  Event = "asserted_talking"
	AssertedWrapping Event = "asserted_wrapping"
)

// Arrow is one allowed transition.
type Arrow struct{ From, Event, To string }

// arrow is an Arrow in the queue's own words.
type arrow struct {
	from  State
	event Event
	to    State
}

// table is all that may happen, in the order of a contact's life.
func table() [43]arrow {
	return [...]arrow{
		{New, Enqueued, Wait},
		{New, Withdrawn, Ended}, // a late Enqueue must not revive it
		{Wait, Reserved, Offered},
		{Wait, Widened, Wait},
		{Wait, Rerouted, Wait},
		{Wait, Withdrawn, Ended},
		{Wait, AnchorLost, Lost},
		{Wait, AnchorMoved, Wait},
		{Offered, Accepted, Talking},
		{Offered, Declined, Wait},
		{Offered, Expired, Wait},
		{Offered, SeatLost, Wait},
		{Offered, Withdrawn, Ended},
		{Offered, AnchorLost, Lost},
		{Offered, AnchorMoved, Wait},
		{Talking, Wrapped, Wrapping},
		{Talking, SeatLost, Wait}, // Decline(Disconnected) after 30 s without a desk
		{Talking, Completed, Ended},
		{Talking, Withdrawn, Ended},
		{Talking, AnchorLost, Lost},
		{Talking, AnchorMoved, Talking},
		{Wrapping, Completed, Ended},
		{Wrapping, Withdrawn, Ended},
		{Wrapping, AnchorLost, Lost},
		{Wrapping, AnchorMoved, Wrapping},
		{Lost, Enqueued, Wait}, // at its old place
		{New, AssertedWaiting, Wait},
		{New, AssertedTalking, Talking},
		{New, AssertedWrapping, Wrapping},
		{Lost, AssertedWaiting, Wait},
		{Lost, AssertedTalking, Talking},
		{Lost, AssertedWrapping, Wrapping},
		{Wait, AssertedWaiting, Wait},
		{Wait, AssertedTalking, Talking},
		{Wait, AssertedWrapping, Wrapping},
		{Offered, AssertedWaiting, Wait},
		{Offered, AssertedTalking, Talking},
		{Offered, AssertedWrapping, Wrapping},
		{Talking, AssertedWaiting, Wait},
		{Talking, AssertedTalking, Talking},
		{Talking, AssertedWrapping, Wrapping},
		{Wrapping, AssertedTalking, Wrapping}, // its Wrap has come before
		{Wrapping, AssertedWrapping, Wrapping},
	}
}

// States is the whole table, in the order of a contact's life.
func States() []Arrow {
	arrows := table()
	out := make([]Arrow, len(arrows))
	for i, a := range arrows {
		out[i] = Arrow{string(a.from), string(a.event), string(a.to)}
	}
	return out
}

// Next is the state after the event; false when the table has no such arrow.
func Next(from State, event Event) (State, bool) {
	for _, a := range table() {
		if a.from == from && a.event == event {
			return a.to, true
		}
	}
	return from, false
}
