package session

import (
	"context"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/channels"
	"hotline/contact"
	"hotline/records"
)

// Thread is how a conversation stands, as its agent's desk shows it. Times are
// this node's clock.
type Thread struct {
	Account string // the platform's account that was written to
	Topic   string
	LastSeq int64 // of the newest message
	// Turn is whose word is awaited: ByAgent or ByCitizen.
	Turn     contact.Author
	ReplyDue time.Time // of the first reply; zero once it came
	Overdue  bool      // it did not come in time
	Closes   time.Time // when the citizen's silence ends it; zero on the agent's turn
}

// wrote takes in what the citizen wrote.
func (c *conversation) wrote(m contact.Message) {
	if m.Seq <= c.heard {
		return // a repeat, or read with the thread that was adopted
	}
	c.heard = m.Seq
	c.record.Messages++
	c.newest(m.Seq)
	c.thread.Turn = contact.ByAgent
	c.listenAgain()
	c.unpark()
	if c.talks() {
		c.inform(News{Kind: Said, Message: m})
	}
}

func (c *conversation) newest(seq int64) { c.thread.LastSeq = max(c.thread.LastSeq, seq) }

// say brings the agent's words to the citizen; the same CMID again changes
// nothing.
func (c *conversation) say(r request, cmid, text string) (contact.Message, error) {
	if err := c.serves(r.agent); err != nil {
		return contact.Message{}, err
	}
	m, err := c.medium.Say(r.ctx, channels.Outgoing{CMID: cmid, Agent: r.agent, Text: text})
	if err != nil {
		return m, err
	}
	if m.Seq > c.spoken {
		c.spoke(m, cmid)
	}
	return m, nil
}

func (c *conversation) spoke(m contact.Message, cmid string) {
	c.spoken = m.Seq
	c.record.Messages++
	c.newest(m.Seq)
	c.replied()
	c.awaitCitizen()
	c.unpark()
	c.inform(News{Kind: Said, Message: m, CMID: cmid})
}

// houseSays is a word of the house itself; nobody waits for it.
func (c *conversation) houseSays(ctx context.Context, text string) {
	if text == "" {
		return
	}
	c.order(ctx, "say", func(ctx context.Context) error {
		m, err := c.medium.Say(ctx, channels.Outgoing{CMID: ulid.Make().String(), Text: text})
		if err != nil {
			return err
		}
		c.newest(m.Seq)
		if c.talks() {
			c.inform(News{Kind: Said, Message: m})
		}
		return nil
	})
}

// typing shows the citizen that the agent writes.
func (c *conversation) typing(r request, on bool) error {
	if err := c.serves(r.agent); err != nil {
		return err
	}
	return c.medium.Typing(r.ctx, on)
}

// awaitReply starts the clock of the first reply.
func (c *conversation) awaitReply() {
	if !c.record.Replied.IsZero() {
		return
	}
	c.thread.ReplyDue = c.contact.Accepted.Add(c.hall.o.Text.FirstReply)
	c.reply.Reset(max(c.thread.ReplyDue.Sub(c.now()), 0))
}

// replied stops it.
func (c *conversation) replied() {
	if !c.record.Replied.IsZero() {
		return
	}
	c.reply.Stop()
	c.record.Replied = c.now()
	c.thread.ReplyDue, c.thread.Overdue = time.Time{}, false
	c.note(records.Replied, "")
	c.hall.metrics.replied(c.record)
}

// replyUp is an alarm, and never an end.
func (c *conversation) replyUp() {
	if !c.record.Replied.IsZero() || c.state == Wrapping || c.state == Over {
		return
	}
	c.thread.Overdue = true
	c.note(records.ReplyDue, "")
	c.hall.metrics.late.Inc()
	if c.talks() {
		c.inform(News{Kind: FirstReplyDue})
	}
}
