package load

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"hotline/desk/headless"
)

const (
	// page is the most records that one question brings.
	page = 500
	// settling bounds the wait for the last records.
	settling = 60 * time.Second
)

// entry is a record as the staff API shows it.
type entry struct {
	Contact   string    `json:"contact"`
	Caller    string    `json:"caller"`
	Accepted  time.Time `json:"accepted"`
	Queued    time.Time `json:"queued"`
	Connected time.Time `json:"connected"`
	Ended     time.Time `json:"ended"`
	Cause     string    `json:"cause"`
}

// books are the node's records of this run, by contact.
type books struct {
	rest   *headless.REST
	before string // the newest contact that there was before the run
	all    map[string]entry
}

// openBooks signs the supervisor in.
func openBooks(ctx context.Context, o Options) (*books, error) {
	rest, err := headless.SignIn(ctx, o.URL, o.Supervisor.Name, o.Supervisor.Password)
	if err != nil {
		return nil, fmt.Errorf("supervisor: %w", err)
	}
	b := &books{rest: rest, all: map[string]entry{}}
	newest, err := b.fetch(ctx, 1)
	if err != nil {
		return nil, err
	}
	if len(newest) > 0 {
		b.before = newest[0].Contact
	}
	return b, nil
}

func (b *books) close(ctx context.Context) {
	_ = b.rest.SignOut(ctx) // a sign-in that stays ends by itself
	b.rest.CloseIdle()
}

func (b *books) fetch(ctx context.Context, limit int) ([]entry, error) {
	var list struct {
		Contacts []entry `json:"contacts"`
	}
	err := b.rest.Call(ctx, http.MethodGet, fmt.Sprintf("/contacts?limit=%d", limit), nil, &list)
	return list.Contacts, err
}

// update reads the newest records.
func (b *books) update(ctx context.Context) error {
	list, err := b.fetch(ctx, page)
	for _, e := range list {
		if e.Contact > b.before {
			b.all[e.Contact] = e
		}
	}
	return err
}

// follow updates until ctx ends, often enough that none slips through.
func (b *books) follow(ctx context.Context, rate float64) error {
	every := time.Duration(page / 4 / rate * float64(time.Second))
	tick := time.NewTicker(min(max(every, 250*time.Millisecond), 10*time.Second))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := b.update(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("read records: %w", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// settle asks until want records are there and all have ended, or for a
// minute. Those that have left the newest page are asked for one by one.
func (b *books) settle(ctx context.Context, want int) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := b.update(ctx); err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		if open := b.open(); len(open) == 0 && len(b.all) >= want {
			return nil
		} else if err := b.ask(ctx, open); err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil // the ledger shows what is missing
		}
	}
}

func (b *books) open() (ids []string) {
	for id, e := range b.all {
		if e.Ended.IsZero() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (b *books) ask(ctx context.Context, ids []string) error {
	for _, id := range ids {
		var one struct {
			Record entry `json:"record"`
		}
		if err := b.rest.Call(ctx, http.MethodGet, "/contacts/"+id, nil, &one); err != nil {
			return err
		}
		b.all[id] = one.Record
	}
	return nil
}

// Ledger holds the calls that were offered against the node's records.
type Ledger struct {
	Offered    int  `json:"offered"`
	Records    int  `json:"records"`
	Missing    int  `json:"missing"`    // offered calls without a record
	Open       int  `json:"open"`       // records without an end
	Unexpected int  `json:"unexpected"` // records of nobody's call, or a second one of the same
	Differ     int  `json:"differ"`     // an agent heard by the citizen, but not connected by the record, or the reverse
	Balanced   bool `json:"balanced"`
}

// balance compares; a citizen who was connected and hung up before a packet of
// the agent came is no difference.
func (b *books) balance(all []*citizen) Ledger {
	l := Ledger{Offered: len(all), Records: len(b.all)}
	found := map[string]entry{}
	for _, id := range slices.Sorted(maps.Keys(b.all)) {
		e := b.all[id]
		if e.Ended.IsZero() {
			l.Open++
		}
		if _, twice := found[e.Caller]; twice {
			l.Unexpected++
		}
		found[e.Caller] = e
	}
	for _, c := range all {
		e, ok := found[masked(c.number)]
		delete(found, masked(c.number))
		switch {
		case !ok:
			l.Missing++
		case c.fate == served && e.Connected.IsZero(), c.fate == refused && !e.Connected.IsZero():
			l.Differ++
		}
	}
	l.Unexpected += len(found)
	l.Balanced = cmp.Or(l.Missing, l.Open, l.Unexpected, l.Differ) == 0
	return l
}

// causes counts the ends that the records tell.
func (b *books) causes() map[string]int {
	count := map[string]int{}
	for _, e := range b.all {
		if e.Ended.IsZero() {
			count["open"]++
			continue
		}
		count[e.Cause]++
	}
	return count
}
