package contact

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Cause says why a contact, a call or a leg ended. The list is closed; the
// zero value is Internal, so that a forgotten case blames us.
type Cause uint8

// The causes.
const (
	Internal Cause = iota
	AbandonedGreeting
	AbandonedQueue
	AbandonedRinging
	RefusedUnknown // the number dialled is on no line
	RefusedClosed
	RefusedFull
	RefusedOverload
	RefusedNuisance
	CitizenEnded
	AgentEnded
	Transferred
	CallbackTaken
	NodeLost
	MediaLost
	Unreached // a call-back that the citizen did not answer
	Recalled  // a call-back that is not to be made now: the citizen has rung, or it waits for another hour or node
)

func causeNames() []string {
	return []string{
		"internal",
		"abandoned_greeting", "abandoned_queue", "abandoned_ringing",
		"refused_unknown", "refused_closed", "refused_full", "refused_overload", "refused_nuisance",
		"citizen_ended", "agent_ended", "transferred", "callback_taken",
		"node_lost", "media_lost",
		"unreached", "recalled",
	}
}

// Causes lists all causes, for metrics and tests.
func Causes() []Cause {
	all := make([]Cause, len(causeNames()))
	for i := range all {
		all[i] = Cause(i)
	}
	return all
}

// String is the stable name, such as "abandoned_queue".
func (c Cause) String() string {
	names := causeNames()
	if int(c) >= len(names) {
		return "internal"
	}
	return names[c]
}

// ParseCause reads what String wrote.
func ParseCause(s string) (Cause, error) {
	i := slices.Index(causeNames(), s)
	if i < 0 {
		return Internal, fmt.Errorf("cause %q is not known", s)
	}
	return Cause(i), nil
}

// MarshalJSON writes the name.
func (c Cause) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// UnmarshalJSON reads the name.
func (c *Cause) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("cause: %w", err)
	}
	got, err := ParseCause(s)
	*c = got
	return err
}
