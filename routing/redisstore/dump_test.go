package redisstore_test

import (
	_ "embed"
	"encoding/json"
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
		Service: map[memstore.Pool]memstore.Service{},
		Nodes:   map[routing.NodeID]int64{}, Dead: map[routing.NodeID]bool{}, Fenced: map[routing.NodeID]bool{},
		Orders: map[routing.NodeID][]routing.Command{},
	}
	for key, v := range d.Hash {
		kind, id, _ := strings.Cut(key, ":")
		switch kind {
		case "c":
			h.Contacts[contact.ID(id)] = d.contact(id, v)
		case "a":
			h.Seats[contact.AgentID(id)] = seatOf(v)
		case "b":
			class, bucket, _ := strings.Cut(id, ":")
			h.Service[memstore.Pool{Class: contact.Class(class), Bucket: routing.Bucket(bucket)}] = memstore.Service{
				Last: number(v["last"]), LastAt: number(v["last_at"]), Handling: number(v["handling"]),
			}
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
		ID: contact.ID(id), State: routing.State(v["state"]), Class: contact.Class(v["class"]), Line: v["line"],
		Buckets: names[routing.Bucket](v["buckets"]), Steps: steps(v["steps"]),
		Score: number(v["score"]), Anchor: routing.NodeID(v["anchor"]), Token: routing.Token(number(v["ep"])),
		Agent: contact.AgentID(v["agent"]), Via: routing.Bucket(v["via"]), Ring: number(v["ring"]),
		Lease: number(d.Zset["lease"][id]), Enqueued: number(v["enq"]), Accepted: number(v["acc"]), Cause: v["cause"],
	}
}

// steps reads "10000:a,b;60000:c".
func steps(s string) []routing.Step {
	var out []routing.Step
	for _, step := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' }) {
		after, add, _ := strings.Cut(step, ":")
		out = append(out, routing.Step{After: ms(after), Add: names[routing.Bucket](add)})
	}
	return out
}

func seatOf(v map[string]string) memstore.Seat {
	excludes := map[contact.Class]bool{}
	for _, class := range names[contact.Class](v["excludes"]) {
		excludes[class] = true
	}
	return memstore.Seat{
		Node: routing.NodeID(v["node"]), Status: routing.Status(v["status"]), Excludes: excludes,
		Buckets: counts[routing.Bucket](v["buckets"]), Slots: counts[contact.Class](v["slots"]), Idle: number(v["idle"]),
	}
}

func (d dump) readStreams(h *memstore.Hall) {
	for key, entries := range d.Stream {
		node, ok := strings.CutPrefix(key, "in:")
		for _, v := range entries {
			if ok {
				h.Orders[routing.NodeID(node)] = append(h.Orders[routing.NodeID(node)], orderOf(v))
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

func orderOf(v map[string]string) routing.Command {
	return routing.Command{
		Kind: routing.CommandKind(v["kind"]), Contact: contact.ID(v["contact"]), Agent: contact.AgentID(v["agent"]),
		Seat: routing.NodeID(v["seat"]), Token: routing.Token(number(v["token"])),
		Expires: time.UnixMilli(number(v["expires"])).UTC(), Added: names[routing.Bucket](v["added"]),
		Why: routing.Reason{
			By: routing.Meeting(v["by"]), Via: routing.Bucket(v["via"]), Waited: ms(v["waited"]), Score: number(v["score"]),
			Tier: int(number(v["tier"])), Load: int(number(v["load"])), Idle: ms(v["idle"]),
			Others: int(number(v["others"])), Next: v["next"],
		},
	}
}

func ms(s string) time.Duration { return time.Duration(number(s)) * time.Millisecond }

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
