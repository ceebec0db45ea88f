package callbacks

// State is where a promise stands.
type State string

// The states.
const (
	Waiting   State = "waiting"   // nobody has it: its hour has not come, or nobody came to it
	Queued    State = "queued"    // a node has claimed it; it stands in the queue as a contact
	Dialling  State = "dialling"  // an agent has taken it, the citizen's phone rings
	Done      State = "done"      // the citizen has answered
	GivenUp   State = "given_up"  // the last attempt failed
	Cancelled State = "cancelled" // rang again, turned out to live, or a supervisor's order
)

// Event moves a promise.
type Event string

// The events.
const (
	Claimed  Event = "claimed"
	Released Event = "released" // the node leaves, or quiet hours begin
	Expired  Event = "expired"  // the node is dead: another may claim it
	Dialled  Event = "dialled"  // an agent has accepted; checked against the claim's token
	Answered Event = "answered"
	Failed   Event = "failed"    // busy, no answer; or the node died while it rang
	LastFail Event = "last fail" // and no attempt is left
	Recalled Event = "recalled"
)

// Arrow is one allowed transition.
type Arrow struct{ From, Event, To string }

// States is the whole table: what is not in it cannot happen.
func States() []Arrow {
	arrows := []struct {
		from State
		by   Event
		to   State
	}{
		{Waiting, Claimed, Queued},
		{Waiting, Recalled, Cancelled},
		{Queued, Released, Waiting},
		{Queued, Expired, Queued}, // by the next claim
		{Queued, Dialled, Dialling},
		{Queued, Recalled, Cancelled},
		{Dialling, Answered, Done},
		{Dialling, Failed, Waiting},
		{Dialling, LastFail, GivenUp},
		{Dialling, Recalled, Cancelled},
	}
	out := make([]Arrow, len(arrows))
	for i, a := range arrows {
		out[i] = Arrow{string(a.from), string(a.by), string(a.to)}
	}
	return out
}

// Open says whether the promise is still to be kept.
func (s State) Open() bool { return s == Waiting || s == Queued || s == Dialling }
