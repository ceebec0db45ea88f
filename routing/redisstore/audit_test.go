package redisstore_test

import (
	"fmt"
	"slices"
	"strings"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
)

// breaches lists what is wrong inside the dump: the invariants of the queue.
func (d dump) breaches() []string {
	h := d.hall()
	a := &audit{d: d, h: h, held: map[contact.AgentID]map[contact.Class]int{}}
	for _, c := range h.Contacts {
		if a.held[c.Agent] == nil {
			a.held[c.Agent] = map[contact.Class]int{}
		}
		a.held[c.Agent][c.Class]++
	}
	for id, c := range h.Contacts {
		a.contact(id, c)
	}
	for id, s := range h.Seats {
		a.seat(id, s)
	}
	a.noStrayMembers()
	a.workConserving()
	a.transitions()
	a.exclusion()
	slices.Sort(a.found)
	return a.found
}

type audit struct {
	d     dump
	h     memstore.Hall
	held  map[contact.AgentID]map[contact.Class]int
	found []string
}

func (a *audit) check(ok bool, format string, args ...any) {
	if !ok {
		a.found = append(a.found, fmt.Sprintf(format, args...))
	}
}

func holding(s routing.State) bool {
	return s == routing.Offered || s == routing.Talking || s == routing.Wrapping
}

// contact: it lies in exactly the sets of its state.
func (a *audit) contact(id contact.ID, c memstore.Contact) {
	_, leased := a.d.Zset["lease"][string(id)]
	held := holding(c.State)
	open := c.State != routing.Ended && c.State != routing.Lost
	_, alive := a.h.Nodes[c.Anchor]
	a.check(leased == (c.State == routing.Offered), "%s is %s, leased=%v", id, c.State, leased)
	a.check(held == (c.Agent != ""), "%s is %s with agent %q", id, c.State, c.Agent)
	a.check(!held || slices.Contains(a.d.Set["ac:"+string(c.Agent)], string(id)), "%s is not with its agent %s", id, c.Agent)
	a.check(open == slices.Contains(a.d.Set["nc:"+string(c.Anchor)], string(id)), "%s is %s: wrong in nc:%s", id, c.State, c.Anchor)
	a.check(!open || alive || a.h.Dead[c.Anchor], "%s is open, its anchor %s neither lives nor is swept", id, c.Anchor)
	a.check(open || c.Cause != "", "%s ended without a cause", id)
	for _, b := range c.Buckets {
		a.waits(c, "w:"+string(c.Class)+":"+string(b), c.Score, true)
	}
	a.waits(c, "l:"+string(c.Class)+":"+c.Line, c.Enqueued, c.Line != "")
	var due int64
	if len(c.Steps) > 0 {
		due = c.Enqueued + c.Steps[0].After.Milliseconds()
	}
	a.waits(c, "due", due, len(c.Steps) > 0)
}

// waits: the contact is in the set, with the score, exactly while it waits.
func (a *audit) waits(c memstore.Contact, key string, want int64, belongs bool) {
	score, in := a.d.Zset[key][string(c.ID)]
	a.check(in == (belongs && c.State == routing.Wait), "%s is %s, in %s=%v", c.ID, c.State, key, in)
	a.check(!in || number(score) == want, "%s is in %s at %s, not at %d", c.ID, key, score, want)
}

// seat: its counters are its contacts, and it stands ready exactly while free.
func (a *audit) seat(id contact.AgentID, s memstore.Seat) {
	for _, class := range []contact.Class{contact.Voice, contact.Text} {
		used := a.held[id][class]
		count := int(number(a.d.Hash["a:"+string(id)]["use:"+string(class)]))
		a.check(count == used, "%s counts %d of %s, has %d", id, count, class, used)
		a.check(used <= s.Slots[class], "%s has %d of %s in %d slots", id, used, class, s.Slots[class])
		for b := range s.Buckets {
			_, stands := a.d.Zset["r:"+string(class)+":"+string(b)][string(id)]
			should := a.free(id, class) && listed(s, b)
			a.check(stands == should, "%s stands ready for %s %s=%v, free=%v", id, class, b, stands, should)
		}
	}
	_, alive := a.h.Nodes[s.Node]
	here := slices.Contains(a.d.Set["na:"+string(s.Node)], string(id))
	a.check(here == (s.Status != routing.Offline), "%s is %s, at its node=%v", id, s.Status, here)
	a.check(!here || alive || a.h.Dead[s.Node], "%s is %s, its node %s neither lives nor is swept", id, s.Status, s.Node)
	for b := range s.Buckets {
		_, _, borrowed := b.Lender()
		there := slices.Contains(a.d.Set["s:"+string(b)], string(id))
		a.check(there == (here && !borrowed), "%s is %s, there for %s=%v", id, s.Status, b, there)
	}
}

// listed says that the seat serves the bucket: a borrowed one only beside its lender.
func listed(s memstore.Seat, b routing.Bucket) bool {
	_, lists := s.Buckets[b]
	if from, _, borrowed := b.Lender(); borrowed && lists {
		_, lists = s.Buckets[from]
	}
	return lists
}

// serves says that the seat serves the bucket, its own among them.
func (a *audit) serves(id contact.AgentID, b routing.Bucket) bool {
	return b == routing.SeatBucket(id) || listed(a.h.Seats[id], b)
}

func (a *audit) free(id contact.AgentID, class contact.Class) bool {
	s := a.h.Seats[id]
	for other := range s.Excludes {
		if other != class && a.held[id][other] > 0 {
			return false
		}
	}
	return s.Status == routing.Ready && a.held[id][class] < s.Slots[class]
}

// noStrayMembers: no set names what does not exist, or does not belong there.
func (a *audit) noStrayMembers() {
	for key, members := range a.d.Zset {
		kind, rest, _ := strings.Cut(key, ":")
		_, name, _ := strings.Cut(rest, ":")
		for m := range members {
			c := a.h.Contacts[contact.ID(m)]
			switch kind {
			case "w":
				a.check(slices.Contains(c.Buckets, routing.Bucket(name)), "%s strays in %s", m, key)
			case "l":
				a.check(c.Line == name, "%s strays in %s", m, key)
			case "due", "lease":
				a.check(c.State != "", "%s strays in %s", m, key)
			case "r":
				a.check(listed(a.h.Seats[contact.AgentID(m)], routing.Bucket(name)), "%s strays in %s", m, key)
			}
		}
	}
	for key, members := range a.d.Set {
		kind, owner, _ := strings.Cut(key, ":")
		for _, m := range members {
			switch kind {
			case "ac":
				a.check(a.h.Contacts[contact.ID(m)].Agent == contact.AgentID(owner), "%s strays in %s", m, key)
			case "nc":
				a.check(a.h.Contacts[contact.ID(m)].Anchor == routing.NodeID(owner), "%s strays in %s", m, key)
			case "na":
				a.check(a.h.Seats[contact.AgentID(m)].Node == routing.NodeID(owner), "%s strays in %s", m, key)
			case "s":
				a.check(listed(a.h.Seats[contact.AgentID(m)], routing.Bucket(owner)), "%s strays in %s", m, key)
			}
		}
	}
}

// workConserving: nobody waits next to a seat that is free for them.
func (a *audit) workConserving() {
	for id, c := range a.h.Contacts {
		if c.State != routing.Wait {
			continue
		}
		for _, b := range c.Buckets {
			for agent := range a.h.Seats {
				free := a.serves(agent, b) && a.free(agent, c.Class) && a.lends(b, c.Class)
				a.check(!free, "%s waits for %s while %s is free", id, b, agent)
			}
		}
	}
}

// lends says that a borrowed bucket has seats to lend. Where a seat keeps some
// free without lending itself, those that do hear of it at their own next step.
func (a *audit) lends(b routing.Bucket, class contact.Class) bool {
	from, reserve, borrowed := b.Lender()
	if !borrowed {
		return true
	}
	free, all := 0, true
	for agent, s := range a.h.Seats {
		if listed(s, from) && a.free(agent, class) {
			free++
			all = all && listed(s, b)
		}
	}
	return all && free > reserve
}

// transitions: each contact went along the arrows of the table, without a
// gap; reservations alone raise the token, each by one.
func (a *audit) transitions() {
	state, token := map[contact.ID]routing.State{}, map[contact.ID]routing.Token{}
	for _, l := range a.h.Log {
		from, seen := state[l.Contact]
		if !seen {
			from = routing.New
		}
		to, ok := routing.Next(l.From, l.Event)
		a.check(ok && to == l.To && l.From == from, "%s went from %s (%s) by %s to %s", l.Contact, l.From, from, l.Event, l.To)
		want := token[l.Contact]
		if l.Event == routing.Reserved {
			want++
		}
		if strings.HasPrefix(string(l.Event), "asserted") {
			want = max(want, l.Token) // the anchor may know of a higher one
		}
		a.check(l.Token == want, "%s has token %d after %s, want %d", l.Contact, l.Token, l.Event, want)
		state[l.Contact], token[l.Contact] = l.To, l.Token
	}
	for id, s := range state {
		a.check(a.h.Contacts[id].State == s, "%s ended its log in %s, is %s", id, s, a.h.Contacts[id].State)
	}
}

// exclusion: no seat was given a contact while it had one that fills it. It
// holds for histories in which what fills a seat never changes.
func (a *audit) exclusion() {
	with := map[contact.ID]contact.AgentID{}
	for _, l := range a.h.Log {
		class := a.h.Contacts[l.Contact].Class
		if l.Event == routing.Reserved {
			for other, agent := range with {
				has := a.h.Contacts[other].Class
				a.check(agent != l.Agent || has == class || !a.h.Seats[agent].Excludes[has],
					"%s was given %s (%s) while it had %s (%s)", agent, l.Contact, class, other, has)
			}
		}
		delete(with, l.Contact)
		if holding(l.To) {
			with[l.Contact] = l.Agent
		}
	}
}
