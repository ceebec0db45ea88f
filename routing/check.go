package routing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline/contact"
)

// Bounds of what the queue's one order can hold: a score is
// band·1e13 + enqueue_ms − credit_ms and must stay an exact float64.
const (
	HighestBand    = 800
	LargestCredit  = 30 * 24 * time.Hour
	longestRing    = 5 * time.Minute
	mostTiers      = 100
	mostSlots      = 100
	mostBuckets    = 100
	mostSteps      = 20
	longestWait    = 30 * 24 * time.Hour
	largestReserve = 10_000
	largestToken   = 1 << 53 // still an exact float64
)

// LeaseSlack is added to the ring time: the anchor's own timer comes first.
const LeaseSlack = 3 * time.Second

// NodeLease is how long a node may act after its last Beat.
const NodeLease = 5 * time.Second

// Batch is how many reservations, contacts and seats one Tick may end.
const Batch = 100

// ErrBad refuses a command whose values the queue cannot hold; its text names
// the field.
var ErrBad = errors.New("routing: bad command")

// Validate names the field that is wrong.
func (e Entry) Validate() error {
	if _, err := contact.ParseID(string(e.Contact)); err != nil {
		return fmt.Errorf("%w: %w", ErrBad, err)
	}
	switch {
	case !isClass(e.Class):
		return bad("class", e.Class)
	case len(e.Buckets) == 0 || len(e.Buckets) > mostBuckets:
		return bad("buckets", len(e.Buckets))
	case e.Band < 0 || e.Band > HighestBand:
		return bad("band", e.Band)
	case e.Credit < 0 || e.Credit > LargestCredit:
		return bad("credit", e.Credit)
	case e.Ring <= 0 || e.Ring > longestRing:
		return bad("ring", e.Ring)
	case e.Waited < 0 || e.Waited > longestWait:
		return bad("waited", e.Waited)
	case e.Line != "" && !isName(e.Line):
		return bad("line", e.Line)
	}
	if err := e.Anchor.Validate(); err != nil {
		return err
	}
	if err := checkBuckets(e.Buckets); err != nil {
		return err
	}
	return e.checkSteps()
}

func (e Entry) checkSteps() error {
	if len(e.Steps) > mostSteps {
		return bad("steps", len(e.Steps))
	}
	var last time.Duration
	for _, s := range e.Steps {
		if s.After <= last || s.After > longestWait || len(s.Add) == 0 || len(s.Add) > mostBuckets {
			return bad("steps", s.After)
		}
		last = s.After
		if err := checkBuckets(s.Add); err != nil {
			return err
		}
	}
	return nil
}

// Validate names the field that is wrong.
func (a Assertion) Validate() error {
	if err := a.Entry.Validate(); err != nil {
		return err
	}
	if a.Token > largestToken {
		return bad("token", a.Token)
	}
	switch a.State {
	case Wait:
		if a.Agent != "" {
			return bad("agent", a.Agent)
		}
		return nil
	case Talking, Wrapping:
		if !isAgent(a.Agent) {
			return bad("agent", a.Agent)
		}
		if a.Token == 0 {
			return bad("token", a.Token)
		}
		return nil
	case New, Offered, Lost, Ended:
	}
	return bad("state", a.State)
}

// Validate names the field that is wrong.
func (a Agent) Validate() error {
	switch {
	case !isAgent(a.ID):
		return bad("agent", a.ID)
	case a.Status != Ready && a.Status != Away && a.Status != Offline:
		return bad("status", a.Status)
	case len(a.Buckets) > mostBuckets:
		return bad("buckets", len(a.Buckets))
	}
	for b, tier := range a.Buckets {
		_, own := b.Seat()
		if tier < 0 || tier > mostTiers || own || b.Validate() != nil {
			return bad("buckets."+string(b), tier)
		}
	}
	for class, n := range a.Slots {
		if n < 0 || n > mostSlots || !isClass(class) {
			return bad("slots."+string(class), n)
		}
	}
	for class := range a.Excludes {
		if !isClass(class) {
			return bad("excludes", class)
		}
	}
	return a.Node.Validate()
}

// Validate says whether the name may stand in a key of the store.
func (n NodeID) Validate() error {
	if !made(string(n), 1, 64, upper+lower+digits+"._-") {
		return bad("node", n)
	}
	return nil
}

// Validate says whether the reason is on the list.
func (r DeclineReason) Validate() error {
	switch r {
	case Rejected, Unanswered, Unreachable, Disconnected:
		return nil
	default:
		return bad("reason", r)
	}
}

func checkBuckets(buckets []Bucket) error {
	seen := map[Bucket]bool{}
	for _, b := range buckets {
		if b.Validate() != nil || seen[b] {
			return bad("buckets", b)
		}
		seen[b] = true
	}
	return nil
}

func bad[T any](field string, value T) error {
	return fmt.Errorf("%w: %s: %v is not allowed", ErrBad, field, value)
}

func isClass(c contact.Class) bool { return c == contact.Voice || c == contact.Text }

func isAgent(id contact.AgentID) bool { return made(string(id), 1, 64, upper+lower+digits+"._@-") }

func isName(s string) bool { return made(s, 1, 32, lower+digits+"_-") }

func isNumber(s string) bool { return made(s, 3, 20, digits) }

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// made says whether s has least to most characters, all of the set.
func made(s string, least, most int, set string) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(set, r) })
}
