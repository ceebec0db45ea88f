package redislog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/channels/web"
	"hotline/contact"
)

// pokesBuffered is how much news may wait for the house; more is lost, and
// found 2 s later.
const pokesBuffered = 1024

// refLength is that of contact.Address.Ref.
const refLength = 26

func missing(err error) bool { return errors.Is(err, redis.Nil) }

func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Read implements web.Log.
func (s *Store) Read(ctx context.Context, id contact.ID, after int64, limit int) ([]web.Event, error) {
	from := strconv.FormatInt(after+1, 10)
	entries, err := s.client.XRangeN(ctx, s.keys.log(id), from, "+", int64(limit)).Result()
	if err != nil {
		return nil, wrap("read", err)
	}
	events := make([]web.Event, len(entries))
	for i, e := range entries {
		if events[i], err = parse(id, e); err != nil {
			return nil, wrap("read", err)
		}
	}
	return events, nil
}

func parse(id contact.ID, entry redis.XMessage) (web.Event, error) {
	f := func(name string) string { v, _ := entry.Values[name].(string); return v }
	var seq int64
	if _, err := fmt.Sscanf(entry.ID, "%d-0", &seq); err != nil {
		return web.Event{}, fmt.Errorf("entry %s: %w", entry.ID, err)
	}
	e := web.Event{Conversation: id, Seq: seq, Kind: web.Kind(f("kind")), At: milli(number(f("at")))}
	switch e.Kind {
	case web.Wrote:
		e.CMID = f("cmid")
		e.Message = contact.Message{
			ID: f("id"), Seq: number(f("n")), From: contact.Author(f("from")),
			Agent: contact.AgentID(f("agent")), Text: f("text"), At: e.At,
		}
	case web.Joined:
		e.Agent = contact.AgentID(f("agent"))
	case web.Closed:
		cause, err := contact.ParseCause(f("cause"))
		if err != nil {
			return e, err
		}
		e.Cause = cause
	}
	return e, nil
}

// Heads implements web.News.
func (s *Store) Heads(ctx context.Context, refs []string) ([]int64, error) {
	got := make([]*redis.StringCmd, len(refs))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, ref := range refs {
			got[i] = p.HGet(ctx, s.keys.visitor(ref), "n")
		}
		return nil
	})
	if err != nil && !missing(err) {
		return nil, wrap("heads", err)
	}
	heads := make([]int64, len(refs))
	for i, c := range got {
		heads[i] = number(c.Val())
	}
	return heads, nil
}

// Signal implements web.News.
func (s *Store) Signal(ctx context.Context, ref string, signal []byte) error {
	return wrap("signal", s.client.Publish(ctx, s.keys.news(), ref+"s"+string(signal)).Err())
}

// Subscribe implements web.News.
func (s *Store) Subscribe(ctx context.Context) (<-chan web.Poke, error) {
	sub := s.client.Subscribe(ctx, s.keys.news())
	if _, err := sub.Receive(ctx); err != nil {
		return nil, errors.Join(wrap("subscribe", err), sub.Close())
	}
	out := make(chan web.Poke, pokesBuffered)
	in := sub.Channel()
	go func() {
		defer close(out)
		defer func() { _ = sub.Close() }()
		for {
			select {
			case <-ctx.Done():
				return
			case m, ok := <-in:
				if !ok {
					return
				}
				pass(out, m.Payload)
			}
		}
	}()
	return out, nil
}

// pass never waits: what nobody takes is lost.
func pass(out chan<- web.Poke, payload string) {
	p, ok := parsePoke(payload)
	if !ok {
		return
	}
	select {
	case out <- p:
	default:
	}
}

func parsePoke(payload string) (web.Poke, bool) {
	if len(payload) < refLength {
		return web.Poke{}, false
	}
	p, rest := web.Poke{Ref: payload[:refLength]}, payload[refLength:]
	switch {
	case rest == "":
	case rest[0] == 's':
		p.Signal = []byte(rest[1:])
	case rest[0] == 'x':
		p.Replaced = rest[1:]
	default:
		return web.Poke{}, false
	}
	return p, true
}
