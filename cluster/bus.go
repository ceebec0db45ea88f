package cluster

import (
	"context"
	"errors"
	"time"
)

// Node is the name of one life of a node, 1 to 64 of A-Z a-z 0-9 . _ -.
type Node string

// ErrNoNode says that no node of that name listens: it has ended, or died more
// than Silence ago.
var ErrNoNode = errors.New("cluster: no such node")

// ErrNoAnswer says that the node did not answer in time; whether it has acted
// is not known.
var ErrNoAnswer = errors.New("cluster: no answer")

// Silence is how long a node that died may still look alive.
const Silence = 5 * time.Second

// MaxBody is the longest message, in octets; a session description has about 2,000.
const MaxBody = 64 << 10

// Handler takes a message. What it returns goes back to a node that asked, the
// error as a *Fault, and is dropped otherwise. ctx ends with the bus, or when
// the asker has given up. A handler of what was told must not block: it holds
// up all that is told after it.
type Handler func(ctx context.Context, from Node, body []byte) ([]byte, error)

// Bus carries messages between nodes, its own node included. All methods may be
// called from any goroutine, and block for the store's round trip.
type Bus interface {
	// Ask sends a question and waits for its answer, until ctx ends: ErrNoNode,
	// ErrNoAnswer, a *Fault that the other side's handler returned, or the
	// store's error. Without a deadline it waits for AskWithin.
	Ask(ctx context.Context, to Node, subject string, body []byte) ([]byte, error)
	// Tell sends without waiting for anybody. What one caller tells one node
	// arrives in the order told, at most once; ErrNoNode, or the store's error,
	// after which it may have arrived all the same.
	Tell(ctx context.Context, to Node, subject string, body []byte) error
	// Serve names who takes messages of a subject; the last one named. Questions
	// are handled side by side, what is told one after the other.
	Serve(subject string, h Handler)
	// Rename lets the node be reached by a further name, under which it speaks
	// from now on. The old ones stay good until the bus is closed: others know
	// its contacts by them.
	Rename(ctx context.Context, name Node) error
	// Nodes lists who listens, sorted, each by its newest name.
	Nodes(ctx context.Context) ([]Node, error)
}

// AskWithin bounds a question that has no deadline.
const AskWithin = 5 * time.Second

// Validate says whether the name may stand in a key of the store.
func (n Node) Validate() error {
	if len(n) < 1 || len(n) > 64 {
		return errors.New("cluster: node: want 1 to 64 characters")
	}
	for i := range len(n) {
		if !nameable(n[i]) {
			return errors.New("cluster: node: want A-Z a-z 0-9 . _ -")
		}
	}
	return nil
}

func nameable(b byte) bool {
	switch {
	case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return true
	default:
		return b == '.' || b == '_' || b == '-'
	}
}
