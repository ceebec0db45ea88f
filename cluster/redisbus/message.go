package redisbus

import (
	"strconv"
	"time"

	"hotline/cluster"
)

// kind is what a message is for.
type kind string

const (
	ask    kind = "ask"
	tell   kind = "tell"
	answer kind = "answer"
	stir   kind = "stir" // says nothing; the stream lives
)

// message is one entry of a stream.
type message struct {
	kind    kind
	id      string // of the question
	from    cluster.Node
	subject string
	body    string
	code    cluster.Code  // of an answer that is a fault; its text is the body
	wait    time.Duration // how long the asker still waits
}

func (m message) fields() []any {
	return []any{
		"k", string(m.kind), "i", m.id, "f", string(m.from), "s", m.subject, "b", m.body,
		"c", string(m.code), "w", strconv.FormatInt(m.wait.Milliseconds(), 10),
	}
}

// readMessage takes what another version may have written: what is missing is empty.
func readMessage(values map[string]any) message {
	text := func(key string) string {
		s, _ := values[key].(string)
		return s
	}
	wait, err := strconv.ParseInt(text("w"), 10, 32)
	if err != nil || wait <= 0 {
		wait = cluster.AskWithin.Milliseconds()
	}
	return message{
		kind: kind(text("k")), id: text("i"), from: cluster.Node(text("f")), subject: text("s"), body: text("b"),
		code: cluster.Code(text("c")), wait: time.Duration(wait) * time.Millisecond,
	}
}
