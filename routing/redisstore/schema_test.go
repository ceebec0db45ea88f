package redisstore_test

import (
	"strconv"
	"testing"
	"time"

	"hotline/contact"
	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/redisstore"
)

// TestVersion1IsUnderstood: contacts and seats that a node of schema 1 wrote, a
// call that waits, one that is offered, and a seat that is ready for another
// bucket.
func TestVersion1IsUnderstood(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	ctx := t.Context()
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	lease := strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10)
	for _, cmd := range [][]any{
		{"SET", "{12345}:schema", 1},
		{"ZADD", "{12345}:nodes", lease, string(node)},
		{"HSET", "{12345}:c:" + string(id(1)), "state", "wait", "class", "voice", "buckets", "general", "score", now, "ring", 15000, "enq", now, "anchor", string(node), "ep", 0, "agent", ""},
		{"HSET", "{12345}:c:" + string(id(2)), "state", "offered", "class", "voice", "buckets", "tax", "score", now, "ring", 15000, "enq", now, "anchor", string(node), "ep", 1, "agent", "1002"},
		{"ZADD", "{12345}:w:voice:general", now, string(id(1))},
		{"ZADD", "{12345}:lease", lease, string(id(2))},
		{"SADD", "{12345}:nc:" + string(node), string(id(1)), string(id(2))},
		{"SADD", "{12345}:ac:1002", string(id(2))},
		{"SADD", "{12345}:na:" + string(node), "1001", "1002"},
		{"SADD", "{12345}:buckets", "voice:general", "voice:tax"},
		{"HSET", "{12345}:a:1001", "node", string(node), "status", "ready", "buckets", "tax=0", "slots", "voice=1", "idle", now, "use:voice", 0, "use:message", 0, "in:voice", now, "in:message", ""},
		{"ZADD", "{12345}:r:voice:tax", now, "1001"},
		{"HSET", "{12345}:a:1002", "node", string(node), "status", "ready", "buckets", "general=1", "slots", "voice=1", "idle", now, "use:voice", 1, "use:message", 0, "in:voice", "", "in:message", ""},
	} {
		if err := client.Do(ctx, cmd...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	h := openHouse(t, redisstore.Config{Client: client})
	w := &walker{Store: h.Store, t: t, client: client}
	if _, err := h.Walk(ctx); err != nil {
		t.Fatal(err)
	}
	if found, _ := w.round(); len(found) > 0 {
		t.Errorf("a walk finds %q", found)
	}
	h.must(h.Accept(ctx, id(2), 1))
	h.must(h.Finish(ctx, id(2), 1, contact.AgentEnded))
	if got := h.offer(1); got.Agent != "1002" || got.Why.Via != "general" {
		t.Errorf("order %+v, want an offer to 1002", got)
	}
	e := call(3)
	e.Buckets = []routing.Bucket{"tax"}
	h.must(h.Enqueue(ctx, e))
	if got := h.offer(3); got.Agent != "1001" {
		t.Errorf("order %+v, want an offer to 1001", got)
	}
	if found, _ := w.round(); len(found) > 0 {
		t.Errorf("at the end a walk finds %q", found)
	}
}
