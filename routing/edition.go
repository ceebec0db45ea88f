package routing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline/calendar"
	"hotline/contact"
)

// edition is one policy made ready. It never changes.
type edition struct {
	config     Config
	number     map[string]found
	priorities map[string]Priority
	calendars  map[string]*calendar.Calendar // a faulty one is nil
	queues     map[string]*ready
	skills     vocabulary
	groups     map[Bucket]held // all that contacts can wait for: what a seat must have
	callbacks  CallbackRule
	callable   *calendar.Calendar
	version    string
}

type found struct {
	line   int
	source string
}

func newEdition(c Config) (*edition, error) {
	b, err := compile(c)
	if err != nil {
		return nil, fmt.Errorf("routing: %w", err)
	}
	if b.version, err = fingerprint(c); err != nil {
		return nil, err
	}
	return b, nil
}

func emptyEdition(c Config) *edition {
	return &edition{
		config: c, number: map[string]found{}, calendars: map[string]*calendar.Calendar{},
		queues: map[string]*ready{}, groups: map[Bucket]held{}, skills: vocabulary{},
		priorities: map[string]Priority{normal: {Band: 1}, emergency: {}},
	}
}

// The ranks that every policy has.
const (
	normal    = "normal"
	emergency = "emergency"
	returning = "returning" // when the policy names it
)

// index is made of what has been checked.
func (b *edition) index() {
	for i, l := range b.config.Lines {
		for _, n := range l.Numbers {
			b.number[n.Dial] = found{i, cmp.Or(n.Source, n.Dial)}
		}
	}
	for _, q := range b.queues {
		maps.Copy(b.groups, q.groups)
	}
}

// fingerprint hashes what is written; maps are in order.
func fingerprint(c Config) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("routing: version: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6]), nil
}

// Version is a short hash of the configuration: alike on all nodes that run
// by the same.
func (b *edition) Version() string { return b.version }

// ByNumber returns the line that answers the number dialled, and the merged
// hotline the number stands for.
func (b *edition) ByNumber(called string) (line Line, source string, ok bool) {
	f, ok := b.number[called]
	if !ok {
		return Line{}, "", false
	}
	return b.config.Lines[f.line], f.source, true
}

// ByAccount returns the line that a text account reaches, with the queue that
// the topic leads to.
func (b *edition) ByAccount(ch contact.Channel, account, topic string) (Line, bool) {
	for _, l := range b.config.Lines {
		for _, a := range l.Accounts {
			if a.takes(ch, account, topic) {
				l.Queue = cmp.Or(a.Queue, l.Queue)
				return l, true
			}
		}
	}
	return Line{}, false
}

func (a Account) takes(ch contact.Channel, account, topic string) bool {
	return a.Channel == ch && (a.Account == "" || a.Account == account) && (a.Topic == "" || a.Topic == topic)
}

// All returns the lines in the order of the configuration.
func (b *edition) All() []Line { return slices.Clone(b.config.Lines) }

// Line returns the line of that name.
func (b *edition) Line(name string) (Line, bool) {
	at := slices.IndexFunc(b.config.Lines, func(l Line) bool { return l.Name == name })
	if at < 0 {
		return Line{}, false
	}
	return b.config.Lines[at], true
}

// WantsLast says that the line's contacts wait for who served the citizen last.
func (b *edition) WantsLast(l Line) bool { return b.queueOf(l).hold > 0 }

// Refusals says what an offer that came to nothing means for the agent; Missed
// is at least 1.
func (b *edition) Refusals() Refusals {
	r := b.config.Policy.Refusals
	r.Missed = max(r.Missed, 1)
	return r
}

// Callbacks says how citizens are called back.
func (b *edition) Callbacks() CallbackRule { return b.callbacks }

// CallableAt returns t when citizens may be rung then, else when the quiet
// hours end.
func (b *edition) CallableAt(t time.Time) time.Time { return b.callable.Next(t) }
