package redisbus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/cluster"
)

const (
	readBlocks = time.Second
	readAtOnce = 128
	readPause  = 100 * time.Millisecond // after an error
)

// read takes what comes to any of the node's names, over one connection.
func (b *Bus) read() {
	defer close(b.told)
	for b.life.Err() == nil {
		got, err := b.client.XRead(b.life, b.request()).Result()
		switch {
		case errors.Is(err, redis.Nil):
		case err != nil:
			b.rest()
		default:
			b.take(got)
		}
	}
}

func (b *Bus) request() *redis.XReadArgs {
	var streams, from []string
	for _, n := range b.all() {
		streams, from = append(streams, b.stream(n.node)), append(from, n.last)
	}
	return &redis.XReadArgs{Streams: append(streams, from...), Count: readAtOnce, Block: readBlocks}
}

func (b *Bus) rest() {
	select {
	case <-time.After(readPause):
	case <-b.life.Done():
	}
}

func (b *Bus) take(got []redis.XStream) {
	for _, stream := range got {
		node := cluster.Node(strings.TrimPrefix(stream.Stream, b.prefix+":"))
		for _, entry := range stream.Messages {
			b.received(readMessage(entry.Values))
			b.reached(node, entry.ID)
		}
	}
}

func (b *Bus) received(m message) {
	switch m.kind {
	case ask:
		b.running.Go(func() { b.answer(m) })
	case tell:
		select {
		case b.told <- m:
		case <-b.life.Done():
		}
	case answer:
		b.answered(m)
	case stir:
		return
	default:
		b.log.Warn("a message of an unknown kind", "kind", string(m.kind))
		return
	}
	b.metrics.handled.WithLabelValues(string(m.kind)).Inc()
}

// listen hands over what was told, in order.
func (b *Bus) listen() {
	for m := range b.told {
		h := b.handler(m.subject)
		if h == nil {
			b.log.Warn("nobody listens", "subject", m.subject, "from", string(m.from))
			continue
		}
		if _, err := h(b.life, m.from, []byte(m.body)); err != nil {
			b.log.Warn("what was told failed", "subject", m.subject, "from", string(m.from), "error", err)
		}
	}
}

func (b *Bus) handler(subject string) cluster.Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.handlers[subject]
}

func (b *Bus) answered(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reply := b.waiting[m.id]; reply != nil {
		delete(b.waiting, m.id) // a second answer has no place
		reply <- m
	}
}

// answer has a question handled and sends what comes of it.
func (b *Bus) answer(q message) {
	ctx, cancel := context.WithTimeout(b.life, q.wait)
	defer cancel()
	a := message{kind: answer, id: q.id, from: b.me(), subject: q.subject}
	body, err := b.handle(ctx, q)
	if err != nil {
		f := cluster.FaultOf(err)
		a.code, a.body = f.Code, f.Text
	} else {
		a.body = string(body)
	}
	send, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerIn)
	defer cancel()
	err = b.send(send, q.from, a)
	b.metrics.told(answer, err)
	if err != nil && b.life.Err() == nil {
		b.log.Warn("an answer was not sent", "subject", q.subject, "to", string(q.from), "error", err)
	}
}

func (b *Bus) handle(ctx context.Context, q message) ([]byte, error) {
	h := b.handler(q.subject)
	if h == nil {
		return nil, &cluster.Fault{Code: cluster.Unserved, Text: "nobody takes " + q.subject}
	}
	body, err := h(ctx, q.from, []byte(q.body))
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, &cluster.Fault{Code: cluster.Late, Text: err.Error()}
	}
	return body, err
}
