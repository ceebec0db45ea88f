package routing

import (
	"time"

	"hotline/contact"
)

// Counts is the hall at one moment.
type Counts struct {
	Waiting map[Bucket]int `json:"waiting"` // but for the buckets of one seat
	Free    map[Bucket]int `json:"free"`    // free voice seats, but for borrowed buckets
	Offered int            `json:"offered"`
	// Staffed is who is there, ready or away, but for borrowed buckets; without zeros.
	Staffed map[Bucket]int `json:"staffed"`
	// LastWait is how long the call waited that was accepted last out of the
	// bucket; without those where none was, borrowed buckets and those of one seat.
	LastWait map[Bucket]time.Duration `json:"last_wait"`
}

// Board is who waits and who works, at one moment.
type Board struct {
	At    time.Time // the queue's clock
	Lines []LineWait
	Seats []SeatWork
}

// LineWait is what waits on one line in one class, sorted by line and class;
// lines where nobody waits are left out.
type LineWait struct {
	Line    string
	Class   contact.Class
	Waiting int
	Oldest  time.Duration // wait of the contact that waits longest
}

// SeatWork is one seat that is not Offline, at a node that lives, sorted by agent.
type SeatWork struct {
	Agent  contact.AgentID
	Node   NodeID
	Status Status
	Used   map[contact.Class]int // offered, talking and wrapping contacts; without zeros
	Slots  map[contact.Class]int
}

// Outlook is how a waiting contact stands in the bucket where its place is
// best; the first of equals counts. A SeatBucket does not count when the
// contact waits in another.
type Outlook struct {
	Bucket  Bucket
	Place   int           // how many wait before it, from 0
	Waited  time.Duration // so far
	Oldest  time.Duration // how long the first of the bucket has waited
	Staffed int           // seats that are there and serve the bucket, ready or away
	// LastWait is how long the contact waited that was accepted last out of the
	// bucket, LastAge how long ago that was; both zero when none was.
	LastWait, LastAge time.Duration
	// Handling is the moving mean of how long a contact of the bucket and class
	// keeps its slot, from Accept to Finish; 0 when none has finished. Each
	// finished contact moves it by one eighth of the difference.
	Handling time.Duration
}
