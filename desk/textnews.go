package desk

import (
	"context"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// messageData is the data of the event message.
type messageData struct {
	Contact contact.ID  `json:"contact"`
	CMID    string      `json:"cmid"`
	Message messageBody `json:"message"`
}

// messageBody is one message as desks see it.
type messageBody struct {
	ID    string          `json:"id"`
	Seq   int64           `json:"seq"`
	From  contact.Author  `json:"from"`
	Agent contact.AgentID `json:"agent"`
	Text  string          `json:"text"`
	At    stamp           `json:"at"`
}

func messageOf(m contact.Message) messageBody {
	return messageBody{m.ID, m.Seq, m.From, m.Agent, m.Text, stamp(m.At)}
}

type typingData struct {
	Contact contact.ID `json:"contact"`
	On      bool       `json:"on"`
}

// toldText takes news of a conversation that is here; news of an older
// reservation is dropped.
func (s *seat) toldText(c *conversation, n session.News) {
	if n.Token != c.Token {
		return
	}
	s.heed(c, n.Thread)
	switch n.Kind {
	case session.RingStopped:
		s.textStopped(c, n)
	case session.Connected:
		s.textConnected(c)
	case session.Said:
		s.emit("message", messageData{n.Contact, n.CMID, messageOf(n.Message)})
		s.tellText(c)
	case session.Typing:
		s.showTyping(typingData{n.Contact, n.On})
	case session.SetAside:
		s.changeText(c, SetAside)
	case session.TakenUp:
		s.changeText(c, TakenUp)
	case session.FirstReplyDue:
		s.tellText(c)
	case session.Ended:
		c.until, c.cause, c.extended = n.Until, n.Cause.String(), 0
		s.changeText(c, TalkEnded)
	case session.WrappingUp:
		c.until, c.extended = n.Until, n.Extended
		s.tellText(c)
	case session.Finished:
		s.textFinished(c)
	case session.TakenBack:
		s.textTaken(c)
	default: // of calls
	}
}

func (s *seat) changeText(c *conversation, by Happening) {
	if s.moveText(c, by) {
		s.tellText(c)
	}
}

func (s *seat) textConnected(c *conversation) {
	c.acknowledge(nil)
	c.until = time.Time{}
	s.attended()
	s.desk.access.hold(s.account.ID, c.Contact.ID)
	s.changeText(c, Connected)
}

// showTyping is not remembered: who missed it has missed nothing.
func (s *seat) showTyping(d typingData) {
	f := frame("typing", "", 0, d)
	for sock := range s.sockets {
		sock.send(f)
	}
}

// textStopped ends a ring.
func (s *seat) textStopped(c *conversation, n session.News) {
	s.rememberStopped(n)
	if c.stage != Rings {
		return
	}
	s.emit("conversation.stopped", stoppedData{n.Contact, n.Token, n.Why})
	c.acknowledge(routing.ErrStale)
	s.dropText(c)
	switch n.Why {
	case session.RingUnanswered, session.RingRejected, session.RingUnreachable:
		s.moveText(c, RingFailed)
		s.setBack(string(n.Why))
		s.missed(n.Why)
	case session.RingRevoked, session.RingCitizenGone:
		s.moveText(c, RingOver)
		s.herald.again()
	}
	s.settle()
}

// textFinished frees the slot.
func (s *seat) textFinished(c *conversation) {
	if !s.moveText(c, Finished) {
		return
	}
	s.dropText(c)
	s.emit("conversation.ended", contactData{c.Contact.ID})
	s.settle()
}

// textTaken: the citizen waits for another agent, and the queue has set this
// one away.
func (s *seat) textTaken(c *conversation) {
	if !s.moveText(c, TakenBack) {
		return
	}
	s.dropText(c)
	s.emit("conversation.taken", takenData{c.Contact.ID, c.Token})
	s.desk.metrics.taken.Inc()
	s.setBack(reasonDisconnected)
	s.settle()
}

// releaseTexts gives the conversations of an absent agent back.
func (s *seat) releaseTexts() {
	for _, c := range s.texts {
		s.loseText(c)
	}
}

// loseText tells the session that nobody leads the conversation here.
func (s *seat) loseText(c *conversation) {
	id, over := c.Contact.ID, c.stage == Wrapping
	c.orders.give(func(ctx context.Context) {
		var err error
		if over {
			err = s.desk.hall().FinishWrapUp(ctx, id, s.account.ID)
		} else {
			err = s.desk.hall().SeatLost(ctx, id, s.account.ID)
		}
		if err != nil {
			s.log.Warn("conversation not let go", "contact_id", string(id), "error", err)
		}
	})
}
