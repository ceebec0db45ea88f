package session

import (
	"context"

	"hotline/channels"
	"hotline/contact"
	"hotline/routing"
)

// ReceiveText opens a session for a conversation and returns at once. When ctx
// ends the conversation is left, as it stands, to the next node.
func (h *Hall) ReceiveText(ctx context.Context, conv channels.Conversation) {
	a := conv.Arrival()
	line, known := h.o.Lines.ByAccount(a.Channel, a.Account, a.Topic)
	c := newConversation(h, contact.Contact{
		ID: conv.ID(), Channel: a.Channel, Line: line.Name, Citizen: a.Citizen, Accepted: h.o.Now().UTC(),
	}, line)
	c.medium, c.known, c.reached = conv, known, h.byAccount(a.Channel, a.Account, a.Topic)
	c.thread.Account, c.thread.Topic = a.Account, a.Topic
	h.enter(ctx, c)
}

// adopt opens a session for a conversation whose node is dead.
func (h *Hall) adopt(life context.Context, order routing.Command) {
	if h.o.Conversations == nil {
		h.o.Log.Error("no platform to adopt a conversation from", "contact_id", string(order.Contact))
		return
	}
	c := newConversation(h, contact.Contact{ID: order.Contact}, routing.DefaultLine())
	c.adopt = &order
	h.enter(life, c)
}

// enter serves the conversation, unless it has a session already.
func (h *Hall) enter(ctx context.Context, c *conversation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[c.contact.ID] != nil {
		return
	}
	id := c.contact.ID
	h.sessions[id] = c
	h.texts.Go(func() {
		defer h.forget(id)
		c.run(ctx)
	})
}

// Say brings the agent's words to the citizen and returns the message once it
// is kept. The same cmid again brings the first message back; with another
// text it is channels.ErrReused. channels.ErrClosed: the citizen has just left.
func (h *Hall) Say(ctx context.Context, id contact.ID, agent contact.AgentID, cmid, text string) (contact.Message, error) {
	said := make(chan contact.Message, 1)
	err := h.ask(ctx, id, request{agent: agent, do: onText(func(c *conversation, r request) error {
		m, err := c.say(r, cmid, text)
		said <- m
		return err
	})})
	if err != nil {
		return contact.Message{}, err
	}
	return <-said, nil
}

// Typing shows the citizen that the agent writes, or has stopped; it may be lost.
func (h *Hall) Typing(ctx context.Context, id contact.ID, agent contact.AgentID, on bool) error {
	return h.ask(ctx, id, request{agent: agent, do: onText(func(c *conversation, r request) error { return c.typing(r, on) })})
}

// Park sets a conversation aside while it is the citizen's turn: it stays with
// its agent and keeps its slot.
func (h *Hall) Park(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: onText((*conversation).park)})
}

// Unpark takes it up again.
func (h *Hall) Unpark(ctx context.Context, id contact.ID, agent contact.AgentID) error {
	return h.ask(ctx, id, request{agent: agent, do: onText((*conversation).resume)})
}

// Messages reads at most limit messages after that Seq of a conversation that
// is open at this node, in order; limit 1-100. ErrNotYours: it is not.
func (h *Hall) Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	read := make(chan []contact.Message, 1)
	err := h.ask(ctx, id, request{do: onText(func(c *conversation, r request) error {
		if c.medium == nil {
			return ErrState
		}
		list, err := c.medium.Messages(r.ctx, after, limit)
		read <- list
		return err
	})})
	if err != nil {
		return nil, err
	}
	return <-read, nil
}

// onText makes a request of what only a conversation can do.
func onText(do func(*conversation, request) error) func(served, request) error {
	return func(s served, r request) error {
		if c, ok := s.(*conversation); ok {
			return do(c, r)
		}
		return ErrState
	}
}
