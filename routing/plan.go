package routing

import (
	"time"

	"hotline/contact"
)

// Ask is one contact that is about to wait, at one moment.
type Ask struct {
	Line  Line // of ByNumber or ByAccount
	Class contact.Class
	Now   time.Time
	// Last is who served the citizen last, and LastEnded when; empty when nobody is known.
	Last      contact.AgentID
	LastEnded time.Time
	// Returning says that the citizen was lost or cut off before, and comes again.
	Returning bool
	// Load tells how a queue stands now; nil when nothing is known of any.
	Load func(queue string) Load
}

// Load is one queue at one moment.
type Load struct {
	Waiting int
	Staffed int           // seats that are there, ready or away
	Wait    time.Duration // that who comes now will wait, as far as can be told
	Known   bool
}

// Plan is where a contact waits and for how long. Exactly one of the two holds:
// Closed is empty and the entry can be enqueued, or Closed names what to tell
// the citizen, who is then refused with contact.RefusedClosed.
type Plan struct {
	// Entry has Line, Class, Buckets, Steps, Band, Credit and Ring; Contact,
	// Anchor and Waited are the caller's to set.
	Entry  Entry
	Queue  string // the one that it waits in
	Closed string // prompt or message to tell: closed, and nowhere else to go
	Notice string // prompt or message to tell before it waits: it goes to another queue than meant
	// CallbackAfter is the wait after which a call-back is offered; 0 for never.
	CallbackAfter time.Duration
	// MaxWait is when waiting ends; 0 for never. Then says how: "callback", or
	// "" for a goodbye.
	MaxWait time.Duration
	Then    string
	Trail   []string // the reasons in short closed English words, for the record
}

// SeatAsk is one agent's account, at one moment.
type SeatAsk struct {
	ID     contact.AgentID
	Skills []string              // such as general, or enterprise=2 for a level
	Limits map[contact.Class]int // contacts at once, when fewer than the policy says
	Now    time.Time
}
