package redisstore_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

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
	last   step
	before memstore.Hall
}

func newModel(t *testing.T, rt *rapid.T, client redis.UniversalClient) *model {
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		rt.Fatal(err)
	}
	clock := routingtest.NewClock()
	m := &model{
		t: t, client: client, clock: clock, spec: memstore.New(clock.Now),
		real: open(t, redisstore.Config{Client: client, Hall: modelHall, Now: clock.Now}),
		last: func(context.Context, store) error { return nil },
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
	m.before = m.spec.Hall()
	want, got := do(m.t.Context(), m.spec), do(m.t.Context(), m.real)
	for _, sentinel := range []error{routing.ErrStale, routing.ErrFenced, routing.ErrUnknown, routing.ErrBad} {
		if errors.Is(want, sentinel) != errors.Is(got, sentinel) {
			rt.Fatalf("the specification says %v, Redis says %v", want, got)
		}
	}
	if (want == nil) != (got == nil) {
		rt.Fatalf("the specification says %v, Redis says %v", want, got)
	}
	m.last = do
}

// compare is run after each step.
func (m *model) compare(rt *rapid.T) {
	d := readDump(m.t, rt, m.client, modelHall)
	want := m.spec.Hall()
	if diff := gocmp.Diff(want, d.hall(), cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("Redis is not as the specification (-spec +redis):\n%s", diff)
	}
	for _, breach := range d.breaches() {
		rt.Errorf("%s", breach)
	}
	m.keeps(rt, want)
}

// keeps compares two moments: places are kept, nobody vanishes, and who was
// reserved was the oldest the seat could serve.
func (m *model) keeps(rt *rapid.T, now memstore.Hall) {
	for id, old := range m.before.Contacts {
		c, ok := now.Contacts[id]
		if !ok || c.Score != old.Score || c.Token < old.Token {
			rt.Errorf("%s was %+v, is %+v", id, old, c)
		}
		if ok && c.State == routing.Offered && c.Token > old.Token {
			m.oldest(rt, now, id, c)
		}
	}
}

func (m *model) oldest(rt *rapid.T, now memstore.Hall, id contact.ID, c memstore.Contact) {
	a := &audit{h: now}
	for other, o := range now.Contacts {
		older := cmp.Or(cmp.Compare(o.Score, c.Score), cmp.Compare(other, id)) < 0
		if o.State == routing.Wait && o.Class == c.Class && older && a.eligible(c.Agent, o) {
			rt.Errorf("%s was given %s while %s waits longer", c.Agent, id, other)
		}
	}
}

func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":         m.compare,
		"enqueue":  m.enqueue,
		"enqueue2": m.enqueue,
		"agent":    m.setAgent,
		"agent2":   m.setAgent,
		"accept":   m.accept,
		"accept2":  m.accept,
		"decline":  m.decline,
		"wrap":     m.wrap,
		"finish":   m.finish,
		"withdraw": m.withdraw,
		"stale":    m.stale,
		"tick":     func(rt *rapid.T) { m.run(rt, func(ctx context.Context, s store) error { return s.Tick(ctx) }) },
		"beat":     m.beat,
		"beat2":    m.beat,
		"leave":    m.leave,
		"assert":   m.reassert,
		"assert2":  m.reassert,
		"birth": func(rt *rapid.T) {
			if len(m.living()) > 1 {
				rt.Skip("enough nodes live")
			}
			m.birth(rt)
		},
		"restart":  m.restart,
		"advance":  m.advance,
		"advance2": m.advance,
		"live":     m.live,
		"live2":    m.live,
		"live3":    m.live,
		"repeat":   func(rt *rapid.T) { m.run(rt, m.last) },
		"place":    m.place,
		"counts":   m.counts,
	}
}

func contactIDs() *rapid.Generator[contact.ID] {
	return rapid.Map(rapid.IntRange(1, 12), routingtest.ContactID)
}

func (m *model) node() *rapid.Generator[routing.NodeID] {
	return rapid.SampledFrom(m.nodes[max(0, len(m.nodes)-3):])
}

func buckets() []routing.Bucket { return []routing.Bucket{"general", "tax", "en"} }

func (m *model) enqueue(rt *rapid.T) {
	e := routing.Entry{
		Contact: contactIDs().Draw(rt, "contact"),
		Class:   rapid.SampledFrom([]contact.Class{contact.Voice, contact.Voice, contact.Text}).Draw(rt, "class"),
		Buckets: rapid.SliceOfNDistinct(rapid.SampledFrom(buckets()), 1, 3, rapid.ID[routing.Bucket]).Draw(rt, "buckets"),
		Band:    rapid.SampledFrom([]int{1, 1, 1, 0, routing.HighestBand}).Draw(rt, "band"),
		Credit:  rapid.SampledFrom([]time.Duration{0, 0, 2 * time.Second, routing.LargestCredit}).Draw(rt, "credit"),
		Anchor:  m.node().Draw(rt, "node"),
		Ring:    rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Second, 15 * time.Second}).Draw(rt, "ring"),
	}
	m.run(rt, func(ctx context.Context, s store) error { return s.Enqueue(ctx, e) })
}

// slots are fixed for each agent, so that capacity can be checked.
func slots() map[contact.AgentID]map[contact.Class]int {
	return map[contact.AgentID]map[contact.Class]int{
		"1001": {contact.Voice: 1},
		"1002": {contact.Voice: 1, contact.Text: 2},
		"1003": {contact.Text: 3},
		"1004": {contact.Voice: 2},
	}
}

// able lists the agents who take contacts of the class at all.
func able(class contact.Class) []contact.AgentID {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(slots())), func(id contact.AgentID) bool { return slots()[id][class] == 0 })
}

func (m *model) setAgent(rt *rapid.T) {
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(slots()))).Draw(rt, "agent")
	a := routing.Agent{
		ID: id, Node: m.node().Draw(rt, "node"), Slots: slots()[id],
		Status:  rapid.SampledFrom([]routing.Status{routing.Ready, routing.Ready, routing.Ready, routing.Away, routing.Offline}).Draw(rt, "status"),
		Buckets: rapid.MapOfN(rapid.SampledFrom(buckets()), rapid.IntRange(0, 2), 0, 3).Draw(rt, "buckets"),
	}
	m.run(rt, func(ctx context.Context, s store) error { return s.SetAgent(ctx, a) })
}

// one draws a contact in one of the states, with its token; it skips the
// action when there is none.
func (m *model) one(rt *rapid.T, states ...routing.State) (contact.ID, routing.Token) {
	var ids []contact.ID
	h := m.spec.Hall()
	for _, id := range slices.Sorted(maps.Keys(h.Contacts)) {
		if slices.Contains(states, h.Contacts[id].State) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		rt.Skip("nobody is there")
	}
	id := rapid.SampledFrom(ids).Draw(rt, "contact")
	return id, h.Contacts[id].Token
}

func (m *model) accept(rt *rapid.T) {
	id, token := m.one(rt, routing.Offered)
	m.run(rt, func(ctx context.Context, s store) error { return s.Accept(ctx, id, token) })
}

func reasons() *rapid.Generator[routing.DeclineReason] {
	return rapid.SampledFrom([]routing.DeclineReason{
		routing.Rejected, routing.Unanswered, routing.Unreachable, routing.Disconnected,
	})
}

func (m *model) decline(rt *rapid.T) {
	id, token := m.one(rt, routing.Offered, routing.Talking)
	why := reasons().Draw(rt, "why")
	m.run(rt, func(ctx context.Context, s store) error { return s.Decline(ctx, id, token, why) })
}

func (m *model) wrap(rt *rapid.T) {
	id, token := m.one(rt, routing.Talking)
	m.run(rt, func(ctx context.Context, s store) error { return s.Wrap(ctx, id, token) })
}

func (m *model) finish(rt *rapid.T) {
	id, token := m.one(rt, routing.Talking, routing.Wrapping)
	m.run(rt, func(ctx context.Context, s store) error { return s.Finish(ctx, id, token, contact.AgentEnded) })
}

func (m *model) withdraw(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	m.run(rt, func(ctx context.Context, s store) error { return s.Withdraw(ctx, id, contact.AbandonedQueue) })
}

// reassert says how a contact stands: mostly as the queue has it or had it,
// sometimes not at all.
func (m *model) reassert(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	c := m.spec.Hall().Contacts[id]
	a := routing.Assertion{
		Entry: routing.Entry{
			Contact: id, Class: rapid.SampledFrom([]contact.Class{contact.Voice, contact.Voice, contact.Text}).Draw(rt, "class"),
			Buckets: []routing.Bucket{"general"}, Band: 1, Ring: 4 * time.Second, Anchor: m.node().Draw(rt, "node"),
		},
		State: rapid.SampledFrom([]routing.State{routing.Wait, routing.Talking, routing.Talking, routing.Wrapping}).Draw(rt, "state"),
		Token: routing.Token(max(1, int(c.Token)+rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(rt, "ahead"))),
	}
	if c.Class != "" {
		a.Class = c.Class
	}
	if a.State != routing.Wait {
		a.Agent = rapid.SampledFrom(able(a.Class)).Draw(rt, "agent")
		if c.Agent != "" && rapid.Bool().Draw(rt, "same") {
			a.Agent = c.Agent
		}
	}
	m.run(rt, func(ctx context.Context, s store) error { return s.Reassert(ctx, a) })
}

// stale plays a command that is late, early or nonsense.
func (m *model) stale(rt *rapid.T) {
	id, token := m.one(rt, routing.Wait, routing.Offered, routing.Talking, routing.Wrapping, routing.Ended)
	token -= min(token, routing.Token(rapid.Uint64Range(0, 2).Draw(rt, "behind")))
	why := reasons().Draw(rt, "why")
	m.run(rt, rapid.SampledFrom([]step{
		func(ctx context.Context, s store) error { return s.Accept(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Decline(ctx, id, token, why) },
		func(ctx context.Context, s store) error { return s.Wrap(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Finish(ctx, id, token, contact.AgentEnded) },
	}).Draw(rt, "command"))
}

func (m *model) beat(rt *rapid.T) {
	n := m.node().Draw(rt, "node")
	m.run(rt, func(ctx context.Context, s store) error { return s.Beat(ctx, n) })
}

func (m *model) leave(rt *rapid.T) {
	if !rapid.Bool().Draw(rt, "really") {
		rt.Skip("most nodes die instead")
	}
	n := m.node().Draw(rt, "node")
	m.run(rt, func(ctx context.Context, s store) error { return s.Leave(ctx, n) })
}

// live lets time pass in which all nodes but one renew.
func (m *model) live(rt *rapid.T) {
	lazy := m.node().Draw(rt, "lazy")
	for _, n := range m.living() {
		if n != lazy {
			m.run(rt, func(ctx context.Context, s store) error { return s.Beat(ctx, n) })
		}
	}
	m.advance(rt)
	m.run(rt, func(ctx context.Context, s store) error { return s.Tick(ctx) })
}

// restart plays a new Redis process on the old data.
func (m *model) restart(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "really") != 3 {
		rt.Skip("each restart keeps dead nodes alive for a while")
	}
	m.spec.Restart()
	pretendRestart(m.t, m.client, modelHall)
}

func (m *model) advance(rt *rapid.T) {
	m.clock.Advance(rapid.SampledFrom([]time.Duration{
		time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second,
	}).Draw(rt, "by"))
}

func (m *model) place(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	var places []int
	m.run(rt, func(ctx context.Context, s store) error {
		o, err := s.Outlook(ctx, id)
		places = append(places, o.Place)
		return err
	})
	if places[0] != places[1] {
		rt.Errorf("%s has place %d in the specification, %d in Redis", id, places[0], places[1])
	}
}

func (m *model) counts(rt *rapid.T) {
	var all []routing.Counts
	m.run(rt, func(ctx context.Context, s store) error {
		n, err := s.Counts(ctx)
		all = append(all, n)
		return err
	})
	if diff := gocmp.Diff(all[0], all[1]); diff != "" {
		rt.Errorf("counts (-spec +redis):\n%s", diff)
	}
}
