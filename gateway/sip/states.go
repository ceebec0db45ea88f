package sip

// State is where a call stands.
type State string

// The states of a call.
const (
	Invited    State = "invited"    // their INVITE is here, no final answer yet
	Ringing    State = "ringing"    // we sent 180
	Accepted   State = "accepted"   // we sent 200, the ACK is outstanding
	Leaving    State = "leaving"    // we want to hang up, the ACK is outstanding
	Calling    State = "calling"    // our INVITE is out, no answer yet
	Proceeding State = "proceeding" // a provisional answer came
	Cancelling State = "cancelling" // we gave up; the final answer is outstanding
	Talking    State = "talking"    // confirmed
	Refreshing State = "refreshing" // confirmed, our re-INVITE or UPDATE is out
	Ended      State = "ended"
)

// Event is what happens to a call.
type Event string

// The events of a call.
const (
	evRing        Event = "ring"        // order: send 180
	evAnswer      Event = "answer"      // order: send 200
	evRefuse      Event = "refuse"      // order: send a final refusal
	evHangup      Event = "hangup"      // order: end it
	evCancel      Event = "cancel"      // their CANCEL
	evAck         Event = "ack"         // their ACK
	evAckLost     Event = "ack lost"    // 64·T1 without an ACK
	evBye         Event = "bye"         // their BYE
	evReoffer     Event = "reoffer"     // their re-INVITE or UPDATE
	evRefresh     Event = "refresh"     // our re-INVITE or UPDATE goes out
	evRefreshed   Event = "refreshed"   // 2xx to it
	evPutOff      Event = "put off"     // 491 or another refusal of it: later again
	evLost        Event = "lost"        // 408, 481 or nothing to it
	evExpired     Event = "expired"     // the session timer ran out
	evRetry       Event = "retry"       // 422 to our INVITE: it goes out anew
	evProvisional Event = "provisional" // 1xx to our INVITE
	evSuccess     Event = "success"     // 2xx to our INVITE
	evFailure     Event = "failure"     // 3xx-6xx to our INVITE, or no answer
	evBroken      Event = "broken"      // a fault of ours or of the transport
)

// Arrow is one line of the table of states.
type Arrow struct{ From, Event, To string }

// arrows is the whole table: what is not listed is not allowed.
func arrows() map[State]map[Event]State {
	return map[State]map[Event]State{
		Invited: {
			evRing: Ringing, evAnswer: Accepted, evRefuse: Ended, evHangup: Ended,
			evCancel: Ended, evBye: Ended, evBroken: Ended,
		},
		Ringing: {
			evRing: Ringing, evAnswer: Accepted, evRefuse: Ended, evHangup: Ended,
			evCancel: Ended, evBye: Ended, evBroken: Ended,
		},
		// RFC 3261 §9.2: a CANCEL after the final answer changes nothing.
		// §15: no BYE before the ACK, or before its time is over.
		// RFC 3311 §5.2: an UPDATE may come before the ACK.
		Accepted: {
			evAck: Talking, evAckLost: Ended, evBye: Ended, evHangup: Leaving,
			evRefuse: Leaving, evCancel: Accepted, evReoffer: Accepted, evBroken: Ended,
		},
		Leaving: {
			evAck: Ended, evAckLost: Ended, evBye: Ended, evHangup: Leaving,
			evCancel: Leaving, evBroken: Ended,
		},
		Calling: {
			evProvisional: Proceeding, evSuccess: Talking, evFailure: Ended,
			evRetry: Calling, evHangup: Cancelling, evBroken: Ended,
		},
		Proceeding: {
			evProvisional: Proceeding, evSuccess: Talking, evFailure: Ended,
			evRetry: Calling, evHangup: Cancelling, evBroken: Ended,
		},
		// A 2xx that crosses our CANCEL is acknowledged and ended with BYE.
		Cancelling: {
			evProvisional: Cancelling, evSuccess: Ended, evFailure: Ended,
			evHangup: Cancelling, evBroken: Ended,
		},
		Talking: {
			evAck: Talking, evAckLost: Ended, evBye: Ended, evHangup: Ended,
			evRefuse: Ended, evReoffer: Talking, evCancel: Talking,
			evRefresh: Refreshing, evExpired: Ended, evBroken: Ended,
		},
		// RFC 4028 §10: who has lost our session gets a BYE.
		Refreshing: {
			evAck: Refreshing, evAckLost: Ended, evBye: Ended, evHangup: Ended,
			evRefuse: Ended, evReoffer: Refreshing, evCancel: Refreshing,
			evRefresh: Refreshing, evRefreshed: Talking, evPutOff: Talking,
			evLost: Ended, evExpired: Ended, evBroken: Ended,
		},
		Ended: {},
	}
}

// next looks an event up; false: the event has no place in this state.
func next(s State, e Event) (State, bool) {
	to, ok := arrows()[s][e]
	return to, ok
}

// allStates lists the states in the order of a call's life.
func allStates() []State {
	return []State{Invited, Ringing, Accepted, Leaving, Calling, Proceeding, Cancelling, Talking, Refreshing, Ended}
}

func allEvents() []Event {
	return []Event{
		evRing, evAnswer, evRefuse, evHangup, evCancel, evAck, evAckLost, evBye,
		evReoffer, evRefresh, evRefreshed, evPutOff, evLost, evExpired, evRetry,
		evProvisional, evSuccess, evFailure, evBroken,
	}
}

// States is the table of a call's states, for docs/states.md and its test.
func States() []Arrow {
	var out []Arrow
	for _, from := range allStates() {
		for _, e := range allEvents() {
			if to, ok := next(from, e); ok {
				out = append(out, Arrow{From: string(from), Event: string(e), To: string(to)})
			}
		}
	}
	return out
}
