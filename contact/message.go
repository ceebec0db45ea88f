package contact

import "time"

// Author says who wrote a message.
type Author string

// The authors.
const (
	ByCitizen Author = "citizen"
	ByAgent   Author = "agent"
	ByHouse   Author = "house" // greeting, place in the queue, goodbye
)

// LongestText is how many characters (runes) a message may have.
const LongestText = 4000

// Message is one message of a text conversation, once the house has it.
type Message struct {
	ID   string // ULID of the house
	Seq  int64  // dense in its conversation, from 1: the order of arrival
	From Author
	// Agent wrote it, when From is ByAgent.
	Agent AgentID
	Text  string // valid UTF-8, 1 to LongestText characters
	At    time.Time
}
