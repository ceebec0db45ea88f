package routing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/calendar"
)

// sticky is the step that wants the last agent.
const sticky = "sticky"

// Bounds of one queue's rule.
const (
	mostRules       = 10 // steps, overflow rules, entries of need
	longestSticky   = 365 * 24 * time.Hour
	longestQueueing = 24 * time.Hour
)

// ready is a queue made ready: what a contact in it waits for, and when.
type ready struct {
	name      string
	need      need
	hold      time.Duration // of the last agent; 0 for none
	expires   time.Duration
	stages    []stage
	everybody []Bucket        // all who are asked without condition in the end
	groups    map[Bucket]held // every bucket of the stages: what a seat must have
	overflow  []spill
	calendar  *calendar.Calendar // nil for always open
	closed    Closed
	wait      Patience
}

// stage is one step made ready.
type stage struct {
	after time.Duration
	add   []Bucket
}

// spill is one overflow rule made ready.
type spill struct {
	when     expression
	queue    string
	callback bool
}

// ready reads the rule of one queue, but for what it says of other queues.
func (r QueueRule) ready(name string, known vocabulary) (*ready, error) {
	q := &ready{name: name, groups: map[Bucket]held{}, closed: r.Closed, wait: r.Wait}
	var errs []error
	q.need, errs = r.readNeed(known)
	errs = append(errs, q.readSteps(r, known)...)
	errs = append(errs, q.readOverflow(r.Overflow)...)
	errs = append(errs, q.checkWait()...)
	return q, errors.Join(errs...)
}

// readNeed joins the entries of need; without any, it is who is asked at last.
func (r QueueRule) readNeed(known vocabulary) (need, []error) {
	var all need
	var errs []error
	if len(r.Need) == 0 {
		errs = append(errs, errors.New("need: must name who belongs to the queue"))
	}
	for i, text := range r.Need[:min(len(r.Need), mostRules)] {
		n, err := known.need(text)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("need[%d]: %w", i, err))
		case all == nil:
			all = n
		default:
			all = all.and(n).plain()
		}
	}
	if len(r.Need) > mostRules || len(all) > mostAlternatives {
		errs = append(errs, errors.New("need: has too many entries or alternatives"))
		all = nil
	}
	return all, errs
}

// readSteps makes the stages. The steps must be in order, begin at once, only
// widen, and end with all who belong to the queue while somebody still waits.
func (q *ready) readSteps(r QueueRule, known vocabulary) []error {
	steps := r.Steps
	if len(steps) == 0 {
		q.stages = []stage{{add: q.put(q.need, nil)}}
		q.everybody = q.need.buckets()
		return nil
	}
	if len(steps) > mostRules {
		return []error{fmt.Errorf("steps: more than %d", mostRules)}
	}
	var errs []error
	first := 0
	if steps[0].Want == sticky {
		first = 1
		errs = append(errs, q.readSticky(r)...)
	}
	c := circle{queue: q, first: first, end: r.Wait.Max, known: known}
	for i, s := range steps[first:] {
		at := fmt.Sprintf("steps[%d]", first+i)
		if err := c.widen(s, i == 0, at); err != nil {
			errs = append(errs, err)
		}
	}
	q.stages, q.everybody = c.stages, c.all.plain().buckets()
	if errors.Join(errs...) == nil && !q.need.within(c.all) {
		errs = append(errs, fmt.Errorf("steps: end without an unconditional step that all of %q belong to, so that a contact may be stranded", r.Need))
	}
	return errs
}

func (q *ready) readSticky(r QueueRule) []error {
	q.hold, q.expires = cmp.Or(r.Sticky.Hold, 10*time.Second), cmp.Or(r.Sticky.Expires, 7*24*time.Hour)
	errs := []error{
		between("sticky.hold", q.hold, time.Second, 10*time.Minute),
		between("sticky.expires", q.expires, time.Minute, longestSticky),
	}
	if len(r.Steps) > 1 {
		q.hold = cmp.Or(r.Steps[1].After, q.hold)
	}
	if s := r.Steps[0]; s.After != 0 || s.Add != "" || s.If != "" {
		errs = append(errs, errors.New("steps[0]: sticky comes first, at once, and alone"))
	}
	return errs
}

// circle is who is asked, while the steps are read.
type circle struct {
	queue  *ready
	known  vocabulary
	first  int // index of the first step that is not sticky
	end    time.Duration
	last   time.Duration
	all    need // without condition, while somebody still waits
	stages []stage
}

func (c *circle) widen(s StepRule, first bool, at string) error {
	switch {
	case first && c.first == 0 && s.After != 0:
		return fmt.Errorf("%s.after: the first step is at once: 0s", at)
	case s.After < 0 || s.After > longestQueueing:
		return fmt.Errorf("%s.after: %s is not between 0s and %s", at, s.After, longestQueueing)
	case !first && s.After <= c.last:
		return fmt.Errorf("%s.after: %s does not come after %s", at, s.After, c.last)
	case (s.Want == "") == (s.Add == ""):
		return fmt.Errorf("%s: must want or add", at)
	case s.Want == sticky || s.Add == sticky:
		return fmt.Errorf("%s.want: sticky can only be the first step", at)
	case s.Want != "" && s.If != "":
		return fmt.Errorf("%s.if: goes with add, not with want", at)
	}
	c.last = s.After
	if s.Want != "" {
		return c.want(s, at)
	}
	return c.add(s, at)
}

func (c *circle) want(s StepRule, at string) error {
	n, err := c.known.need(s.Want)
	if err != nil {
		return fmt.Errorf("%s.want: %w", at, err)
	}
	if !c.all.within(n) {
		return fmt.Errorf("%s.want: narrows: before, %q was asked too; write add", at, c.all.buckets())
	}
	c.put(s.After, n, nil)
	return nil
}

func (c *circle) add(s StepRule, at string) error {
	n, err := c.known.need(s.Add)
	if err != nil {
		return fmt.Errorf("%s.add: %w", at, err)
	}
	if s.If == "" {
		c.put(s.After, n, nil)
		return nil
	}
	reserve, err := parseReserve(s.If, n)
	if err != nil {
		return fmt.Errorf("%s.if: %w", at, err)
	}
	c.put(s.After, n, &reserve)
	return nil
}

func (c *circle) put(after time.Duration, n need, reserve *int) {
	c.stages = append(c.stages, stage{after, c.queue.put(n, reserve)})
	if reserve == nil && (c.end == 0 || after < c.end) {
		c.all = append(slices.Clone(c.all), n...)
	}
}

// put names the buckets of a need, borrowed when some must stay free.
func (q *ready) put(n need, reserve *int) []Bucket {
	all := n.buckets()
	for i, h := range n {
		q.groups[all[i]] = h
		if reserve != nil {
			all[i] = Borrowed(all[i], *reserve)
			q.groups[all[i]] = h
		}
	}
	return all
}

func (q *ready) readOverflow(rules []Overflow) (errs []error) {
	if len(rules) > mostRules {
		return []error{fmt.Errorf("overflow: more than %d", mostRules)}
	}
	for i, r := range rules {
		at := fmt.Sprintf("overflow[%d]", i)
		when, err := parseCondition(r.If)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s.if: %w", at, err))
		}
		if (r.Queue == "") == !r.Callback {
			errs = append(errs, fmt.Errorf("%s: must have queue or callback", at))
		}
		q.overflow = append(q.overflow, spill{when, r.Queue, r.Callback})
	}
	return errs
}

func (q *ready) checkWait() []error {
	w := q.wait
	errs := []error{
		between("wait.callback", w.Callback, 0, longestQueueing),
		between("wait.max", w.Max, 0, longestQueueing),
	}
	switch {
	case w.Then != "" && w.Then != thenCallback:
		errs = append(errs, fmt.Errorf("wait.then: %q is not callback", w.Then))
	case w.Then != "" && w.Max == 0:
		errs = append(errs, errors.New("wait.then: means nothing without max"))
	case w.NoCallback && (w.Callback > 0 || w.Then != ""):
		errs = append(errs, errors.New("wait.no_callback: a call-back is named beside it"))
	case w.Max > 0 && w.Callback >= w.Max:
		errs = append(errs, errors.New("wait.callback: comes after max"))
	}
	return errs
}

// callback fills in when a call-back is offered.
func (q *ready) callback(after time.Duration) {
	if !q.wait.NoCallback {
		q.wait.Callback = cmp.Or(q.wait.Callback, after)
	}
}
