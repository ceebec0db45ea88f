package simulate

import (
	"time"
)

// Tally is what one replication saw on one line.
type Tally struct {
	Offered   int
	Answered  int
	Abandoned int           // gave up waiting
	Refused   int           // closed
	Queued    int           // waited at all
	Within    int           // answered within the service level
	Wait      time.Duration // sum, of all: those who gave up too
	Answering time.Duration // sum, of the answered
	Longest   time.Duration
	Elsewhere int // answered by a seat that the line did not begin with
	Open      int // still waiting at the end; in no sum
}

func (t *Tally) answered(waited, level time.Duration) {
	t.Answered++
	t.Answering += waited
	if waited <= level {
		t.Within++
	}
	t.waited(waited)
}

func (t *Tally) abandoned(waited time.Duration) {
	t.Abandoned++
	t.waited(waited)
}

func (t *Tally) waited(waited time.Duration) {
	if waited > 0 {
		t.Queued++
	}
	t.Wait += waited
	t.Longest = max(t.Longest, waited)
}
