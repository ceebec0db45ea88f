package desk

import (
	"context"
	"strings"
	"unicode/utf8"

	"hotline/contact"
	"hotline/routing"
)

// ringsText reads which conversation's ring is meant and checks that it is here.
func (s *seat) ringsText(c *command) (*conversation, error) {
	var d offerData
	if err := decodeStrict(c.data, &d); err != nil {
		return nil, err
	}
	k := s.text(d.Contact)
	if k == nil || k.Token != d.Token || k.stage != Rings {
		return nil, routing.ErrStale
	}
	return k, nil
}

func (s *seat) acceptText(c *command) error {
	k, err := s.ringsText(c)
	if err != nil {
		return err
	}
	k.acknowledge(nil)
	id, token := k.Contact.ID, k.Token
	return s.orderBy(k.orders, c, func(ctx context.Context, h Hall) error {
		return h.Accept(ctx, id, s.account.ID, token)
	})
}

func (s *seat) declineText(c *command) error {
	k, err := s.ringsText(c)
	if err != nil {
		return err
	}
	k.acknowledge(nil)
	id, token := k.Contact.ID, k.Token
	return s.orderBy(k.orders, c, func(ctx context.Context, h Hall) error {
		return h.Decline(ctx, id, s.account.ID, token)
	})
}

// here finds a conversation of the seat.
func (s *seat) here(id contact.ID) (*conversation, error) {
	if k := s.text(id); k != nil {
		return k, nil
	}
	return nil, &Problem{Code: Stale, Field: "contact", Message: "会话已不在本座席 / the conversation is not here"}
}

// onText makes a doer of a hall's command on a conversation at the seat.
func onText(do func(Hall, context.Context, contact.ID, contact.AgentID) error) doer {
	return func(s *seat, c *command) error {
		var d contactData
		if err := decodeStrict(c.data, &d); err != nil {
			return err
		}
		k, err := s.here(d.Contact)
		if err != nil {
			return err
		}
		return s.orderBy(k.orders, c, func(ctx context.Context, h Hall) error { return do(h, ctx, d.Contact, s.account.ID) })
	}
}

// onEither is onText for a conversation, onCall for the call.
func onEither(do func(Hall, context.Context, contact.ID, contact.AgentID) error) doer {
	text, call := onText(do), onCall(do)
	return func(s *seat, c *command) error {
		var d contactData
		if err := decodeStrict(c.data, &d); err != nil {
			return err
		}
		if s.text(d.Contact) != nil {
			return text(s, c)
		}
		return call(s, c)
	}
}

type sendData struct {
	Contact contact.ID `json:"contact"`
	CMID    string     `json:"cmid"`
	Text    string     `json:"text"`
}

func (d sendData) check() error {
	if _, err := contact.ParseID(d.CMID); err != nil {
		return wrongField("cmid", "应为 ULID / want a ULID")
	}
	n := utf8.RuneCountInString(d.Text)
	if n > contact.LongestText || strings.TrimSpace(d.Text) == "" || strings.ContainsRune(d.Text, 0) || !utf8.ValidString(d.Text) {
		return wrongField("text", "消息为 1 至 4000 个字符 / 1 to 4,000 characters")
	}
	return nil
}

// send brings the agent's words to the citizen; the event message comes first.
func (s *seat) send(c *command) error {
	var d sendData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	k, err := s.here(d.Contact)
	if err != nil {
		return err
	}
	return s.orderBy(k.orders, c, func(ctx context.Context, h Hall) error {
		_, err := h.Say(ctx, d.Contact, s.account.ID, d.CMID, d.Text)
		return err
	})
}

type writesData struct {
	Contact contact.ID `json:"contact"`
	On      *bool      `json:"on"`
}

func (s *seat) writes(c *command) error {
	var d writesData
	if err := decodeStrict(c.data, &d); err != nil {
		return err
	}
	if d.On == nil {
		return wrongField("on", "缺少 on / on is missing")
	}
	k, err := s.here(d.Contact)
	if err != nil {
		return err
	}
	return s.orderBy(k.orders, c, func(ctx context.Context, h Hall) error {
		return h.Typing(ctx, d.Contact, s.account.ID, *d.On)
	})
}
