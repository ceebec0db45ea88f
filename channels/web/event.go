package web

import (
	"time"

	"hotline/channels"
	"hotline/contact"
)

// Kind says what a stored event is.
type Kind string

// The kinds of stored events.
const (
	Wrote  Kind = "message"
	Joined Kind = "joined"
	Closed Kind = "closed"
)

// Event is one entry of a conversation's log. Seq is dense in the conversation,
// from 1, over all kinds; Message.Seq counts the messages alone.
type Event struct {
	Conversation contact.ID
	Seq          int64
	Kind         Kind
	At           time.Time
	Message      contact.Message // of Wrote
	CMID         string          // of Wrote
	Agent        contact.AgentID // of Joined
	Cause        contact.Cause   // of Closed
}

// Phase is how far a conversation is.
type Phase string

// The phases. None: the visitor has never written.
const (
	None    Phase = "none"
	Waiting Phase = "waiting"
	Serving Phase = "serving"
	Over    Phase = "closed"
)

// State is what the store knows of one conversation.
type State struct {
	ID      contact.ID
	Phase   Phase
	Visitor string // the visitor's own id
	Account string
	Topic   string
	Node    string // the anchor
	Term    int64  // rises with each adoption
	Head    int64  // Seq of the last event
	Seen    int64  // Seq of the last event that a session has taken
	Read    int64  // Seq of the last event that the citizen has read
	Agent   contact.AgentID
	Place   *channels.Place // shown last, while waiting
}

// Anchor is the right to act on a conversation: it lapses when another node
// adopts it.
type Anchor struct {
	ID   contact.ID
	Term int64
}
