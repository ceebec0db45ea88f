package contact

import (
	"fmt"
	"time"
)

// ID names one contact for ever: a ULID of 26 Crockford base-32 characters,
// minted by whoever accepts the contact. IDs sort by time of acceptance.
type ID string

// AgentID is an agent's account name, such as "1001".
type AgentID string

// Contact is one citizen asking once, on any channel. It is a value: who
// needs a change makes a new one.
type Contact struct {
	ID      ID
	Channel Channel
	// Line is the configured service line that answers, such as "citizen".
	Line string
	// Source is the merged hotline that the citizen dialled, such as "12315";
	// empty for messages.
	Source string
	// Citizen is who asks; the zero Address is an anonymous caller.
	Citizen Address
	// Accepted is when the house took the contact, UTC.
	Accepted time.Time
}

// ParseID checks that s has the form of a ULID.
func ParseID(s string) (ID, error) {
	if len(s) != 26 {
		return "", fmt.Errorf("contact id: want 26 characters, got %d", len(s))
	}
	for i := range len(s) {
		if !crockford(s[i]) {
			return "", fmt.Errorf("contact id: character %d is not Crockford base 32", i+1)
		}
	}
	return ID(s), nil
}

func crockford(b byte) bool {
	switch {
	case b >= '0' && b <= '9':
		return true
	case b >= 'A' && b <= 'Z':
		return b != 'I' && b != 'L' && b != 'O' && b != 'U'
	default:
		return false
	}
}
