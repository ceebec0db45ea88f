package redislog

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/contact"
)

// MostMessages is how many messages one conversation may have.
const MostMessages = 5000

// Store is web.Store for one hall.
type Store struct {
	client redis.UniversalClient
	keys   keys
	script map[string]*redis.Script
}

var _ web.Store = (*Store)(nil)

// New uses the client, which stays its caller's, for one hall.
func New(client redis.UniversalClient, hall string) *Store {
	s := &Store{client: client, keys: newKeys(hall), script: map[string]*redis.Script{}}
	for name, text := range map[string]string{
		"append": appendScript, "say": sayScript, "wait": waitScript, "join": joinScript,
		"end": endScript, "leave": leaveScript, "see": seeScript, "mark": markScript,
		"show": showScript, "adopt": adoptScript, "rename": renameScript, "enter": enterScript,
	} {
		s.script[name] = redis.NewScript(text)
	}
	return s
}

// reply is what a script returned: status, conversation, seq, said, id, at.
type reply []any

func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	t, _ := r[i].(string)
	return t
}

func (r reply) int(i int) int64 {
	if i >= len(r) {
		return 0
	}
	n, _ := r[i].(int64)
	return n
}

// run runs one script; its status becomes an error of web or channels.
func (s *Store) run(ctx context.Context, name string, args ...any) (reply, error) {
	out, err := s.script[name].Run(ctx, s.client, []string{s.keys.prefix}, args...).Slice()
	if err != nil {
		return nil, fmt.Errorf("redislog: %s: %w", name, err)
	}
	r := reply(out)
	if err := statusError(r.text(0)); err != nil {
		return nil, fmt.Errorf("redislog: %s: %w", name, err)
	}
	return r, nil
}

func statusError(status string) error {
	switch status {
	case "OK", "OPENED", "SAME":
		return nil
	case "REUSED":
		return channels.ErrReused
	case "CLOSED":
		return channels.ErrClosed
	case "MOVED":
		return web.ErrMoved
	case "FULL":
		return web.ErrFull
	case "UNKNOWN":
		return web.ErrUnknown
	default:
		return fmt.Errorf("unknown status %q", status)
	}
}

// Append implements web.Log.
func (s *Store) Append(ctx context.Context, p web.Post) (web.Posted, error) {
	r, err := s.run(ctx, "append", p.Ref, p.Visitor, p.Account, p.Topic, p.CMID, p.Text, p.Message,
		string(p.Candidate), p.Node, p.At.UnixMilli(), MostMessages)
	if err != nil {
		return web.Posted{}, err
	}
	e := r.event(contact.Message{From: contact.ByCitizen, Text: p.Text}, p.CMID)
	return web.Posted{
		Event: e, Opened: r.text(0) == "OPENED",
		Anchor: web.Anchor{ID: e.Conversation, Term: 1},
	}, nil
}

// Say implements web.Log.
func (s *Store) Say(ctx context.Context, y web.Saying) (web.Event, error) {
	o := y.Outgoing
	r, err := s.run(ctx, "say", string(y.Anchor.ID), y.Anchor.Term, o.CMID, string(o.Agent), o.Text, y.Message, y.At.UnixMilli())
	if err != nil {
		return web.Event{}, err
	}
	m := contact.Message{From: contact.ByHouse, Agent: o.Agent, Text: o.Text}
	if o.Agent != "" {
		m.From = contact.ByAgent
	}
	return r.event(m, o.CMID), nil
}

// event completes a message with what the script gave it.
func (r reply) event(m contact.Message, cmid string) web.Event {
	m.ID, m.Seq, m.At = r.text(4), r.int(3), milli(r.int(5))
	return web.Event{
		Conversation: contact.ID(r.text(1)), Seq: r.int(2), Kind: web.Wrote,
		At: m.At, Message: m, CMID: cmid,
	}
}

// Adopt implements web.Log.
func (s *Store) Adopt(ctx context.Context, from web.Opened, node string) (web.State, error) {
	r, err := s.run(ctx, "adopt", string(from.ID), from.Node, node)
	if err != nil {
		return web.State{}, err
	}
	state, err := s.state(ctx, from.ID)
	state.Term = r.int(2)
	return state, err
}

// Rename implements web.Log.
func (s *Store) Rename(ctx context.Context, a web.Anchor, node string) error {
	_, err := s.run(ctx, "rename", string(a.ID), a.Term, node)
	return err
}

// Open implements web.Log.
func (s *Store) Open(ctx context.Context, after contact.ID, limit int) ([]web.Opened, error) {
	from := "-"
	if after != "" {
		from = "(" + string(after)
	}
	ids, err := s.client.ZRangeByLex(ctx, s.keys.open(), &redis.ZRangeBy{Min: from, Max: "+", Count: int64(limit)}).Result()
	if err != nil || len(ids) == 0 {
		return nil, wrap("open", err)
	}
	nodes := make([]*redis.StringCmd, len(ids))
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			nodes[i] = p.HGet(ctx, s.keys.conversation(contact.ID(id)), "node")
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, wrap("open", err)
	}
	all := make([]web.Opened, len(ids))
	for i, id := range ids {
		all[i] = web.Opened{ID: contact.ID(id), Node: nodes[i].Val()}
	}
	return all, nil
}

// Current implements web.Log.
func (s *Store) Current(ctx context.Context, ref string) (web.State, error) {
	id, err := s.client.HGet(ctx, s.keys.visitor(ref), "conv").Result()
	if errors.Is(err, redis.Nil) {
		return web.State{Phase: web.None}, nil
	}
	if err != nil {
		return web.State{}, wrap("current", err)
	}
	state, err := s.state(ctx, contact.ID(id))
	if errors.Is(err, web.ErrUnknown) {
		return web.State{Phase: web.None}, nil
	}
	return state, err
}

// Find implements web.Log.
func (s *Store) Find(ctx context.Context, ref string, id contact.ID) (web.State, error) {
	owner, err := s.client.HGet(ctx, s.keys.conversation(id), "ref").Result()
	if errors.Is(err, redis.Nil) || err == nil && owner != ref {
		return web.State{}, web.ErrUnknown
	}
	if err != nil {
		return web.State{}, wrap("find", err)
	}
	return s.state(ctx, id)
}

func (s *Store) state(ctx context.Context, id contact.ID) (web.State, error) {
	f, err := s.client.HGetAll(ctx, s.keys.conversation(id)).Result()
	if err != nil {
		return web.State{}, wrap("state", err)
	}
	if f["phase"] == "" {
		return web.State{}, web.ErrUnknown
	}
	state := web.State{
		ID: id, Phase: web.Phase(f["phase"]), Visitor: f["visitor"], Account: f["account"], Topic: f["topic"],
		Node: f["node"], Agent: contact.AgentID(f["agent"]), Term: number(f["term"]),
		Head: number(f["seq"]), Seen: number(f["seen"]), Read: number(f["read"]),
	}
	if place, ok := f["place"]; ok {
		low, high := f["low"], f["high"]
		state.Place = &channels.Place{Place: int(number(place)), Known: low != "", Low: int(number(low)), High: int(number(high))}
	}
	return state, nil
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // what our own scripts wrote
	return n
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redislog: %s: %w", doing, err)
}
