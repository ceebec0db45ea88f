package desk

import (
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// agentData is the data of agent.changed.
type agentData struct {
	State   State    `json:"state"`
	Reason  string   `json:"reason"`
	Since   stamp    `json:"since"`
	Pending *pending `json:"pending"`
	Leg     legState `json:"leg"`
	Missed  int      `json:"missed"`  // rings not answered in a row
	BackAt  stamp    `json:"back_at"` // when the seat gets ready by itself
	// Slots is how many contacts of each class it takes at once.
	Slots map[contact.Class]int `json:"slots"`
}

// callData is the data of call.changed, the whole call.
type callData struct {
	Contact   contact.ID      `json:"contact"`
	Token     routing.Token   `json:"token"`
	State     State           `json:"state"`
	Muted     bool            `json:"muted"`
	Since     stamp           `json:"since"`
	TalkSince stamp           `json:"talk_since"`
	Line      Line            `json:"line"`
	Channel   contact.Channel `json:"channel"`
	Source    string          `json:"source"`
	Caller    string          `json:"caller"`
	Accepted  stamp           `json:"accepted"`
	WaitedMS  int64           `json:"waited_ms"`
	Until     stamp           `json:"until"`
	Extended  int             `json:"extended"`
	Cause     string          `json:"cause"`
	Node      routing.NodeID  `json:"node"`
	// ApartUntil is when the citizen, who hears that we reconnect, goes back to
	// the queue; null while both hear each other.
	ApartUntil stamp `json:"apart_until"`
	// Callback: the citizen is called back; until the answer the agent hears
	// that it rings.
	Callback bool `json:"callback"`
}

// offeredData is the data of call.offered.
type offeredData struct {
	Contact  contact.ID      `json:"contact"`
	Token    routing.Token   `json:"token"`
	Line     Line            `json:"line"`
	Channel  contact.Channel `json:"channel"`
	Source   string          `json:"source"`
	Caller   string          `json:"caller"`
	Accepted stamp           `json:"accepted"`
	WaitedMS int64           `json:"waited_ms"`
	Until    stamp           `json:"until"`
	Node     routing.NodeID  `json:"node"` // where the audio is wanted; empty: the desk's own
	Callback bool            `json:"callback"`
}

type stoppedData struct {
	Contact contact.ID      `json:"contact"`
	Token   routing.Token   `json:"token"`
	Why     session.RingEnd `json:"why"`
}

type contactData struct {
	Contact contact.ID `json:"contact"`
}

type ticketData struct {
	Contact  contact.ID `json:"contact"`
	Number   string     `json:"number"`
	Delivery string     `json:"delivery"`
}

type legData struct {
	Gen   uint64         `json:"gen"`
	State legState       `json:"state"`
	Node  routing.NodeID `json:"node,omitempty"` // another than the desk's
}

// snapshot is the whole state of a seat.
type snapshot struct {
	Agent agentData `json:"agent"`
	Call  *callData `json:"call"`
	// Conversations are those at the seat, in the order in which they came.
	Conversations []conversationData `json:"conversations"`
	// Taken is the contact that was last taken from this seat, until the next ring.
	Taken *takenData `json:"taken"`
	Now   stamp      `json:"now"`
}

// emit sends an event to every socket of the seat and remembers it.
func (s *seat) emit(kind string, data any) {
	f := s.stream.add(s.desk.o.Now(), func(seq uint64) []byte { return frame(kind, "", seq, data) })
	for sock := range s.sockets {
		sock.send(f)
	}
}

func (s *seat) agentData() agentData {
	return agentData{
		State: s.state, Reason: s.reason, Since: stamp(s.since), Pending: s.pending, Leg: s.leg.state,
		Missed: s.misses.row, BackAt: stamp(s.misses.backAt), Slots: s.slots,
	}
}

func (s *seat) snapshot() *snapshot {
	snap := &snapshot{Agent: s.agentData(), Taken: s.taken, Now: stamp(s.desk.o.Now()), Conversations: []conversationData{}}
	for _, c := range s.texts {
		snap.Conversations = append(snap.Conversations, s.conversationData(c))
	}
	if s.call != nil {
		data := s.callData()
		snap.Call = &data
	}
	return snap
}

func (s *seat) callData() callData {
	c := s.call
	o := s.offeredData()
	return callData{
		Contact: o.Contact, Token: o.Token, State: s.callState(), Muted: c.muted, Since: stamp(s.since),
		TalkSince: stamp(c.talkSince), Line: o.Line, Channel: o.Channel, Source: o.Source, Caller: o.Caller,
		Accepted: o.Accepted, WaitedMS: o.WaitedMS, Until: stamp(c.until), Extended: c.extended, Cause: c.cause, Node: o.Node,
		ApartUntil: stamp(s.apartUntil()), Callback: o.Callback,
	}
}

// callState is the agent's state, which is the call's while there is one.
func (s *seat) callState() State {
	if s.state.busy() {
		return s.state
	}
	return WrapUp
}

func (s *seat) offeredData() offeredData {
	c := s.call.Contact
	return offeredData{
		Contact: c.ID, Token: s.call.Token, Line: s.desk.line(c.Line), Channel: c.Channel, Source: c.Source,
		Caller: c.Citizen.String(), Accepted: stamp(c.Accepted), WaitedMS: s.call.waited.Milliseconds(),
		Until: stamp(s.call.until), Node: s.desk.farNode(s.call.Anchor), Callback: s.call.Callback,
	}
}

// call is the contact at the seat.
type call struct {
	session.Call
	waited    time.Duration // until it rang here
	until     time.Time     // end of ringing or of wrap-up
	talkSince time.Time
	muted     bool
	apart     bool // the session does not hear the agent
	extended  int
	cause     string
	shown     chan<- error // told once that the desk shows the ring
}
