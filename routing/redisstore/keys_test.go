package redisstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/redisserver/redistest"
	"hotline/routing"
)

const (
	keyContact = contact.ID("01JDG3Z4V7Q8W9X0Y1Z2A3B4C5")
	keyNode    = routing.NodeID("node-a")
)

// TestTheScriptsMakeOurKeys runs a little of everything and finds no key that
// keys.go does not name.
func TestTheScriptsMakeOurKeys(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s, err := New(Config{Client: client, Hall: "12345"})
	if err != nil {
		t.Fatal(err)
	}
	play(t, s)
	found, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range found {
		if !s.known(key) {
			t.Errorf("%s is not a key of keys.go", key)
		}
	}
	if len(found) < 14 {
		t.Errorf("only %d keys: %v", len(found), found)
	}
}

func play(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	for _, do := range []func() error{
		func() error { return s.Beat(ctx, keyNode) },
		func() error { return s.Beat(ctx, "node-b") },
		func() error { return s.Leave(ctx, "node-b") },
		func() error { return s.SetAgent(ctx, playSeat("1001")) },
		func() error { return s.Enqueue(ctx, playEntry(keyContact)) },
		func() error { return s.Enqueue(ctx, playEntry("01JDG3Z4V7Q8W9X0Y1Z2A3B4C6")) },
		func() error {
			a := playSeat("1002")
			a.Buckets = map[routing.Bucket]int{"tax": 1}
			return s.SetAgent(ctx, a)
		},
		func() error { return s.client.Set(ctx, s.keys.make("run"), "another", 0).Err() },
		func() error { return s.Beat(ctx, keyNode) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
}

func playSeat(id contact.AgentID) routing.Agent {
	return routing.Agent{
		ID: id, Node: keyNode, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	}
}

func playEntry(id contact.ID) routing.Entry {
	return routing.Entry{
		Contact: id, Class: contact.Voice, Buckets: []routing.Bucket{"general"}, Anchor: keyNode, Ring: 15 * time.Second,
	}
}

// known says that keys.go names the key.
func (s *Store) known(key string) bool {
	short, ok := strings.CutPrefix(key, s.keys.prefix)
	kind, _, _ := strings.Cut(short, ":")
	switch kind {
	case "in":
		return key == s.keys.inbox(keyNode)
	case "c", "a", "w", "r", "l", "s", "b", "ac", "nc", "na":
		return ok && short != kind
	case "lease", "nodes", "dead", "fenced", "due", "buckets", "lines", "walk", "log", "run", "grace", "schema":
		return ok && short == kind
	default:
		return false
	}
}

func TestParseOrderRefusesNonsense(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		field, value string
		ok           bool
	}{
		"good":         {"kind", "offer", true},
		"revoke":       {"kind", "revoke", true},
		"kind":         {"kind", "dance", false},
		"contact":      {"contact", "{}", false},
		"token":        {"token", "-1", false},
		"no token":     {"token", "", false},
		"expires":      {"expires", "soon", false},
		"not a string": {"token", "\x00", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{"kind": "offer", "contact": string(keyContact), "agent": "1001", "token": "7", "expires": "1767225600000"}
			values[tt.field] = tt.value
			if _, err := parseOrder(values); (err == nil) != tt.ok {
				t.Errorf("error %v, want ok=%v", err, tt.ok)
			}
		})
	}
}

func FuzzParseOrder(f *testing.F) {
	f.Add("offer", string(keyContact), "1001", "7", "1767225600000")
	f.Add("revoke", "", "", "-1", "9223372036854775808")
	f.Fuzz(func(t *testing.T, kind, id, agent, token, expires string) {
		cmd, err := parseOrder(map[string]any{"kind": kind, "contact": id, "agent": agent, "token": token, "expires": expires})
		if err == nil && (string(cmd.Contact) != id || string(cmd.Kind) != kind || string(cmd.Agent) != agent) {
			t.Errorf("read %+v", cmd)
		}
	})
}

func TestOwnConnectionIsNotTheSharedOne(t *testing.T) {
	t.Parallel()
	client := redistest.StartServer(t).Client
	own := ownConnection(client)
	if err := own.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the shared client after the other was closed: %v", err)
	}
	cluster := ownConnection(redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}))
	if _, ok := cluster.(*redis.ClusterClient); !ok {
		t.Errorf("a cluster's own connection is %T", cluster)
	}
	lent := ownConnection(struct{ redis.UniversalClient }{client})
	if err := errors.Join(cluster.Close(), lent.Close(), client.Ping(t.Context()).Err()); err != nil {
		t.Error(err)
	}
}

func TestWaitOutEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waitOut(ctx, time.Hour)
}
