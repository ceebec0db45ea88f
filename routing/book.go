package routing

import (
	"sync/atomic"
	"time"

	"hotline/contact"
)

// Book answers all questions about the policy in force: whose line a number is,
// where a contact waits, what a seat serves. It is safe for all. Each answer is
// of one edition; two questions may meet two.
type Book struct{ inForce atomic.Pointer[edition] }

// NewBook checks the configuration and puts it in force.
func NewBook(c Config) (*Book, error) {
	b := new(Book)
	if err := b.Replace(c); err != nil {
		return nil, err
	}
	return b, nil
}

// Replace checks the configuration and puts it in force, at once and for all
// who hold the book. On an error, which names the fields at fault, the old
// edition stays in force. What waits and who serves is told by the caller.
func (b *Book) Replace(c Config) error {
	next, err := newEdition(c)
	if err != nil {
		return err
	}
	b.inForce.Store(next)
	return nil
}

func (b *Book) edition() *edition { return b.inForce.Load() }

// Version is a short hash of the configuration: alike on all nodes that run
// by the same.
func (b *Book) Version() string { return b.edition().version }

// ByNumber returns the line that answers the number dialled, and the merged
// hotline the number stands for.
func (b *Book) ByNumber(called string) (line Line, source string, ok bool) {
	return b.edition().ByNumber(called)
}

// ByAccount returns the line that a text account reaches, with the queue that
// the topic leads to.
func (b *Book) ByAccount(ch contact.Channel, account, topic string) (Line, bool) {
	return b.edition().ByAccount(ch, account, topic)
}

// All returns the lines in the order of the configuration.
func (b *Book) All() []Line { return b.edition().All() }

// Line returns the line of that name.
func (b *Book) Line(name string) (Line, bool) { return b.edition().Line(name) }

// WantsLast says that the line's contacts wait for who served the citizen last.
func (b *Book) WantsLast(l Line) bool { return b.edition().WantsLast(l) }

// Refusals says what an offer that came to nothing means for the agent; Missed
// is at least 1.
func (b *Book) Refusals() Refusals { return b.edition().Refusals() }

// Callbacks says how citizens are called back.
func (b *Book) Callbacks() CallbackRule { return b.edition().callbacks }

// CallableAt returns t when citizens may be rung then, else when the quiet
// hours end.
func (b *Book) CallableAt(t time.Time) time.Time { return b.edition().callable.Next(t) }

// Plan says where a contact waits. It is pure: the same question has the same
// answer while the edition is in force. A line that it does not know is served
// like its first one.
func (b *Book) Plan(a Ask) Plan { return b.edition().Plan(a) }

// Seat says what an account's seat serves, and how much at once: ID, Buckets,
// Slots and Excludes are set, Node and Status are the caller's. Skills that the
// policy does not know count for nothing.
func (b *Book) Seat(a SeatAsk) Agent { return b.edition().Seat(a) }

// SeatsChange returns the first moment after now when groups begin or end, and
// with them what seats serve; zero for never.
func (b *Book) SeatsChange(now time.Time) time.Time { return b.edition().SeatsChange(now) }

// LoadOf makes of the hall's counts what is known of a queue: of its groups
// the most that wait, the most that are there, and the shortest last wait. What
// the book does not name is not known.
func (b *Book) LoadOf(queue string, c Counts) Load { return b.edition().LoadOf(queue, c) }

// Explain tells in words where a contact would wait, for how long, and, when a
// seat is given, from when on that seat would be asked. It ends in a newline.
func (b *Book) Explain(a Ask, seat *SeatAsk) string { return b.edition().Explain(a, seat) }

// Review looks for what can be judged only with the date and the accounts:
// holidays that will not be known, groups of the past, queues that nothing
// leads to, and, when accounts are given, queues that nobody serves.
func (b *Book) Review(now time.Time, accounts []SeatAsk) []Finding {
	return b.edition().Review(now, accounts)
}
