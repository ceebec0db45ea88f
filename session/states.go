package session

// State is where a contact stands with its session.
type State string

// The states.
const (
	Arriving     State = "arriving" // answering the call
	Greeting     State = "greeting"
	Queued       State = "queued"
	Offered      State = "offered"      // an agent's desk rings
	Serving      State = "serving"      // both parties hear each other
	Holding      State = "holding"      // the agent has put the citizen on hold
	Reconnecting State = "reconnecting" // the agent's audio is gone; the citizen hears that we reconnect
	Parked       State = "parked"       // a conversation that waits for the citizen
	Dialling     State = "dialling"     // a call-back: the agent has accepted, the citizen's phone rings
	Parting      State = "parting"      // waits no more, and hears why
	Wrapping     State = "wrapping"
	Over         State = "over"
)

// Happening is what moves a session on.
type Happening string

// The happenings.
const (
	Answered    Happening = "answered"
	Greeted     Happening = "greeted"
	Matched     Happening = "matched"      // the queue reserved an agent
	AcceptedBy  Happening = "accepted"     // the agent took the offer
	RingOver    Happening = "ring over"    // unanswered, rejected, unreachable, revoked
	HeldBy      Happening = "held"         // by the agent
	ResumedBy   Happening = "resumed"      // by the agent
	AgentSilent Happening = "agent silent" // nothing came from the agent for 2 s
	AgentHeard  Happening = "agent heard"  // and now something does
	SeatGone    Happening = "seat lost"    // the desk was gone for too long
	AgentLeft   Happening = "agent left"   // hung up
	CitizenGone Happening = "citizen gone"
	Refused     Happening = "refused"   // we could not or would not answer
	Wrapped     Happening = "wrapped"   // the agent is done, or time is up
	Dismissed   Happening = "dismissed" // is called back, or has waited too long

	// Of call-backs only.
	Promised  Happening = "promised"    // nobody is on the line
	DialledBy Happening = "dialled"     // the agent took the offer
	ReachedBy Happening = "reached"     // the citizen has answered
	Missed    Happening = "not reached" // the citizen has not

	// Of conversations only.
	Admitted       Happening = "admitted"        // an account of ours was written to
	AdoptedWaiting Happening = "adopted waiting" // its node is dead; nobody serves it
	AdoptedServing Happening = "adopted serving" // its node is dead; its agent goes on
	ParkedBy       Happening = "parked"          // by the agent, or the citizen has been silent
	Unparked       Happening = "unparked"        // by the agent, or either side wrote
	CitizenSilent  Happening = "citizen silent"  // for too long
	HandedOver     Happening = "handed over"     // another node has it
)

// Arrow is one row of the table.
type Arrow struct {
	From  State
	Event Happening
	To    State
}

// States is the session's table: what is not in it cannot happen.
func States() []Arrow {
	return []Arrow{
		{Arriving, Answered, Greeting},
		{Arriving, Refused, Over},
		{Arriving, CitizenGone, Over},
		{Arriving, Promised, Queued}, // a call-back
		{Greeting, Greeted, Queued},
		{Greeting, CitizenGone, Over}, // abandoned in the greeting
		{Queued, Matched, Offered},
		{Queued, CitizenGone, Over}, // abandoned in the queue
		{Queued, Dismissed, Parting},
		{Offered, AcceptedBy, Serving},
		{Offered, DialledBy, Dialling},
		{Offered, Dismissed, Parting},
		{Offered, RingOver, Queued},  // keeps its place
		{Offered, CitizenGone, Over}, // abandoned ringing
		{Serving, HeldBy, Holding},
		{Serving, AgentSilent, Reconnecting},
		{Serving, SeatGone, Queued}, // at the old place
		{Serving, AgentLeft, Wrapping},
		{Serving, CitizenGone, Wrapping},
		{Holding, ResumedBy, Serving},
		{Holding, SeatGone, Queued},
		{Holding, AgentLeft, Wrapping},
		{Holding, CitizenGone, Wrapping},
		{Reconnecting, AgentHeard, Serving},
		{Reconnecting, SeatGone, Queued},
		{Reconnecting, AgentLeft, Wrapping},
		{Reconnecting, CitizenGone, Wrapping},
		{Dialling, ReachedBy, Serving},
		{Dialling, SeatGone, Queued}, // answered, but the agent's audio is at fault
		{Dialling, Missed, Over},
		{Parting, CitizenGone, Over},
		{Wrapping, Wrapped, Over},
	}
}

// next tells where an event leads; ok is false when it cannot happen there.
func next(from State, e Happening) (State, bool) { return follow(States(), from, e) }
