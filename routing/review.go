package routing

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Finding is what a policy can live with, but is hardly meant; a strict check
// refuses it.
type Finding struct{ Path, Text string }

// String is one line for the operator.
func (f Finding) String() string { return f.Path + ": " + f.Text }

// Review looks for what can be judged only with the date and the accounts:
// holidays that will not be known, groups of the past, queues that nothing
// leads to, and, when accounts are given, queues that nobody serves.
func (b *edition) Review(now time.Time, accounts []SeatAsk) []Finding {
	var all []Finding
	for _, name := range slices.Sorted(maps.Keys(b.calendars)) {
		for _, w := range b.calendars[name].Warnings(now) {
			all = append(all, Finding{"routing.calendars." + name, w})
		}
	}
	for i, g := range b.config.Policy.Groups {
		if _, until, _ := g.days(); !until.IsZero() && !now.Before(until) {
			all = append(all, Finding{fmt.Sprintf("routing.groups[%d].until", i), g.Until + " is past: nobody is in " + g.Name + " any more"})
		}
	}
	all = append(all, b.unreached()...)
	if len(accounts) > 0 {
		all = append(all, b.unserved(now, accounts)...)
	}
	return all
}

// unreached finds queues that no line, account, overflow or closed queue leads to.
func (b *edition) unreached() (all []Finding) {
	reached := map[string]bool{}
	for _, l := range b.config.Lines {
		reached[l.Queue] = true
		for _, a := range l.Accounts {
			reached[a.Queue] = true
		}
	}
	for _, r := range b.config.Policy.Queues {
		reached[r.Closed.Then.Queue] = true
		for _, o := range r.Overflow {
			reached[o.Queue] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.config.Policy.Queues)) {
		if !reached[name] {
			all = append(all, Finding{"routing.queues." + name, "no line, account or other queue leads there"})
		}
	}
	return all
}

// unserved finds skills that no account has, and queues whose contacts nobody
// could ever be offered.
func (b *edition) unserved(now time.Time, accounts []SeatAsk) (all []Finding) {
	had, serves := held{}, map[Bucket]bool{}
	for _, a := range accounts {
		a.Now = now
		had = had.with(b.skillsOf(a))
		for bucket := range b.Seat(a).Buckets {
			serves[bucket] = true
		}
	}
	for i, skill := range b.config.Policy.Skills {
		if had[skill] == 0 {
			all = append(all, Finding{fmt.Sprintf("routing.skills[%d]", i), "no account has " + skill})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.queues)) {
		if !slices.ContainsFunc(b.queues[name].everybody, func(e Bucket) bool { return serves[e] }) {
			all = append(all, Finding{"routing.queues." + name, "no account serves it"})
		}
	}
	return all
}
