package remote

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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

// offerWire is an Offer. Times cross as what is left of them: clocks differ.
type offerWire struct {
	Agent   contact.AgentID `json:"agent"`
	Contact contactWire     `json:"contact"`
	Token   routing.Token   `json:"token"`
	Record  string          `json:"record"`
	Left    time.Duration   `json:"left"`
	Seat    routing.NodeID  `json:"seat"`
	Anchor  routing.NodeID  `json:"anchor"`
	// Callback: the citizen is to be dialled.
	Callback bool `json:"callback,omitempty"`
}

type contactWire struct {
	ID       contact.ID      `json:"id"`
	Channel  contact.Channel `json:"channel"`
	Line     string          `json:"line"`
	Source   string          `json:"source"`
	Citizen  []byte          `json:"citizen"` // sealed
	Accepted time.Time       `json:"accepted"`
}

// newsWire is News, whatever its fields; Left stands for Until.
type newsWire struct {
	Agent contact.AgentID `json:"agent"`
	News  session.News    `json:"news"`
	Left  time.Duration   `json:"left"`
}

// commandWire is a desk's command.
type commandWire struct {
	Command string          `json:"command"`
	Contact contact.ID      `json:"contact"`
	Agent   contact.AgentID `json:"agent"`
	Token   routing.Token   `json:"token,omitempty"`
	On      bool            `json:"on,omitempty"`
}

// share is one contact that a session and a desk of two nodes have together.
type share struct {
	Contact contact.ID      `json:"contact"`
	Agent   contact.AgentID `json:"agent"`
	Token   routing.Token   `json:"token"`
}

// seal hides citizens' addresses on their way: Redis writes messages to disk.
type seal struct{ aead cipher.AEAD }

func newSeal(key []byte) (seal, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "hotline bus", 32)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return seal{}, fmt.Errorf("remote: key: %w", err)
	}
	return seal{aead}, nil
}

func (s seal) close(a contact.Address) []byte {
	if a.IsZero() {
		return nil
	}
	return s.aead.Seal(nil, nil, []byte(a.Reveal()), nil) //nolint:gosec // G407: this AEAD makes its own nonce
}

// ErrSeal says that an offer came from a node with another key.
var ErrSeal = errors.New("remote: the citizen's address cannot be read: is node.ref_key the same on all nodes?")

func (s seal) open(b []byte) (contact.Address, error) {
	if len(b) == 0 {
		return contact.Address{}, nil
	}
	text, err := s.aead.Open(nil, nil, b, nil)
	if err != nil {
		return contact.Address{}, ErrSeal
	}
	return contact.NewAddress(string(text)), nil
}

func (s seal) offer(agent contact.AgentID, c session.Call, now time.Time) offerWire {
	return offerWire{
		Agent: agent, Token: c.Token, Record: c.Record, Left: c.Until.Sub(now), Seat: c.Seat, Anchor: c.Anchor, Callback: c.Callback,
		Contact: contactWire{
			ID: c.Contact.ID, Channel: c.Contact.Channel, Line: c.Contact.Line, Source: c.Contact.Source,
			Citizen: s.close(c.Contact.Citizen), Accepted: c.Contact.Accepted,
		},
	}
}

func (s seal) call(w offerWire, now time.Time) (session.Call, error) {
	citizen, err := s.open(w.Contact.Citizen)
	return session.Call{
		Token: w.Token, Record: w.Record, Until: now.Add(w.Left), Seat: w.Seat, Anchor: w.Anchor, Callback: w.Callback,
		Contact: contact.Contact{
			ID: w.Contact.ID, Channel: w.Contact.Channel, Line: w.Contact.Line, Source: w.Contact.Source,
			Citizen: citizen, Accepted: w.Contact.Accepted,
		},
	}, err
}

func newsOut(agent contact.AgentID, n session.News, now time.Time) newsWire {
	w := newsWire{Agent: agent, News: n}
	if !n.Until.IsZero() {
		w.Left = n.Until.Sub(now)
	}
	return w
}

func (w newsWire) in(now time.Time) session.News {
	n := w.News
	if !n.Until.IsZero() {
		n.Until = now.Add(w.Left)
	}
	return n
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // our own structs: cannot fail
		return []byte("{}")
	}
	return b
}
