package headless

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// ChatReport tells of one conversation.
type ChatReport struct {
	Contact  string        `json:"contact"`
	Account  string        `json:"account"`
	Topic    string        `json:"topic"`
	Waited   time.Duration `json:"waited_ns"` // in the queue, until it rang
	Accepted time.Time     `json:"accepted,omitzero"`
	Heard    int           `json:"heard"` // messages of the citizen
	Said     int           `json:"said"`
	Cause    string        `json:"cause"` // of its end, or why the ring stopped
	Ticket   string        `json:"ticket"`
	Err      string        `json:"error,omitempty"`
}

// chat is a conversation at hand.
type chat struct {
	ChatReport
	token uint64
	seq   int64 // of the newest message that was answered or passed over
	state string
}

// plainAnswer is what an agent writes who was told nothing else.
const plainAnswer = "您好，已经收到，正在为您处理。"

// chatFrame acts on news of a conversation.
func (a *Agent) chatFrame(ctx context.Context, f Frame) error {
	if f.Type == "message" {
		var m MessageEvent
		if err := json.Unmarshal(f.Data, &m); err != nil {
			return err
		}
		if c := a.chats[m.Contact]; c != nil && c.state == "open" {
			a.heard(ctx, c)
		}
		return nil
	}
	var d struct {
		ConversationState
		Why string `json:"why"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	switch f.Type {
	case "conversation.changed":
		a.followChat(ctx, d.ConversationState)
	case "conversation.stopped", "conversation.taken", "conversation.ended":
		a.chatLeft(d.Contact, d.Why)
	}
	return nil
}

// resumeChats takes up what the seat has; what it has no more is reported.
func (a *Agent) resumeChats(ctx context.Context, there []ConversationState) {
	has := make(map[string]bool)
	for _, d := range there {
		has[d.Contact] = true
		a.followChat(ctx, d)
	}
	for id := range a.chats {
		if !has[id] {
			a.chatLeft(id, "")
		}
	}
}

// followChat does what the conversation's new state asks for.
func (a *Agent) followChat(ctx context.Context, d ConversationState) {
	c := a.chats[d.Contact]
	if c == nil {
		c = &chat{ChatReport: ChatReport{
			Contact: d.Contact, Account: d.Account, Topic: d.Topic, Waited: time.Duration(d.WaitedMS) * time.Millisecond,
		}}
		a.chats[d.Contact] = c
	}
	before := c.state
	c.token, c.state, c.Cause = d.Token, d.State, d.Cause
	switch {
	case d.State == "open" && before == "open" && d.LastSeq > c.seq: // a message that came as no event
		a.heard(ctx, c)
	case d.State == before:
	case d.State == "ringing":
		a.chatRang(ctx, c)
	case d.State == "open" && before != "parked":
		a.heard(ctx, c)
	case d.State == "wrapup":
		a.wrapChat(ctx, c)
	}
}

func (a *Agent) chatRang(ctx context.Context, c *chat) {
	ring := map[string]any{"contact": c.Contact, "token": c.token}
	a.try(ctx, "offer.shown", ring)
	a.later(a.o.AnswerAfter, func(ctx context.Context) {
		if c.state == "ringing" {
			c.Accepted = time.Now()
			a.try(ctx, "conversation.accept", ring)
		}
	})
}

// later does something in the agent's own goroutine, unless it has ended.
func (a *Agent) later(d time.Duration, do func(context.Context)) {
	time.AfterFunc(d, func() {
		select {
		case a.asked <- do:
		case <-a.done:
		}
	})
}

// heard reads on in the thread and answers what the citizen wrote. What was
// answered by who had the conversation before is passed over.
func (a *Agent) heard(ctx context.Context, c *chat) {
	first := c.seq == 0
	fresh, err := a.readOn(ctx, c)
	if err != nil {
		a.o.Log.Warn("thread not read", "contact_id", c.Contact, "error", err)
		return
	}
	if first {
		fresh = unanswered(fresh)
	}
	for _, m := range fresh {
		if m.From != "citizen" {
			continue
		}
		c.Heard++
		text, end := plainAnswer, false
		if a.o.Write != nil {
			text, end = a.o.Write(c.Contact, m)
		}
		if text != "" && a.send(ctx, c, text) {
			c.Said++
		}
		if end {
			a.try(ctx, "conversation.close", map[string]any{"contact": c.Contact})
			return
		}
	}
}

// unanswered is what came after an agent's last word.
func unanswered(thread []Message) []Message {
	for i, m := range slices.Backward(thread) {
		if m.From == "agent" {
			return thread[i+1:]
		}
	}
	return thread
}

func (a *Agent) send(ctx context.Context, c *chat, text string) bool {
	return a.try(ctx, "message.send", map[string]any{"contact": c.Contact, "cmid": ulid.Make().String(), "text": text})
}

func (a *Agent) readOn(ctx context.Context, c *chat) ([]Message, error) {
	var all []Message
	for {
		var page struct {
			Messages []Message `json:"messages"`
			More     bool      `json:"more"`
		}
		path := fmt.Sprintf("/contacts/%s/messages?after=%d&limit=100", c.Contact, c.seq)
		if err := a.rest.Call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			c.seq = m.Seq
		}
		all = append(all, page.Messages...)
		if !page.More {
			return all, nil
		}
	}
}

// wrapChat writes the ticket.
func (a *Agent) wrapChat(ctx context.Context, c *chat) {
	if a.o.Form != nil {
		number, err := a.write(ctx, c.Contact)
		if err != nil {
			a.o.Log.Warn("no ticket", "contact_id", c.Contact, "error", err)
			c.Err = err.Error()
		}
		c.Ticket = number
	}
	a.later(a.o.WrapUp, func(ctx context.Context) {
		if a.chats[c.Contact] == c {
			a.try(ctx, "wrapup.finish", map[string]any{"contact": c.Contact})
		}
	})
}

// chatLeft reports a conversation that is not at the desk any more.
func (a *Agent) chatLeft(id, why string) {
	c := a.chats[id]
	if c == nil {
		return
	}
	delete(a.chats, id)
	c.state = "gone"
	if why != "" {
		c.Cause = why
	}
	if a.o.Chats != nil {
		a.o.Chats(c.ChatReport)
	}
}
