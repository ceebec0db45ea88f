package routing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline/calendar"
	"hotline/contact"
)

// Validate names every field at fault, such as lines[2].numbers[0] or
// routing.queues.public.steps[1].if.
func (c Config) Validate() error {
	_, err := compile(c)
	return err
}

// compiler makes an edition of a Config, and gathers what is wrong with it.
type compiler struct {
	Config
	book   *edition
	skills vocabulary
	errs   []error
}

func compile(c Config) (*edition, error) {
	b := emptyEdition(c)
	m := &compiler{Config: c, book: b, skills: b.skills}
	m.readSkills()
	m.readGroups()
	m.readChannels()
	m.readPriorities()
	m.readCalendars()
	m.readQueues()
	m.readLines()
	m.readTargets()
	m.readRest()
	if len(m.errs) > 0 {
		return nil, errors.Join(m.errs...)
	}
	m.book.index()
	if n := len(m.book.groups); n > mostBuckets {
		return nil, fmt.Errorf("routing.queues: ask for %d different groups of agents, at most %d can be told apart", n, mostBuckets)
	}
	return m.book, nil
}

// fail notes what is wrong at a path.
func (m *compiler) fail(path, form string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("%s: "+form, append([]any{path}, args...)...))
}

// under notes each of the joined errors at its path below the given one.
func (m *compiler) under(path string, err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // the outermost only
		for _, e := range joined.Unwrap() {
			m.under(path, e)
		}
		return
	}
	m.errs = append(m.errs, fmt.Errorf("%s.%w", path, err))
}

func (m *compiler) readSkills() {
	for i, s := range m.Policy.Skills {
		at := fmt.Sprintf("routing.skills[%d]", i)
		switch {
		case !isName(s) || s[0] < 'a' || s[0] > 'z' || s == "and" || s == "or" || s == sticky:
			m.fail(at, "%q is no skill: 1 to 32 of a-z 0-9 _ -, from a letter; and, or and sticky are taken", s)
		case m.skills[s]:
			m.fail(at, "%q stands there twice", s)
		}
		m.skills[s] = true
	}
	if len(m.skills) > 0 {
		return
	}
	for _, l := range m.Lines {
		m.skills[string(l.Skill)] = true
	}
}

func (m *compiler) readGroups() {
	seen := map[string]bool{}
	for i, g := range m.Policy.Groups {
		at := fmt.Sprintf("routing.groups[%d]", i)
		if seen[g.Name] || !isName(g.Name) {
			m.fail(at+".name", "%q is taken or no name: 1 to 32 of a-z 0-9 _ -", g.Name)
		}
		seen[g.Name] = true
		if !m.skills[g.Skill] {
			m.fail(at+".skill", "%q is not in routing.skills", g.Skill)
		}
		if g.Level < 1 || g.Level > highestLevel {
			m.fail(at+".level", "%d is not between 1 and %d", g.Level, highestLevel)
		}
		for j, id := range g.Agents {
			if !isAgent(id) || slices.Contains(g.Agents[:j], id) {
				m.fail(fmt.Sprintf("%s.agents[%d]", at, j), "%q stands there twice or is no account", id)
			}
		}
		m.readDates(at, g)
	}
}

func (m *compiler) readDates(at string, g Group) {
	from, until, err := g.days()
	switch {
	case err != nil:
		m.under(at, err)
	case !until.IsZero() && !from.Before(until):
		m.fail(at+".until", "%s comes before %s", g.Until, g.From)
	}
}

func (m *compiler) readChannels() {
	for _, class := range slices.Sorted(maps.Keys(m.Policy.Channels)) {
		at, capacity := "routing.channels."+string(class), m.Policy.Channels[class]
		if !isClass(class) {
			m.fail(at, "is not known, voice and message are")
		}
		if capacity.Slots < 0 || capacity.Slots > mostSlots {
			m.fail(at+".slots", "%d is not between 0 and %d", capacity.Slots, mostSlots)
		}
		for i, other := range capacity.Excludes {
			if !isClass(other) || other == class {
				m.fail(fmt.Sprintf("%s.excludes[%d]", at, i), "%q is no other class", other)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.Policy.Limits)) {
		at, limit := "routing.limits."+id, m.Policy.Limits[id]
		if !isAgent(contact.AgentID(id)) {
			m.fail(at, "is no account")
		}
		if limit.Voice < 0 || limit.Message < 0 {
			m.fail(at, "is below 0")
		}
	}
}

func (m *compiler) readPriorities() {
	for _, name := range slices.Sorted(maps.Keys(m.Policy.Priorities)) {
		at, p := "routing.priorities."+name, m.Policy.Priorities[name]
		if !isName(name) {
			m.fail(at, "is no name: 1 to 32 of a-z 0-9 _ -")
		}
		if p.Band < 0 || p.Band > HighestBand {
			m.fail(at+".band", "%d is not between 0 and %d", p.Band, HighestBand)
		}
		m.under(at, between("credit", p.Credit, 0, LargestCredit))
		m.book.priorities[name] = p
	}
}

func (m *compiler) readCalendars() {
	for _, name := range slices.Sorted(maps.Keys(m.Policy.Calendars)) {
		c, err := calendar.New(m.Policy.Calendars[name])
		m.under("routing.calendars."+name, err)
		m.book.calendars[name] = c
	}
}

func (m *compiler) readQueues() {
	for _, name := range slices.Sorted(maps.Keys(m.Policy.Queues)) {
		at, rule := "routing.queues."+name, m.Policy.Queues[name]
		if !isName(name) || name[0] < 'a' || name[0] > 'z' {
			m.fail(at, "is no name: 1 to 32 of a-z 0-9 _ -, from a letter")
		}
		q, err := rule.ready(name, m.skills)
		m.under(at, err)
		q.callback(m.Policy.Callbacks.After)
		m.book.queues[name] = q
		m.readHours(at, rule, q)
	}
}

func (m *compiler) readHours(at string, r QueueRule, q *ready) {
	if r.Calendar == "" {
		if r.Closed != (Closed{}) {
			m.fail(at+".closed", "means nothing without a calendar")
		}
		return
	}
	c, ok := m.book.calendars[r.Calendar]
	switch {
	case !ok:
		m.fail(at+".calendar", "%q is not in routing.calendars", r.Calendar)
	case c == nil: // is wrong itself
	case r.Closed.Message != "" && !isName(r.Closed.Message):
		m.fail(at+".closed.message", "%q is no name of a prompt", r.Closed.Message)
	case r.Closed == Closed{} && !c.Always():
		m.fail(at+".closed", "must have a message or a queue: %s is not always open", r.Calendar)
	}
	q.calendar = c
}

// readTargets checks what queues say of other queues.
func (m *compiler) readTargets() {
	for _, name := range slices.Sorted(maps.Keys(m.Policy.Queues)) {
		at, rule := "routing.queues."+name, m.Policy.Queues[name]
		m.queue(at+".closed.then.queue", rule.Closed.Then.Queue)
		for i, o := range rule.Overflow {
			m.queue(fmt.Sprintf("%s.overflow[%d].queue", at, i), o.Queue)
			m.conditionQueues(fmt.Sprintf("%s.overflow[%d].if", at, i), o.If)
		}
	}
	m.circles("closed.then.queue", func(r QueueRule) []string { return []string{r.Closed.Then.Queue} })
	m.circles("overflow", func(r QueueRule) (to []string) {
		for _, o := range r.Overflow {
			to = append(to, o.Queue)
		}
		return to
	})
}

func (m *compiler) queue(path, name string) {
	if name != "" && m.book.queues[name] == nil {
		m.fail(path, "%q is not in routing.queues", name)
	}
}

func (m *compiler) conditionQueues(path, text string) {
	e, err := parseCondition(text)
	if err != nil {
		return // told already
	}
	err = e.each(func(c comparison) error {
		if m.book.queues[c.name] == nil {
			return fmt.Errorf("column %d: %q is not in routing.queues", c.at, c.name)
		}
		return nil
	})
	if err != nil {
		m.fail(path, "%w", err)
	}
}

// circles finds queues that send a contact round and round.
func (m *compiler) circles(field string, next func(QueueRule) []string) {
	for _, start := range slices.Sorted(maps.Keys(m.Policy.Queues)) {
		seen, todo := map[string]bool{}, next(m.Policy.Queues[start])
		for len(todo) > 0 && !seen[start] {
			name := todo[0]
			todo = todo[1:]
			if r, ok := m.Policy.Queues[name]; ok && !seen[name] {
				seen[name] = true
				todo = append(todo, next(r)...)
			}
		}
		if seen[start] {
			m.fail("routing.queues."+start+"."+field, "leads back to %s in a circle", start)
		}
	}
}

func (m *compiler) readRest() {
	switch m.Policy.Pick {
	case "", SpecialistFirst, LongestIdle:
	default:
		m.fail("routing.pick", "%q is neither specialist-first nor longest-idle", m.Policy.Pick)
	}
	m.under("routing.refusals", between("cool_down", m.Policy.Refusals.CoolDown, 0, 10*time.Minute))
	if n := m.Policy.Refusals.Missed; n < 0 || n > 100 {
		m.fail("routing.refusals.missed", "%d is not between 0 and 100", n)
	}
	rule := m.Policy.Callbacks
	m.under("routing.callbacks", rule.Validate())
	m.book.callbacks = rule.withDefaults()
	m.book.callable, _ = m.book.callbacks.hours() // an error is told already
}
