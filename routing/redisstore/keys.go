package redisstore

import (
	"strings"

	"hotline/routing"
)

// keys makes the keys of one hall that Go needs. All others are made by the
// scripts' function key, from the same prefix; a test compares with this list.
//
//	c:<contact>          hash    the contact
//	w:<class>:<bucket>   zset    waiting: contact by score
//	r:<class>:<bucket>   zset    free seats: agent by tier, load, idle time
//	a:<agent>            hash    the seat
//	ac:<agent>           set     contacts that a seat holds
//	nc:<node>, na:<node> set     contacts anchored, seats connected at a node
//	in:<node>            stream  orders to a node
//	l:<class>:<line>     zset    waiting on a line: contact by time of entry
//	s:<bucket>           set     seats that are there, ready or away
//	b:<class>:<bucket>   hash    how it was served: last wait, handling time
//	due                  zset    waiting: contact by its next step
//	lease                zset    offered: contact by end of the reservation
//	nodes                zset    node by end of its lease
//	dead                 set     nodes being swept
//	fenced               zset    names that may not beat again, by time
//	buckets, lines       set     class:bucket and class:line, all that were ever used
//	walk                 hash    where the walk stands
//	log                  stream  one entry a transition
//	run, grace           string  Redis's last run_id; no node dies before
//	schema               string  version of all this
type keys struct{ prefix string }

func newKeys(hall string) keys { return keys{"{" + hall + "}:"} }

func (k keys) make(parts ...string) string { return k.prefix + strings.Join(parts, ":") }

func (k keys) inbox(n routing.NodeID) string { return k.make("in", string(n)) }
