package routing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hotline/contact"
)

// Book answers all questions about the policy: whose line a number is, where a
// contact waits, what a seat serves. It never changes: safe for all, and a new
// policy is a new Book.
type Book struct {
	lines   []Line
	number  map[string]found
	version string
}

type found struct {
	line   int
	source string
}

// NewBook checks the configuration and indexes it.
func NewBook(c Config) (*Book, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("routing: %w", err)
	}
	b := &Book{lines: slices.Clone(c.Lines), number: map[string]found{}}
	for i, l := range c.Lines {
		for _, n := range l.Numbers {
			b.number[n.Dial] = found{i, cmp.Or(n.Source, n.Dial)}
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("routing: version: %w", err)
	}
	sum := sha256.Sum256(text)
	b.version = hex.EncodeToString(sum[:6])
	return b, nil
}

// Version is a short hash of the configuration: alike on all nodes that run
// by the same.
func (b *Book) Version() string { return b.version }

// ByNumber returns the line that answers the number dialled, and the merged
// hotline the number stands for.
func (b *Book) ByNumber(called string) (line Line, source string, ok bool) {
	f, ok := b.number[called]
	if !ok {
		return Line{}, "", false
	}
	return b.lines[f.line], f.source, true
}

// ByAccount returns the line that a text account reaches, with the queue that
// the topic leads to.
func (b *Book) ByAccount(ch contact.Channel, account, topic string) (Line, bool) {
	for _, l := range b.lines {
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
func (b *Book) All() []Line { return slices.Clone(b.lines) }

// Plan says where a contact waits. It is pure: the same question has the same
// answer.
func (b *Book) Plan(a Ask) Plan {
	return Plan{
		Entry: Entry{
			Line: a.Line.Name, Class: a.Class, Buckets: []Bucket{a.Line.Skill}, Band: 1, Ring: a.Line.RingOf(a.Class),
		},
		Queue: a.Line.Name,
	}
}

// Seat says what an account's seat serves, and how much at once: ID, Buckets,
// Slots and Excludes are set, Node and Status are the caller's.
func (b *Book) Seat(a SeatAsk) Agent {
	buckets := make(map[Bucket]int, len(a.Skills))
	for _, skill := range a.Skills {
		name, _, _ := strings.Cut(skill, "=")
		buckets[Bucket(name)] = 0
	}
	return Agent{
		ID: a.ID, Buckets: buckets,
		Slots:    map[contact.Class]int{contact.Voice: 1, contact.Text: 3},
		Excludes: map[contact.Class]bool{contact.Voice: true},
	}
}
