package desk

import (
	"context"
	"errors"
	"strconv"

	"hotline/audit"
	"hotline/contact"
	"hotline/people"
	"hotline/records"
	"hotline/session"
)

// Threads reads what was said in a conversation, wherever it is open, and when
// it is over. A conversation that is not known has no messages.
type Threads interface {
	Messages(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error)
}

type messagesBody struct {
	Messages []messageBody `json:"messages"`
	More     bool          `json:"more"`
}

// messages reads a thread on from a number.
func (d *Desk) messages(x *exchange) error {
	id, err := x.contactID()
	if err != nil {
		return err
	}
	after, err := number(x, "after", 0, 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := number(x, "limit", 50, 1, 100)
	if err != nil {
		return err
	}
	if err := d.mayRead(x, id); err != nil {
		return err
	}
	if err := d.oversee(x, audit.ContactViewed, "contact", string(id)); err != nil {
		return err
	}
	list, err := d.thread(x.r.Context(), id, after, int(limit))
	if err != nil {
		return unavailable("messages", err)
	}
	body := messagesBody{Messages: make([]messageBody, len(list)), More: len(list) == int(limit)}
	for i, m := range list {
		body.Messages[i] = messageOf(m)
	}
	return x.ok(body)
}

// thread reads from where the messages are kept; without such a place only
// what is open at this node.
func (d *Desk) thread(ctx context.Context, id contact.ID, after int64, limit int) ([]contact.Message, error) {
	if d.o.Threads != nil {
		return d.o.Threads.Messages(ctx, id, after, limit)
	}
	list, err := d.hall().Messages(ctx, id, after, limit)
	if errors.Is(err, session.ErrNotYours) || errors.Is(err, session.ErrState) {
		return nil, nil
	}
	return list, err
}

// mayRead: an agent reads the conversations that they have or had; one that
// was only offered to them they do not.
func (d *Desk) mayRead(x *exchange, id contact.ID) error {
	if x.who.Role != people.Agent {
		return nil
	}
	if d.access.holds(x.who.ID, id) {
		return nil
	}
	r, err := d.o.Records.Find(x.r.Context(), id)
	switch {
	case errors.Is(err, records.ErrNotFound):
		return problemIf(true)
	case err != nil:
		return unavailable("record of the contact", err)
	case r.Agent != x.who.ID:
		return problemIf(true)
	}
	return nil
}

// number reads a query parameter between least and most.
func number(x *exchange, name string, otherwise, least, most int64) (int64, error) {
	text := x.r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, wrongField(name, "数值超出范围 / out of range")
	}
	return n, nil
}
