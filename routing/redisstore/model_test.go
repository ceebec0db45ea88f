package redisstore_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"hotline/contact"
	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/memstore"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

// TestModelAgrees runs random histories on the specification and on Redis.
// After each step both must have answered alike and hold the same state, and
// the state must keep the queue's invariants. HOTLINE_MODEL_CHECKS sets the
// number of histories.
func TestModelAgrees(t *testing.T) {
	for name, value := range map[string]string{
		"rapid.checks": cmp.Or(os.Getenv("HOTLINE_MODEL_CHECKS"), "60"), "rapid.steps": "60",
	} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	client := redistest.Start(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt, client)
		rt.Repeat(m.actions())
	})
}

const modelHall = "model"

// store is what both sides are.
type store interface {
	routing.Queue
	routing.Member
}

// step is one command, to be run on both sides, and perhaps again.
type step func(ctx context.Context, s store) error

type model struct {
	t      *testing.T
	client redis.UniversalClient
	clock  *routingtest.Clock
	spec   *memstore.Store
	real   *redisstore.Store
	lives  int // of nodes, for their names
	nodes  []routing.NodeID
	past   []step // what was done last, to be done again
	before memstore.Hall
	moved  contact.ID // by the last command, to other buckets and another place
}

func newModel(t *testing.T, rt *rapid.T, client redis.UniversalClient) *model {
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		rt.Fatal(err)
	}
	clock := routingtest.NewClock()
	m := &model{
		t: t, client: client, clock: clock, spec: memstore.New(clock.Now),
		real: open(t, redisstore.Config{Client: client, Hall: modelHall, Now: clock.Now}),
	}
	for range 2 {
		m.birth(rt)
	}
	return m
}

// birth starts a node under a new name.
func (m *model) birth(rt *rapid.T) {
	m.lives++
	n := routing.NodeID(fmt.Sprintf("node-%d", m.lives))
	m.nodes = append(m.nodes, n)
	m.run(rt, func(ctx context.Context, s store) error { return s.Beat(ctx, n) })
}

// living lists the nodes that are not fenced.
func (m *model) living() []routing.NodeID { return slices.Sorted(maps.Keys(m.spec.Hall().Nodes)) }

// run takes one step on both sides and compares the answers.
func (m *model) run(rt *rapid.T, do step) {
	rt.Helper()
	m.before, m.moved = m.spec.Hall(), ""
	want, got := do(m.t.Context(), m.spec), do(m.t.Context(), m.real)
	for _, sentinel := range []error{
		routing.ErrStale, routing.ErrFenced, routing.ErrBusy, routing.ErrUnconfirmed, routing.ErrUnknown, routing.ErrBad,
	} {
		if errors.Is(want, sentinel) != errors.Is(got, sentinel) {
			rt.Fatalf("the specification says %v, Redis says %v", want, got)
		}
	}
	if (want == nil) != (got == nil) {
		rt.Fatalf("the specification says %v, Redis says %v", want, got)
	}
	m.past = append(m.past, do)
	m.past = m.past[max(0, len(m.past)-20):]
}

// compare is run after each step.
func (m *model) compare(rt *rapid.T) {
	d := readDump(m.t, rt, m.client, modelHall)
	want := m.spec.Hall()
	if got := d.hall(); !reflect.DeepEqual(want, got) { // much faster than to ask for the difference
		if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("Redis is not as the specification (-spec +redis):\n%s", diff)
		}
	}
	for _, breach := range d.breaches() {
		rt.Errorf("%s", breach)
	}
	m.keeps(rt, want)
}

// keeps compares two moments: places are kept, buckets only added, nobody
// vanishes, and who was reserved was the oldest the seat could serve.
func (m *model) keeps(rt *rapid.T, now memstore.Hall) {
	for id, old := range m.before.Contacts {
		c, ok := now.Contacts[id]
		if !ok || c.Token < old.Token || c.Enqueued != old.Enqueued {
			rt.Errorf("%s was %+v, is %+v", id, old, c)
		}
		if id != m.moved && (c.Score != old.Score || !widened(old, c)) {
			rt.Errorf("%s was %+v, is %+v", id, old, c)
		}
		if ok && c.State == routing.Offered && c.Token > old.Token {
			m.oldest(rt, now, c)
		}
	}
}

// widened says that the contact has all its buckets yet, and took its steps in
// their order.
func widened(old, c memstore.Contact) bool {
	taken := len(old.Steps) - len(c.Steps)
	if taken < 0 || len(c.Buckets) < len(old.Buckets) {
		return false
	}
	same := func(a, b routing.Step) bool { return a.After == b.After && slices.Equal(a.Add, b.Add) }
	want := slices.Clone(old.Buckets)
	for _, s := range old.Steps[:taken] {
		want = append(want, slices.DeleteFunc(slices.Clone(s.Add), func(b routing.Bucket) bool { return slices.Contains(want, b) })...)
	}
	return slices.Equal(want, c.Buckets) && slices.EqualFunc(old.Steps[taken:], c.Steps, same)
}

// oldest: nobody waited longer in the bucket where the two met, nor, when a
// freed seat was lent, at all in one that the seat serves itself. What others
// have widened to in the same step came too late for the seat.
func (m *model) oldest(rt *rapid.T, now memstore.Hall, c memstore.Contact) {
	if c.Via == "" {
		return // a supervisor's pick
	}
	a := &audit{h: now}
	_, _, borrowed := c.Via.Lender()
	borrowed = borrowed && slices.ContainsFunc(now.Orders[c.Anchor], func(o routing.Command) bool {
		return o.Contact == c.ID && o.Token == c.Token && o.Why.By == routing.Freed
	})
	for id, o := range now.Contacts {
		old, known := m.before.Contacts[id]
		if !known || id == m.moved || o.State != routing.Wait || o.Class != c.Class {
			continue
		}
		older := cmp.Or(cmp.Compare(o.Score, c.Score), cmp.Compare(id, c.ID)) < 0
		for _, b := range old.Buckets {
			_, _, lent := b.Lender()
			first := a.serves(c.Agent, b) && (!lent && (older || borrowed) || b == c.Via && older)
			if first {
				rt.Errorf("%s was given %s by %s while %s waits for %s", c.Agent, c.ID, c.Via, id, b)
			}
		}
	}
}
