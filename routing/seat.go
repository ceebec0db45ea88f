package routing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/contact"
)

// SeatAsk is one agent's account, at one moment.
type SeatAsk struct {
	ID     contact.AgentID
	Skills []string              // such as general, or enterprise=2 for a level
	Limits map[contact.Class]int // contacts at once, when fewer than the policy says
	Now    time.Time
}

// Seat says what an account's seat serves, and how much at once: ID, Buckets,
// Slots and Excludes are set, Node and Status are the caller's. Skills that the
// policy does not know count for nothing.
func (b *edition) Seat(a SeatAsk) Agent {
	seat := Agent{
		ID: a.ID, Buckets: map[Bucket]int{}, Slots: map[contact.Class]int{}, Excludes: map[contact.Class]bool{},
	}
	h := b.skillsOf(a)
	for bucket, asked := range b.groups {
		if h.has(asked) {
			seat.Buckets[bucket] = b.tier(h, asked)
		}
	}
	for _, class := range []contact.Class{contact.Voice, contact.Text} {
		c := b.capacity(class)
		seat.Slots[class] = b.slots(c.Slots, class, a)
		if len(c.Excludes) > 0 {
			seat.Excludes[class] = true
		}
	}
	return seat
}

// tier: a specialist comes before who is needed elsewhere too.
func (b *edition) tier(h, asked held) int {
	if b.config.Policy.Pick == LongestIdle {
		return 0
	}
	return min(len(h)-len(asked), mostTiers)
}

// skillsOf is what the account has by itself, and by groups of that day.
func (b *edition) skillsOf(a SeatAsk) held {
	h := held{}
	for _, text := range a.Skills {
		if skill, level, err := ParseSkill(text); err == nil && b.skills[skill] {
			h[skill] = max(h[skill], level)
		}
	}
	for _, g := range b.config.Policy.Groups {
		if slices.Contains(g.Agents, a.ID) && g.on(a.Now) {
			h[g.Skill] = max(h[g.Skill], g.Level)
		}
	}
	return h
}

// ParseSkill reads an account's skill: general, or enterprise=2 for a level.
func ParseSkill(text string) (skill string, level int, err error) {
	skill, number, leveled := strings.Cut(text, "=")
	level = 1
	if leveled {
		level, err = strconv.Atoi(number)
	}
	if err != nil || level < 1 || level > highestLevel || !isName(skill) {
		return "", 0, fmt.Errorf("%q is no skill: want a name of a-z 0-9 _ -, or name=level from 1 to %d", text, highestLevel)
	}
	return skill, level, nil
}

func (b *edition) capacity(class contact.Class) Capacity {
	if c, ok := b.config.Policy.Channels[class]; ok {
		return c
	}
	if class == contact.Voice {
		return Capacity{Slots: 1, Excludes: []contact.Class{contact.Text}}
	}
	return Capacity{Slots: 3}
}

// slots is what policy, the account's limit and the question allow.
func (b *edition) slots(n int, class contact.Class, a SeatAsk) int {
	if l, ok := b.config.Policy.Limits[string(a.ID)]; ok {
		if class == contact.Voice {
			n = min(n, l.Voice)
		} else {
			n = min(n, l.Message)
		}
	}
	if most, ok := a.Limits[class]; ok {
		n = max(0, min(n, most))
	}
	return n
}

// groupZone is where the days of groups begin.
const groupZone = "Asia/Shanghai"

// on says that the group counts at that moment.
func (g Group) on(now time.Time) bool {
	from, until, err := g.days()
	return err == nil && !now.Before(from) && (until.IsZero() || now.Before(until))
}

// days are the first moment and the first one after; zero for no bound.
func (g Group) days() (from, until time.Time, err error) {
	zone, err := time.LoadLocation(groupZone)
	if err != nil {
		return from, until, fmt.Errorf("from: %w", err)
	}
	const form = "2006-01-02"
	if g.From != "" {
		if from, err = time.ParseInLocation(form, g.From, zone); err != nil {
			return from, until, fmt.Errorf("from: %q is no date such as 2026-10-01", g.From)
		}
	}
	if g.Until != "" {
		if until, err = time.ParseInLocation(form, g.Until, zone); err != nil {
			return from, until, fmt.Errorf("until: %q is no date such as 2026-10-01", g.Until)
		}
		until = until.AddDate(0, 0, 1)
	}
	return from, until, nil
}

// SeatsChange returns the first moment after now when groups begin or end, and
// with them what seats serve; zero for never.
func (b *edition) SeatsChange(now time.Time) time.Time {
	var next time.Time
	for _, g := range b.config.Policy.Groups {
		from, until, _ := g.days() // checked when the book was made
		for _, t := range []time.Time{from, until} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next
}
