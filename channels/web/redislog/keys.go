package redislog

import "hotline/contact"

// keys makes the keys of one hall that Go needs; the scripts make the rest.
//
//	v:<ref>          hash    a visitor: conv, the open conversation or the last; n grows with each event
//	c:<contact>      hash    a conversation
//	l:<contact>      stream  its events, seq-0
//	k:<ref>:<cmid>   hash    what a visitor's message became, 7 days
//	o:<contact>:<cmid> hash  the same for the house's side
//	s:<ref>          zset    the visitor's sockets, by when they came
//	t:<hash>         string  a ticket, until it is used or too old
//	open             zset    open conversations
//	news             channel a visitor's ref, or ref + s + signal, or ref + x + socket
//
// A ref is the visitor's pseudonym: no key holds an id of a platform or an address.
type keys struct{ prefix string }

func newKeys(hall string) keys { return keys{"{" + hall + "}:web:"} }

func (k keys) visitor(ref string) string         { return k.prefix + "v:" + ref }
func (k keys) conversation(id contact.ID) string { return k.prefix + "c:" + string(id) }
func (k keys) log(id contact.ID) string          { return k.prefix + "l:" + string(id) }
func (k keys) sockets(ref string) string         { return k.prefix + "s:" + ref }
func (k keys) ticket(hash string) string         { return k.prefix + "t:" + hash }
func (k keys) open() string                      { return k.prefix + "open" }
func (k keys) news() string                      { return k.prefix + "news" }
