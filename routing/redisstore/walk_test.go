package redisstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

// walker is a hall that can be spoilt.
type walker struct {
	*redisstore.Store
	t      *testing.T
	client redis.UniversalClient
	clock  *routingtest.Clock
}

func newWalker(t *testing.T) *walker {
	t.Helper()
	client, clock := redistest.Start(t), routingtest.NewClock()
	w := &walker{t: t, client: client, clock: clock}
	w.Store = open(t, redisstore.Config{Client: client, Hall: hallName, Now: clock.Now})
	w.must(w.Beat(t.Context(), node))
	return w
}

func (w *walker) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// do runs one Redis command; "c:1" stands for the first contact's key.
func (w *walker) do(args ...any) {
	w.t.Helper()
	args[1] = "{" + hallName + "}:" + args[1].(string)
	w.must(w.client.Do(w.t.Context(), args...).Err())
}

// round walks until all has been seen once, and returns what was told.
func (w *walker) round() (breaches []string, calls int) {
	w.t.Helper()
	before := w.rounds()
	for w.rounds() == before {
		found, err := w.Walk(w.t.Context())
		w.must(err)
		breaches = append(breaches, found...)
		if calls++; calls > 1000 {
			w.t.Fatal("the walk does not end")
		}
	}
	return breaches, calls
}

func (w *walker) rounds() string {
	w.t.Helper()
	v, err := w.client.HGet(w.t.Context(), "{"+hallName+"}:walk", "rounds").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		w.t.Fatal(err)
	}
	return v
}

// The hall of the cases: 1 talks with 1001, 2 rings at 1002, 3 and 4 wait; 1003
// is away and 1004 is free for another bucket.
func (w *walker) fill() {
	w.t.Helper()
	ctx := w.t.Context()
	for _, id := range []contact.AgentID{"1001", "1002"} {
		w.must(w.SetAgent(ctx, seat(id)))
		w.clock.Advance(time.Second)
	}
	away := seat("1003")
	away.Status = routing.Away
	w.must(w.SetAgent(ctx, away))
	free := seat("1004")
	free.Buckets = map[routing.Bucket]int{"tax": 1}
	w.must(w.SetAgent(ctx, free))
	for n := 1; n <= 4; n++ {
		e := call(n)
		e.Line = "public"
		e.Steps = []routing.Step{{After: time.Hour, Add: []routing.Bucket{"en"}}}
		w.must(w.Enqueue(ctx, e))
		w.must(w.Beat(ctx, node))
	}
	w.must(w.Accept(ctx, id(1), 1))
}

func id(n int) contact.ID { return routingtest.ContactID(n) }

func (w *walker) sound() {
	w.t.Helper()
	for _, breach := range readDump(w.t, w.t, w.client, hallName).breaches() {
		w.t.Errorf("still: %s", breach)
	}
}

func TestWalkFindsNothingInAHealthyHall(t *testing.T) {
	t.Parallel()
	w := newWalker(t)
	w.fill()
	before := readDump(t, t, w.client, hallName)
	if found, _ := w.round(); len(found) > 0 {
		t.Errorf("found %q", found)
	}
	after := readDump(t, t, w.client, hallName)
	delete(after.Hash, "walk")
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("a walk changed the hall:\n%v\n%v", before, after)
	}
}

func TestWalkTellsAndMends(t *testing.T) {
	t.Parallel()
	c := func(n int) string { return "c:" + string(id(n)) }
	tests := map[string]struct {
		spoil func(w *walker)
		told  string
	}{
		"a waiting contact in no set": {func(w *walker) { w.do("ZREM", "w:voice:general", string(id(3))) }, "is missing from w:voice:general"},
		"a wrong place":               {func(w *walker) { w.do("ZADD", "w:voice:general", 5, string(id(4))) }, "is at a wrong place in w:voice:general"},
		"a talk that waits":           {func(w *walker) { w.do("ZADD", "w:voice:general", 5, string(id(1))) }, "strays in w:voice:general"},
		"a ghost that waits":          {func(w *walker) { w.do("ZADD", "w:voice:general", 5, string(id(9))) }, "strays in w:voice:general"},
		"who waits in another bucket": {func(w *walker) { w.do("ZADD", "w:voice:other", 5, string(id(3))) }, "strays in w:voice:other"},
		"a ghost seat":                {func(w *walker) { w.do("ZADD", "r:voice:general", 5, "9999") }, "9999 strays in r:voice:general"},
		"a busy seat that stands":     {func(w *walker) { w.do("ZADD", "r:voice:general", 5, "1001") }, "1001 strays in r:voice:general"},
		"a free seat that does not":   {func(w *walker) { w.do("ZREM", "r:voice:tax", "1004") }, "1004 is missing from r:voice:tax"},
		"a seat at a wrong place":     {func(w *walker) { w.do("ZADD", "r:voice:tax", 5, "1004") }, "1004 is at a wrong place in r:voice:tax"},
		"an offer without a lease":    {func(w *walker) { w.do("ZREM", "lease", string(id(2))) }, "is missing from lease"},
		"a lease without an offer":    {func(w *walker) { w.do("ZADD", "lease", 5e12, string(id(1))) }, "strays in lease"},
		"a lease of a ghost":          {func(w *walker) { w.do("ZADD", "lease", 5e12, string(id(9))) }, "strays in lease"},
		"a step that is not due":      {func(w *walker) { w.do("ZREM", "due", string(id(3))) }, "is missing from due"},
		"a step of a talk":            {func(w *walker) { w.do("ZADD", "due", 5e12, string(id(1))) }, "strays in due"},
		"no line":                     {func(w *walker) { w.do("ZREM", "l:voice:public", string(id(3))) }, "is missing from l:voice:public"},
		"a ghost on a line":           {func(w *walker) { w.do("ZADD", "l:voice:public", 5, string(id(9))) }, "strays in l:voice:public"},
		"no anchor's contact":         {func(w *walker) { w.do("SREM", "nc:node-a", string(id(3))) }, "is missing from nc:node-a"},
		"another anchor's contact":    {func(w *walker) { w.do("SADD", "nc:node-b", string(id(3))) }, "strays in nc:node-b"},
		"a ghost at an anchor":        {func(w *walker) { w.do("SADD", "nc:node-a", string(id(9))) }, "strays in nc:node-a"},
		"no seat's contact":           {func(w *walker) { w.do("SREM", "ac:1001", string(id(1))) }, "is missing from ac:1001"},
		"a ghost at a seat":           {func(w *walker) { w.do("SADD", "ac:1001", string(id(9))) }, "strays in ac:1001"},
		"a ghost at a ghost seat":     {func(w *walker) { w.do("SADD", "ac:9999", string(id(9))) }, "strays in ac:9999"},
		"a counter too high":          {func(w *walker) { w.do("HSET", "a:1004", "use:voice", 1) }, "seat 1004 counts 1 of voice and has 0"},
		"a counter too low":           {func(w *walker) { w.do("HSET", "a:1001", "use:voice", 0) }, "seat 1001 counts 0 of voice and has 1"},
		"a seat that nobody knows":    {func(w *walker) { w.do("DEL", "a:1001") }, "is with agent 1001, who has no seat"},
		"a seat not at its node":      {func(w *walker) { w.do("SREM", "na:node-a", "1003") }, "1003 is missing from na:node-a"},
		"a ghost at a node":           {func(w *walker) { w.do("SADD", "na:node-a", "9999") }, "9999 strays in na:node-a"},
		"a seat that is not there":    {func(w *walker) { w.do("SREM", "s:general", "1003") }, "1003 is missing from s:general"},
		"a seat there for others":     {func(w *walker) { w.do("SADD", "s:tax", "1003") }, "1003 strays in s:tax"},
		"an offer to nobody":          {func(w *walker) { w.do("HSET", c(2), "agent", "") }, `is offered with agent ""`},
		"a talk with nobody":          {func(w *walker) { w.do("HSET", c(1), "agent", "") }, `is talking with agent ""`},
		"waiting with an agent":       {func(w *walker) { w.do("HSET", c(3), "agent", "1004") }, `is wait with agent "1004"`},
		"would be forgotten":          {func(w *walker) { w.do("EXPIRE", c(3), 100) }, "is wait and would be forgotten"},
		"would be kept": {func(w *walker) {
			w.must(w.Withdraw(w.t.Context(), id(4), contact.AbandonedQueue))
			w.do("PERSIST", c(4))
		}, "is ended and would be kept for ever"},
		"an anchor that is nowhere": {func(w *walker) {
			w.must(w.Beat(w.t.Context(), "node-b"))
			e := call(5)
			e.Anchor = "node-b"
			w.must(w.Enqueue(w.t.Context(), e))
			w.do("ZREM", "nodes", "node-b")
		}, "is at node node-b, which is neither alive nor swept"},
		"free beside one who waits": {func(w *walker) {
			score, err := w.client.HGet(w.t.Context(), "{"+hallName+"}:"+c(3), "score").Result()
			w.must(err)
			w.do("HSET", c(3), "buckets", "general,@1004")
			w.do("ZADD", "w:voice:@1004", score, string(id(3)))
		}, "seat 1004 is free while " + string(id(3)) + " waits"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWalker(t)
			w.fill()
			tt.spoil(w)
			found, _ := w.round()
			if !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, tt.told) }) {
				t.Errorf("told %q, want %q", found, tt.told)
			}
			w.round() // what one mend has freed may need another
			if again, _ := w.round(); len(again) > 0 {
				t.Errorf("told once more %q", again)
			}
			w.sound()
		})
	}
}

func TestAHallOfFiveThousandIsWalkedInThreeHundredCalls(t *testing.T) {
	t.Parallel()
	const contacts, most = 5000, 300
	w := newWalker(t)
	ctx := t.Context()
	w.must(w.SetAgent(ctx, func() routing.Agent { a := seat("1001"); a.Status = routing.Away; return a }()))
	for n := range contacts {
		e := call(n)
		e.Buckets = []routing.Bucket{"general", routing.Bucket(fmt.Sprintf("skill-%d", n%40))}
		e.Line = "public"
		e.Steps = []routing.Step{{After: time.Hour, Add: []routing.Bucket{"en"}}}
		w.must(w.Enqueue(ctx, e))
	}
	w.round()
	found, calls := w.round()
	if len(found) > 0 || calls > most {
		t.Errorf("%d calls, found %q", calls, found)
	}
	t.Logf("%d calls", calls)
}
