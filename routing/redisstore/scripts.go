package redisstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/routing"
)

// Schema is the version of the keys that this code writes. It reads contacts
// and seats of version 1: what those lack has a default.
const Schema = 2

// ErrSchema says that Redis holds the queue of a version this one cannot share.
var ErrSchema = errors.New("redisstore: the queue in Redis is of another version: upgrade one version at a time")

//go:embed lua/*.lua
var lua embed.FS

// scripts are loaded by content: two versions of a node live side by side.
type scripts map[string]*redis.Script

func loadScripts(alter func(name, text string) string) (scripts, error) {
	texts, err := scriptTexts()
	if err != nil {
		return nil, err
	}
	all := scripts{}
	for name, text := range texts {
		if alter != nil {
			text = alter(name, text)
		}
		all[name] = redis.NewScript(text)
	}
	return all, nil
}

// scriptTexts are the whole scripts by name, with what each needs of the shared
// parts in front.
func scriptTexts() (map[string]string, error) {
	lib, err := readLua("lib")
	if err != nil {
		return nil, err
	}
	match, err := readLua("match")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, name := range []string{
		"enqueue", "withdraw", "setagent", "accept", "decline", "wrap", "finish", "reroute", "assign", "ring",
		"outlook", "counts", "board", "beat", "leave", "tick", "reassert", "strays", "walk",
	} {
		body, err := readLua(name)
		if err != nil {
			return nil, err
		}
		all[name] = link(lib+"\n"+match, body)
	}
	return all, nil
}

func readLua(name string) (string, error) {
	text, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		return "", fmt.Errorf("redisstore: %w", err)
	}
	return string(text), nil
}

// reply is what a script returned after status and offers.
type reply []any

// run runs one script; its status becomes an error of routing.
func (s *Store) run(ctx context.Context, name string, args ...any) (reply, error) {
	return s.runOn(ctx, s.client, name, args...)
}

// runOn is run on a connection of the caller's choice.
func (s *Store) runOn(ctx context.Context, on redis.Scripter, name string, args ...any) (reply, error) {
	argv := append([]any{s.time()}, args...)
	out, err := s.scripts[name].Run(ctx, on, []string{s.keys.prefix}, argv...).Slice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", name, err)
	}
	r := reply(out)
	if err := statusError(r.text(0)); err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", name, err)
	}
	s.metrics.matches.Add(float64(r.int(1)))
	return r[2:], nil
}

func statusError(status string) error {
	switch status {
	case "OK":
		return nil
	case "STALE":
		return routing.ErrStale
	case "FENCED":
		return routing.ErrFenced
	case "BUSY":
		return routing.ErrBusy
	case "UNKNOWN":
		return routing.ErrUnknown
	case "SCHEMA":
		return ErrSchema
	default:
		return fmt.Errorf("unknown status %q", status)
	}
}

// int is the reply's number at i, 0 when it has none.
func (r reply) int(i int) int64 {
	if i >= len(r) {
		return 0
	}
	n, _ := r[i].(int64)
	return n
}

// ms is the reply's number at i in milliseconds.
func (r reply) ms(i int) time.Duration { return time.Duration(r.int(i)) * time.Millisecond }

// text is the reply's string at i, empty when it has none.
func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	t, _ := r[i].(string)
	return t
}

// time is what the scripts take for now: empty means Redis's own TIME.
func (s *Store) time() string {
	if s.now == nil {
		return ""
	}
	return strconv.FormatInt(s.now().UnixMilli(), 10)
}
