package routing

import (
	"cmp"
	"slices"
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

// Plan is where a contact waits and for how long. Where Closed names something,
// a citizen who comes now is told that and refused with contact.RefusedClosed;
// the entry is good for who waits already.
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

// thenCallback ends a wait that is too long with a call-back.
const thenCallback = "callback"

// offeredAtOnce is the least CallbackAfter.
const offeredAtOnce = time.Second

// The words of a Trail; those with a colon are followed by a name.
const (
	tookQueue      = "queue:"    // it waits there
	wasClosed      = "closed:"   // that queue is outside its hours
	hasPriority    = "priority:" // another than normal
	isReturning    = "returning" // has the rank of who was cut off
	heldForLast    = "sticky"    // waits for the last agent alone at first
	lastExpired    = "sticky_expired"
	overflowed     = "overflow:"        // that queue's agents are asked too
	overflowClosed = "overflow_closed:" // they would be, but are outside their hours
	overflowBack   = "overflow_callback"
	loadUnknown    = "load_unknown" // a condition was not judged
)

// Plan says where a contact waits. It is pure: the same question has the same
// answer. A line that the book does not know is served like its first one.
func (b *edition) Plan(a Ask) Plan {
	p := Plan{Entry: Entry{Line: a.Line.Name, Class: a.Class, Ring: a.Line.RingOf(a.Class)}}
	q := p.open(b, b.queueOf(a.Line), a.Now)
	p.Queue = q.name
	p.note(tookQueue, q.name)
	p.rank(b, a)
	p.bound(q, a.Class)
	p.stages(q, p.hold(q, a), p.overflow(b, q, a))
	return p
}

// queueOf is the queue of a line.
func (b *edition) queueOf(l Line) *ready {
	for _, name := range []string{l.Queue, l.Name} {
		if q := b.queues[name]; q != nil {
			return q
		}
	}
	first := b.config.Lines[0]
	return b.queues[cmp.Or(first.Queue, first.Name)]
}

// open follows closed queues to one that is open; where none is, it says what
// to tell.
func (p *Plan) open(b *edition, q *ready, now time.Time) *ready {
	for !q.open(now) {
		p.note(wasClosed, q.name)
		told := q.closed.Message
		if q.closed.Then.Queue == "" {
			p.Closed = told
			return q
		}
		p.Notice = cmp.Or(p.Notice, told)
		q = b.queues[q.closed.Then.Queue]
	}
	return q
}

func (q *ready) open(now time.Time) bool { return q.calendar == nil || q.calendar.Open(now) }

func (p *Plan) note(word, name string) { p.Trail = append(p.Trail, word+name) }

func (p *Plan) rank(b *edition, a Ask) {
	rank := b.priorities[cmp.Or(a.Line.Priority, normal)]
	if a.Line.Priority != "" {
		p.note(hasPriority, a.Line.Priority)
	}
	if back, ok := b.priorities[returning]; ok && a.Returning {
		p.note(isReturning, "")
		rank = Priority{Band: min(rank.Band, back.Band), Credit: max(rank.Credit, back.Credit)}
	}
	p.Entry.Band, p.Entry.Credit = rank.Band, rank.Credit
}

// bound says how long a contact waits. Nobody calls back who wrote.
func (p *Plan) bound(q *ready, class contact.Class) {
	p.MaxWait, p.Then, p.CallbackAfter = q.wait.Max, q.wait.Then, q.wait.Callback
	if class == contact.Text {
		p.MaxWait, p.Then, p.CallbackAfter = 0, "", 0
	}
}

// hold lets the contact wait for the last agent alone, and says for how long.
func (p *Plan) hold(q *ready, a Ask) time.Duration {
	switch {
	case q.hold == 0 || !isAgent(a.Last):
		return 0
	case a.Now.Sub(a.LastEnded) > q.expires:
		p.note(lastExpired, "")
		return 0
	}
	p.note(heldForLast, "")
	p.Entry.Buckets = []Bucket{SeatBucket(a.Last)}
	return q.hold
}

// overflow judges the rules, and says who is asked too from the start.
func (p *Plan) overflow(b *edition, q *ready, a Ask) (more []Bucket) {
	load := a.Load
	if load == nil {
		load = func(string) Load { return Load{} }
	}
	for _, rule := range q.overflow {
		holds, known := rule.when.holds(load)
		switch {
		case !holds && !known:
			p.note(loadUnknown, "")
		case !holds:
		case rule.callback && a.Class == contact.Voice:
			p.note(overflowBack, "")
			p.CallbackAfter = offeredAtOnce
		case rule.queue == "":
		case !b.queues[rule.queue].open(a.Now):
			p.note(overflowClosed, rule.queue)
		default:
			p.note(overflowed, rule.queue)
			more = append(more, b.queues[rule.queue].everybody...)
		}
	}
	return more
}

// stages fills in what the contact waits for, and when: the first stage once
// nobody is held for, with more, then the others at their times.
func (p *Plan) stages(q *ready, hold time.Duration, more []Bucket) {
	known := map[Bucket]bool{}
	for i, s := range q.stages {
		at, add := max(s.after, hold), s.add
		if i == 0 {
			at, add = hold, append(slices.Clone(s.add), more...)
		}
		p.add(at, fresh(known, add))
	}
}

// fresh is what was not known before, and is now.
func fresh(known map[Bucket]bool, add []Bucket) (added []Bucket) {
	for _, b := range add {
		from, _, borrowed := b.Lender()
		if known[b] || borrowed && known[from] {
			continue // who serves the lender is asked already
		}
		known[b] = true
		added = append(added, b)
	}
	return added
}

// add puts buckets to the entry, or to the step of that time.
func (p *Plan) add(at time.Duration, buckets []Bucket) {
	e := &p.Entry
	last := len(e.Steps) - 1
	switch {
	case len(buckets) == 0:
	case at == 0:
		e.Buckets = append(e.Buckets, buckets...)
	case last >= 0 && e.Steps[last].After == at:
		e.Steps[last].Add = append(e.Steps[last].Add, buckets...)
	default:
		e.Steps = append(e.Steps, Step{After: at, Add: buckets})
	}
}
