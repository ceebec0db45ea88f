package session

import (
	"context"
	"errors"
	"time"

	"hotline/channels"
	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// sayWithin bounds what the house says and orders by itself.
const sayWithin = 2 * time.Second

// conversation serves one text conversation.
type conversation struct {
	*visit
	medium channels.Conversation
	adopt  *routing.Command // how it came, when its node had died

	thread Thread // as desks see it
	heard  int64  // Seq of the citizen's newest message
	spoken int64  // Seq of the agent's newest message
	gone   bool   // the citizen's side has ended
	nudged bool   // since the citizen wrote last
	seek   time.Time

	told  routing.Told // about the wait
	idle  *time.Timer  // the citizen's silence
	reply *time.Timer  // the first reply
	show  *time.Ticker
}

func newConversation(h *Hall, c contact.Contact, line routing.Line) *conversation {
	k := &conversation{
		visit: newVisit(h, c, line, nextOfText),
		idle:  time.NewTimer(time.Hour), reply: time.NewTimer(time.Hour), show: time.NewTicker(time.Hour),
	}
	k.idle.Stop()
	k.reply.Stop()
	k.show.Stop()
	k.group, k.dress = &h.texts, k.dressed
	return k
}

func (c *conversation) run(ctx context.Context) {
	defer c.show.Stop()
	defer c.reply.Stop()
	defer c.idle.Stop()
	c.visit.run(ctx, c.serve)
}

// serve follows the conversation until it is over, here.
func (c *conversation) serve(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	events := c.events()
	for c.state != Over {
		select {
		case e, open := <-events:
			if !open {
				events = nil
				e = contact.Event{Kind: contact.Gone, Cause: contact.Internal}
			}
			c.news(ctx, e)
		case o := <-c.commands:
			c.commanded(ctx, o)
		case r := <-c.requests:
			r.reply <- r.do(c, r)
		case result := <-c.done:
			if err := result(); err != nil {
				return err
			}
		case <-c.timer.C:
			c.timeUp(ctx)
		case <-c.idle.C:
			c.idleUp(ctx)
		case <-c.reply.C:
			c.replyUp()
		case <-c.show.C:
			c.showPlace(ctx)
		case told := <-c.renamed:
			c.reassert(told)
		case <-c.usurped:
			c.handOver()
		case <-ctx.Done():
			c.handOver()
		}
	}
	return nil
}

// events are nil when there was nothing to adopt any more.
func (c *conversation) events() <-chan contact.Event {
	if c.medium == nil {
		return nil
	}
	return c.medium.Events()
}

func (c *conversation) begin(ctx context.Context) error {
	if c.adopt != nil {
		return c.takeOver(ctx)
	}
	c.note(records.Accepted, "")
	if !c.known {
		c.move(Refused)
		c.cause = contact.RefusedUnknown
		return c.medium.Close(ctx, c.cause)
	}
	if closed := c.planned().Closed; closed != "" {
		c.houseSays(ctx, written(closed, writtenClosed))
		c.move(Refused)
		c.cause = contact.RefusedClosed
		return c.medium.Close(ctx, c.cause)
	}
	c.meets(c.lastTalk(ctx, c.hall.o.Lines.WantsLast(c.line)))
	c.move(Admitted)
	c.record.Queued = c.now()
	c.noteQueued()
	c.thread.Turn = contact.ByAgent
	c.awaitReply()
	c.houseSays(ctx, written(c.planned().Notice, writtenElsewhere))
	c.wait(ctx)
	c.enqueue(ctx)
	return nil
}

// wait keeps a waiting citizen company.
func (c *conversation) wait(ctx context.Context) {
	c.order(ctx, "hold", c.medium.Hold)
	c.showPlace(ctx)
	c.show.Reset(c.hall.o.Text.Show)
}

// order gives the medium an order that may fail without harm.
func (c *conversation) order(ctx context.Context, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, sayWithin)
	defer cancel()
	if err := do(ctx); err != nil && !errors.Is(err, channels.ErrClosed) {
		c.log.Warn("conversation not ordered", "order", what, "error", err)
	}
}

// showPlace tells a waiting citizen how many are before and how long it will
// take, never more than it told before; it may be lost.
func (c *conversation) showPlace(ctx context.Context) {
	if c.state != Queued && c.state != Offered {
		c.show.Stop()
		return
	}
	id, queue := c.contact.ID, c.hall.o.Queue
	var o routing.Outlook
	c.beside(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, sayWithin)
		defer cancel()
		o, err = queue.Outlook(ctx, id)
		return err
	}, func(err error) error {
		if err == nil { // else it does not wait yet, or not any more, or the queue is away
			c.showStanding(ctx, o)
		}
		return nil
	})
}

// showStanding shows it again though it has not changed: it may have been lost.
func (c *conversation) showStanding(ctx context.Context, o routing.Outlook) {
	st, ok := c.told.Next(o)
	if !ok || c.state != Queued && c.state != Offered {
		return
	}
	c.told.Say(st)
	medium := c.medium
	c.hall.texts.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, sayWithin)
		defer cancel()
		p := channels.Place{Place: st.Place, Known: st.Known, Low: st.Estimate.Low, High: st.Estimate.High}
		if err := medium.Show(ctx, p); err != nil {
			c.log.Debug("place not shown", "error", err)
		}
	})
}

// news takes what the citizen did.
func (c *conversation) news(ctx context.Context, e contact.Event) {
	switch e.Kind {
	case contact.Said:
		c.wrote(e.Message)
	case contact.Typing:
		if c.talks() {
			c.tell(News{Kind: Typing, On: e.On})
		}
	case contact.Gone:
		c.citizenGone(ctx, e.Cause)
	case contact.Pressed:
	}
}

func (c *conversation) citizenGone(ctx context.Context, why contact.Cause) {
	if c.gone {
		return
	}
	c.gone = true
	switch {
	case c.state == Wrapping || c.state == Over:
		return
	case why == contact.NodeLost: // another node has it
		c.handOver()
		return
	}
	c.cause = citizenLeft(c.state, why)
	switch c.state {
	case Serving, Parked:
		c.wrap(ctx, CitizenGone)
	case Offered:
		c.stopRing(RingCitizenGone)
		c.leave()
	default:
		c.leave()
	}
}

// accept joins citizen and agent.
func (c *conversation) accept(r request) error {
	if err := c.claim(r); err != nil {
		return err
	}
	err := c.medium.Connect(r.ctx, c.agent)
	if errors.Is(err, channels.ErrClosed) {
		return routing.ErrStale // the citizen has just closed it; the news of it comes next
	}
	if err != nil {
		c.log.Error("conversation not joined", "agent_id", string(c.agent), "error", err)
		c.decline(RingUnreachable, routing.Disconnected)
		return err
	}
	c.hall.metrics.joined(time.Since(r.asked))
	c.timer.Stop()
	c.show.Stop()
	c.move(AcceptedBy)
	c.connected()
	return nil
}

func (c *conversation) connected() {
	first := c.record.Connected.IsZero()
	if first {
		c.record.Connected = c.now()
	}
	c.record.Agent, c.record.TalkEnded, c.extended = c.agent, time.Time{}, 0
	c.thread.Turn = contact.ByAgent
	c.note(records.Connected, "")
	if first {
		c.hall.metrics.answered(c.record)
	}
	c.inform(News{Kind: Connected})
}

// talks says whether the citizen is with an agent.
func (c *conversation) talks() bool { return c.state == Serving || c.state == Parked }

// serves says whether the agent has the citizen now.
func (c *conversation) serves(agent contact.AgentID) error {
	switch {
	case agent != c.agent:
		return ErrNotYours
	case !c.talks():
		return ErrState
	default:
		return nil
	}
}

// inform brings news together with how the thread stands.
func (c *conversation) inform(n News) {
	thread := c.thread
	n.Thread = &thread
	c.tell(n)
}

func (c *conversation) timeUp(ctx context.Context) {
	if c.talks() && !c.seek.IsZero() {
		c.restore(ctx)
		return
	}
	c.visit.timeUp()
}
