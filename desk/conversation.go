package desk

import (
	"slices"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// conversation is a text contact at the seat, beside the call.
type conversation struct {
	session.Call
	stage    Stage
	since    time.Time     // of the stage
	waited   time.Duration // until it came here
	until    time.Time     // end of ringing or of wrap-up
	extended int
	cause    string
	thread   session.Thread
	shown    chan<- error // told once that the desk shows the ring
	orders   *orders
	told     conversationData // as last told
}

// conversationData is the data of conversation.changed, the whole conversation.
type conversationData struct {
	Contact      contact.ID      `json:"contact"`
	Token        routing.Token   `json:"token"`
	State        Stage           `json:"state"`
	Since        stamp           `json:"since"`
	Line         Line            `json:"line"`
	Channel      contact.Channel `json:"channel"`
	Account      string          `json:"account"`
	Topic        string          `json:"topic"`
	Citizen      string          `json:"citizen"`
	Accepted     stamp           `json:"accepted"`
	WaitedMS     int64           `json:"waited_ms"`
	Until        stamp           `json:"until"`
	Extended     int             `json:"extended"`
	Cause        string          `json:"cause"`
	LastSeq      int64           `json:"last_seq"`
	Turn         contact.Author  `json:"turn"`
	ReplyDueAt   stamp           `json:"reply_due_at"`
	ReplyOverdue bool            `json:"reply_overdue"`
	ClosesAt     stamp           `json:"closes_at"`
}

// textOfferedData is the data of conversation.offered.
type textOfferedData struct {
	Contact  contact.ID      `json:"contact"`
	Token    routing.Token   `json:"token"`
	Line     Line            `json:"line"`
	Channel  contact.Channel `json:"channel"`
	Account  string          `json:"account"`
	Topic    string          `json:"topic"`
	Citizen  string          `json:"citizen"`
	Accepted stamp           `json:"accepted"`
	WaitedMS int64           `json:"waited_ms"`
	Until    stamp           `json:"until"`
}

func (s *seat) conversationData(c *conversation) conversationData {
	k, t := c.Contact, c.thread
	return conversationData{
		Contact: k.ID, Token: c.Token, State: c.stage, Since: stamp(c.since), Line: s.desk.line(k.Line), Channel: k.Channel,
		Account: t.Account, Topic: t.Topic, Citizen: k.Citizen.String(), Accepted: stamp(k.Accepted),
		WaitedMS: c.waited.Milliseconds(), Until: stamp(c.until), Extended: c.extended, Cause: c.cause,
		LastSeq: t.LastSeq, Turn: t.Turn, ReplyDueAt: stamp(t.ReplyDue), ReplyOverdue: t.Overdue, ClosesAt: stamp(t.Closes),
	}
}

// text finds a conversation of the seat; nil when it is not here.
func (s *seat) text(id contact.ID) *conversation {
	for _, c := range s.texts {
		if c.Contact.ID == id {
			return c
		}
	}
	return nil
}

// offeredText rings for a conversation, gives one back, or says why not.
func (s *seat) offeredText(o offer) {
	s.becomeReadyIfAsked()
	switch {
	case o.Token <= s.stopped[o.Contact.ID] && o.Token > 0:
		o.reply <- routing.ErrStale
	case o.Serving:
		s.restore(o)
	case s.wanted() != routing.Ready, s.text(o.Contact.ID) != nil:
		o.reply <- session.ErrNoDesk
	default:
		s.ringText(o)
	}
}

// newText brings a conversation to the seat.
func (s *seat) newText(o offer) *conversation {
	now := s.desk.o.Now()
	c := &conversation{
		Call: o.Call, stage: Absent, since: now, until: o.Until, waited: now.Sub(o.Contact.Accepted), orders: newOrders(),
	}
	s.heed(c, o.Thread)
	s.texts = append(s.texts, c)
	s.beside.Go(func() { c.orders.run(s.life) })
	s.desk.access.offered(s.account.ID, o.Contact)
	return c
}

func (s *seat) ringText(o offer) {
	c := s.newText(o)
	c.shown = o.reply
	s.moveText(c, Rang)
	d := s.conversationData(c)
	s.emit("conversation.offered", textOfferedData{
		d.Contact, d.Token, d.Line, d.Channel, d.Account, d.Topic, d.Citizen, d.Accepted, d.WaitedMS, d.Until,
	})
	s.tellText(c)
	id, token := o.Contact.ID, o.Token
	s.after(o.Until.Sub(s.desk.o.Now())+overdue, func() { s.textOverdue(id, token) })
}

// textOverdue stops a ring whose session has fallen silent.
func (s *seat) textOverdue(id contact.ID, token routing.Token) {
	if c := s.text(id); c != nil && c.Token == token && c.stage == Rings {
		s.log.Error("ring outlasted its session", "contact_id", string(id))
		s.textStopped(c, session.News{Contact: id, Token: token, Why: session.RingRevoked})
	}
}

// restore takes up a conversation that the agent has had before: its node has
// died, or this desk is another.
func (s *seat) restore(o offer) {
	if s.leaving || s.deskGone {
		o.reply <- session.ErrNoDesk
		return
	}
	c := s.text(o.Contact.ID)
	if c == nil {
		c = s.newText(o)
	}
	c.Call, c.until = o.Call, time.Time{}
	s.heed(c, o.Thread)
	s.moveText(c, Restored)
	s.desk.access.hold(s.account.ID, o.Contact.ID)
	s.tellText(c)
	o.reply <- nil
}

// heed takes over how the thread stands; nil leaves it.
func (s *seat) heed(c *conversation, t *session.Thread) {
	if t != nil {
		c.thread = *t
	}
}

// moveText follows the table; what it does not know leaves the stage as it is.
func (s *seat) moveText(c *conversation, by Happening) bool {
	to, ok := nextStage(c.stage, by)
	if !ok {
		s.log.Warn("not in the table of states", "contact_id", string(c.Contact.ID), "state", string(c.stage), "event", string(by))
		return false
	}
	if to != c.stage {
		c.since = s.desk.o.Now()
	}
	c.stage = to
	return true
}

// tellText tells the desks what has changed.
func (s *seat) tellText(c *conversation) {
	if d := s.conversationData(c); d != c.told {
		c.told = d
		s.emit("conversation.changed", d)
	}
}

// dropText takes a conversation off the seat.
func (s *seat) dropText(c *conversation) {
	s.texts = slices.DeleteFunc(s.texts, func(other *conversation) bool { return other == c })
	c.orders.end()
	s.desk.access.release(s.account.ID, c.Contact.ID)
}

// acknowledge says once that the desk shows the ring.
func (c *conversation) acknowledge(err error) {
	if c.shown != nil {
		c.shown <- err
		c.shown = nil
	}
}
