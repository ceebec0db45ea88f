package redisstore_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
)

//go:embed testdata/dump.lua
var dumpScript string

// dump is everything a hall has in Redis, by key without the prefix.
type dump struct {
	String map[string]string              `json:"string"`
	Hash   map[string]map[string]string   `json:"hash"`
	Set    map[string][]string            `json:"set"`
	Zset   map[string]map[string]string   `json:"zset"`
	Stream map[string][]map[string]string `json:"stream"`
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func readDump(t testing.TB, f fataler, client redis.UniversalClient, hall string) dump {
	f.Helper()
	text, err := redis.NewScript(dumpScript).Run(t.Context(), client, []string{"{" + hall + "}:"}).Text()
	if err != nil {
		f.Fatalf("dump: %v", err)
	}
	// Lua cannot tell an empty list from an empty object.
	var d dump
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		f.Fatalf("dump: %v in %s", err, text)
	}
	return d
}

// hall reads the dump as the specification would hold it.
func (d dump) hall() memstore.Hall {
	h := memstore.Hall{
		Contacts: map[contact.ID]memstore.Contact{}, Seats: map[contact.AgentID]memstore.Seat{},
		Nodes: map[routing.NodeID]int64{}, Dead: map[routing.NodeID]bool{}, Fenced: map[routing.NodeID]bool{},
		Orders: map[routing.NodeID][]routing.Command{},
	}
	for key, v := range d.Hash {
		kind, id, _ := strings.Cut(key, ":")
		switch kind {
		case "c":
			h.Contacts[contact.ID(id)] = d.contact(id, v)
		case "a":
			h.Seats[contact.AgentID(id)] = seatOf(v)
		}
	}
	for n, until := range d.Zset["nodes"] {
		h.Nodes[routing.NodeID(n)] = number(until)
	}
	for n := range d.Zset["fenced"] {
		h.Fenced[routing.NodeID(n)] = true
	}
	for _, n := range d.Set["dead"] {
		h.Dead[routing.NodeID(n)] = true
	}
	d.readStreams(&h)
	return h
}

func (d dump) contact(id string, v map[string]string) memstore.Contact {
	return memstore.Contact{
		State: routing.State(v["state"]), Class: contact.Class(v["class"]), Buckets: names[routing.Bucket](v["buckets"]),
		Score: number(v["score"]), Anchor: routing.NodeID(v["anchor"]), Token: routing.Token(number(v["ep"])),
		Agent: contact.AgentID(v["agent"]), Ring: number(v["ring"]), Lease: number(d.Zset["lease"][id]),
		Enqueued: number(v["enq"]), Cause: v["cause"],
	}
}

func seatOf(v map[string]string) memstore.Seat {
	return memstore.Seat{
		Node: routing.NodeID(v["node"]), Status: routing.Status(v["status"]),
		Buckets: counts[routing.Bucket](v["buckets"]), Slots: counts[contact.Class](v["slots"]), Idle: number(v["idle"]),
	}
}

func (d dump) readStreams(h *memstore.Hall) {
	for key, entries := range d.Stream {
		node, ok := strings.CutPrefix(key, "in:")
		for _, v := range entries {
			if ok {
				h.Orders[routing.NodeID(node)] = append(h.Orders[routing.NodeID(node)], routing.Command{
					Kind: routing.CommandKind(v["kind"]), Contact: contact.ID(v["contact"]), Agent: contact.AgentID(v["agent"]),
					Token: routing.Token(number(v["token"])), Expires: time.UnixMilli(number(v["expires"])).UTC(),
				})
				continue
			}
			h.Log = append(h.Log, memstore.Transition{
				Contact: contact.ID(v["contact"]), Event: routing.Event(v["event"]), From: routing.State(v["from"]),
				To: routing.State(v["to"]), Agent: contact.AgentID(v["agent"]), Token: routing.Token(number(v["token"])),
				At: number(v["at"]),
			})
		}
	}
}

// number reads a decimal; what is missing is 0, nonsense is -1.
func number(s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func names[T ~string](s string) []T {
	var out []T
	for _, name := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) {
		out = append(out, T(name))
	}
	return out
}

func counts[T ~string](s string) map[T]int {
	out := map[T]int{}
	for _, pair := range names[string](s) {
		name, n, _ := strings.Cut(pair, "=")
		out[T(name)] = int(number(n))
	}
	return out
}

// breaches lists what is wrong inside the dump: the invariants of the queue.
func (d dump) breaches() []string {
	h := d.hall()
	a := &audit{d: d, h: h}
	for id, c := range h.Contacts {
		a.contact(id, c)
	}
	for id, s := range h.Seats {
		a.seat(id, s)
	}
	a.noStrayMembers()
	a.workConserving()
	a.transitions()
	slices.Sort(a.found)
	return a.found
}

type audit struct {
	d     dump
	h     memstore.Hall
	found []string
}

func (a *audit) check(ok bool, format string, args ...any) {
	if !ok {
		a.found = append(a.found, fmt.Sprintf(format, args...))
	}
}

// contact: it lies in exactly the sets of its state.
func (a *audit) contact(id contact.ID, c memstore.Contact) {
	_, leased := a.d.Zset["lease"][string(id)]
	held := c.State == routing.Offered || c.State == routing.Talking || c.State == routing.Wrapping
	open := c.State != routing.Ended && c.State != routing.Lost
	_, alive := a.h.Nodes[c.Anchor]
	a.check(leased == (c.State == routing.Offered), "%s is %s, leased=%v", id, c.State, leased)
	a.check(held == (c.Agent != ""), "%s is %s with agent %q", id, c.State, c.Agent)
	a.check(!held || slices.Contains(a.d.Set["ac:"+string(c.Agent)], string(id)), "%s is not with its agent %s", id, c.Agent)
	a.check(open == slices.Contains(a.d.Set["nc:"+string(c.Anchor)], string(id)), "%s is %s: wrong in nc:%s", id, c.State, c.Anchor)
	a.check(!open || alive || a.h.Dead[c.Anchor], "%s is open, its anchor %s neither lives nor is swept", id, c.Anchor)
	a.check(open || c.Cause != "", "%s ended without a cause", id)
	for _, b := range c.Buckets {
		score, waits := a.d.Zset["w:"+string(c.Class)+":"+string(b)][string(id)]
		a.check(waits == (c.State == routing.Wait), "%s is %s, waits for %s=%v", id, c.State, b, waits)
		a.check(!waits || number(score) == c.Score, "%s waits for %s at %s, its score is %d", id, b, score, c.Score)
	}
}

// seat: its counters are its contacts, and it stands ready exactly while free.
func (a *audit) seat(id contact.AgentID, s memstore.Seat) {
	for _, class := range []contact.Class{contact.Voice, contact.Text} {
		used := a.used(id, class)
		count := int(number(a.d.Hash["a:"+string(id)]["use:"+string(class)]))
		a.check(count == used, "%s counts %d of %s, has %d", id, count, class, used)
		a.check(used <= s.Slots[class], "%s has %d of %s in %d slots", id, used, class, s.Slots[class])
		for b := range s.Buckets {
			_, stands := a.d.Zset["r:"+string(class)+":"+string(b)][string(id)]
			a.check(stands == a.free(id, class), "%s stands ready for %s %s=%v, free=%v", id, class, b, stands, a.free(id, class))
		}
	}
	_, alive := a.h.Nodes[s.Node]
	here := slices.Contains(a.d.Set["na:"+string(s.Node)], string(id))
	a.check(here == (s.Status != routing.Offline), "%s is %s, at its node=%v", id, s.Status, here)
	a.check(!here || alive || a.h.Dead[s.Node], "%s is %s, its node %s neither lives nor is swept", id, s.Status, s.Node)
}

func (a *audit) used(id contact.AgentID, class contact.Class) int {
	n := 0
	for _, c := range a.h.Contacts {
		if c.Agent == id && c.Class == class {
			n++
		}
	}
	return n
}

func (a *audit) free(id contact.AgentID, class contact.Class) bool {
	s := a.h.Seats[id]
	return s.Status == routing.Ready && a.used(id, class) < s.Slots[class]
}

// noStrayMembers: no set names what does not exist, or does not belong there.
func (a *audit) noStrayMembers() {
	for key, members := range a.d.Zset {
		kind, rest, _ := strings.Cut(key, ":")
		_, bucket, _ := strings.Cut(rest, ":")
		for m := range members {
			switch kind {
			case "w":
				a.check(slices.Contains(a.h.Contacts[contact.ID(m)].Buckets, routing.Bucket(bucket)), "%s strays in %s", m, key)
			case "r":
				_, ok := a.h.Seats[contact.AgentID(m)].Buckets[routing.Bucket(bucket)]
				a.check(ok, "%s strays in %s", m, key)
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
			}
		}
	}
}

// workConserving: nobody waits next to a seat that is free for them.
func (a *audit) workConserving() {
	for id, c := range a.h.Contacts {
		for agent := range a.h.Seats {
			a.check(c.State != routing.Wait || !a.eligible(agent, c) || !a.free(agent, c.Class), "%s waits while %s is free", id, agent)
		}
	}
}

func (a *audit) eligible(agent contact.AgentID, c memstore.Contact) bool {
	return slices.ContainsFunc(c.Buckets, func(b routing.Bucket) bool {
		_, ok := a.h.Seats[agent].Buckets[b]
		return ok
	})
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
