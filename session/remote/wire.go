package remote

import (
	"encoding/json"
	"time"

	"hotline/cluster"
	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// The subjects.
const (
	subjectOffer   = "seat.offer"   // asked of the desk's node
	subjectNews    = "seat.news"    // told to the desk's node
	subjectHeld    = "seat.holds"   // asked of the desk's node
	subjectCommand = "hall.command" // asked of the anchor
	subjectServed  = "hall.holds"   // asked of the anchor
)

// offerWire is an Offer. A session.Call cannot be read back by itself: an
// address prints masked.
type offerWire struct {
	At       time.Time       `json:"at"` // the sender's clock: times are its
	Agent    contact.AgentID `json:"agent"`
	Contact  contactWire     `json:"contact"`
	Token    routing.Token   `json:"token"`
	Record   string          `json:"record"`
	Until    time.Time       `json:"until"`
	Seat     routing.NodeID  `json:"seat"`
	Anchor   routing.NodeID  `json:"anchor"`
	Serving  bool            `json:"serving,omitempty"`
	Thread   *session.Thread `json:"thread,omitempty"`
	Callback bool            `json:"callback,omitempty"`
}

type contactWire struct {
	ID       contact.ID      `json:"id"`
	Channel  contact.Channel `json:"channel"`
	Line     string          `json:"line"`
	Source   string          `json:"source"`
	Citizen  string          `json:"citizen"`
	Accepted time.Time       `json:"accepted"`
}

// newsWire is News, whatever its fields.
type newsWire struct {
	At    time.Time       `json:"at"`
	Agent contact.AgentID `json:"agent"`
	News  session.News    `json:"news"`
}

// commandWire is a desk's command.
type commandWire struct {
	Command string          `json:"command"`
	Contact contact.ID      `json:"contact"`
	Agent   contact.AgentID `json:"agent,omitempty"`
	Token   routing.Token   `json:"token,omitempty"`
	On      bool            `json:"on,omitempty"`
	CMID    string          `json:"cmid,omitempty"`
	Text    string          `json:"text,omitempty"`
	After   int64           `json:"after,omitempty"`
	Limit   int             `json:"limit,omitempty"`
}

// share is one contact that a session and a desk of two nodes have together.
type share struct {
	Contact contact.ID      `json:"contact"`
	Agent   contact.AgentID `json:"agent"`
	Token   routing.Token   `json:"token"`
}

func offerOut(agent contact.AgentID, c session.Call, now time.Time) offerWire {
	return offerWire{
		At: now, Agent: agent, Token: c.Token, Record: c.Record, Until: c.Until, Seat: c.Seat, Anchor: c.Anchor,
		Serving: c.Serving, Thread: c.Thread, Callback: c.Callback,
		Contact: contactWire{
			ID: c.Contact.ID, Channel: c.Contact.Channel, Line: c.Contact.Line, Source: c.Contact.Source,
			Citizen: c.Contact.Citizen.Reveal(), Accepted: c.Contact.Accepted,
		},
	}
}

// in reads an offer with this node's clock.
func (w offerWire) in(now time.Time) session.Call {
	ahead := now.Sub(w.At)
	return session.Call{
		Token: w.Token, Record: w.Record, Until: shift(w.Until, ahead), Seat: w.Seat, Anchor: w.Anchor,
		Serving: w.Serving, Thread: threadIn(w.Thread, ahead), Callback: w.Callback,
		Contact: contact.Contact{
			ID: w.Contact.ID, Channel: w.Contact.Channel, Line: w.Contact.Line, Source: w.Contact.Source,
			Citizen: contact.NewAddress(w.Contact.Citizen), Accepted: w.Contact.Accepted,
		},
	}
}

func (w newsWire) in(now time.Time) session.News {
	ahead := now.Sub(w.At)
	n := w.News
	n.Until, n.Thread = shift(n.Until, ahead), threadIn(n.Thread, ahead)
	return n
}

func threadIn(t *session.Thread, ahead time.Duration) *session.Thread {
	if t == nil {
		return nil
	}
	moved := *t
	moved.ReplyDue, moved.Closes = shift(t.ReplyDue, ahead), shift(t.Closes, ahead)
	return &moved
}

func shift(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// pack seals a message.
func (x *Exchange) pack(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // our own structs: cannot fail
		b = []byte("{}")
	}
	return x.seal.close(b)
}

// unpack reads a message; a *cluster.Fault when it cannot be read.
func (x *Exchange) unpack(body []byte, v any) error {
	b, err := x.seal.open(body)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return &cluster.Fault{Code: cluster.Refused, Text: err.Error()}
	}
	return nil
}
