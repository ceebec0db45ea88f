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

// oldest: nobody waited longer in the bucket where the two met, nor, when they
// met in a borrowed one, in another that the seat serves itself. What others
// have widened to in the same step came too late for the seat.
func (m *model) oldest(rt *rapid.T, now memstore.Hall, c memstore.Contact) {
	if c.Via == "" {
		return // a supervisor's pick
	}
	a := &audit{h: now}
	_, _, borrowed := c.Via.Lender()
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

func (m *model) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"":         m.compare,
		"decline":  m.decline,
		"wrap":     m.wrap,
		"finish":   m.finish,
		"withdraw": m.withdraw,
		"assign":   m.assign,
		"reroute":  m.reroute,
		"ring":     m.ring,
		"stale":    m.stale,
		"tick":     func(rt *rapid.T) { m.run(rt, func(ctx context.Context, s store) error { return s.Tick(ctx) }) },
		"leave":    m.leave,
		"birth": func(rt *rapid.T) {
			if len(m.living()) > 1 {
				rt.Skip("enough nodes live")
			}
			m.birth(rt)
		},
		"restart": m.restart,
		"repeat":  func(rt *rapid.T) { m.run(rt, m.past[len(m.past)-1]) },
		"late":    m.late,
		"outlook": m.outlook,
		"counts":  m.counts,
		"board":   m.board,
		"strays":  m.strays,
		"walk":    m.walk,
	}
	for name, often := range map[string]func(*rapid.T){
		"enqueue": m.enqueue, "agent": m.setAgent, "accept": m.accept, "beat": m.beat,
		"assert": m.reassert, "advance": m.advance, "live": m.live,
	} {
		for _, again := range []string{"", "2", "3"} {
			actions[name+again] = often
		}
	}
	return actions
}

func contactIDs() *rapid.Generator[contact.ID] {
	return rapid.Map(rapid.IntRange(1, 12), routingtest.ContactID)
}

func (m *model) node() *rapid.Generator[routing.NodeID] {
	return rapid.SampledFrom(m.nodes[max(0, len(m.nodes)-3):])
}

func buckets() []routing.Bucket { return []routing.Bucket{"general", "tax", "en"} }

// borrowed lists the borrowed buckets by their lenders.
func borrowed() map[routing.Bucket][]routing.Bucket {
	return map[routing.Bucket][]routing.Bucket{"general": {"general!0", "general!1"}, "tax": {"tax!1"}, "en": {"en!2"}}
}

// wanted draws what a contact may wait for.
func wanted() *rapid.Generator[[]routing.Bucket] {
	all := append(buckets(), "general", "tax", "general!0", "general!1", "tax!1", "en!2", "@1001", "@1002", "@1003")
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, rapid.ID[routing.Bucket])
}

func classes() *rapid.Generator[contact.Class] {
	return rapid.SampledFrom([]contact.Class{contact.Voice, contact.Voice, contact.Text})
}

func (m *model) entry(rt *rapid.T, id contact.ID) routing.Entry {
	e := routing.Entry{
		Contact: id, Class: classes().Draw(rt, "class"), Anchor: m.node().Draw(rt, "node"),
		Line:    rapid.SampledFrom([]string{"", "citizen", "enterprise"}).Draw(rt, "line"),
		Buckets: wanted().Draw(rt, "buckets"),
		Band:    rapid.SampledFrom([]int{1, 1, 1, 0, routing.HighestBand}).Draw(rt, "band"),
		Credit:  rapid.SampledFrom([]time.Duration{0, 0, 2 * time.Second, routing.LargestCredit}).Draw(rt, "credit"),
		Waited:  rapid.SampledFrom([]time.Duration{0, 0, 500 * time.Millisecond, 3 * time.Second}).Draw(rt, "waited"),
		Ring:    rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Second, 15 * time.Second}).Draw(rt, "ring"),
	}
	after := time.Duration(0)
	for range rapid.IntRange(0, 3).Draw(rt, "steps") {
		after += rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 3 * time.Second}).Draw(rt, "after")
		e.Steps = append(e.Steps, routing.Step{After: after, Add: wanted().Draw(rt, "add")})
	}
	return e
}

func (m *model) enqueue(rt *rapid.T) {
	e := m.entry(rt, contactIDs().Draw(rt, "contact"))
	m.run(rt, func(ctx context.Context, s store) error { return s.Enqueue(ctx, e) })
}

// reroute changes what is known, mostly by the node that has it.
func (m *model) reroute(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	e := m.entry(rt, id)
	if c := m.spec.Hall().Contacts[id]; c.Anchor != "" && rapid.Bool().Draw(rt, "own") {
		e.Anchor = c.Anchor
	}
	m.run(rt, func(ctx context.Context, s store) error {
		m.moved = id
		return s.Reroute(ctx, e)
	})
}

func (m *model) assign(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	agent := rapid.SampledFrom([]contact.AgentID{"1001", "1002", "1003", "1004", "1005"}).Draw(rt, "agent")
	m.run(rt, func(ctx context.Context, s store) error { return s.Assign(ctx, id, agent) })
}

// slots are fixed for each agent, so that capacity can be checked.
func slots() map[contact.AgentID]map[contact.Class]int {
	return map[contact.AgentID]map[contact.Class]int{
		"1001": {contact.Voice: 1},
		"1002": {contact.Voice: 1, contact.Text: 2},
		"1003": {contact.Text: 3},
		"1004": {contact.Voice: 2, contact.Text: 1},
	}
}

// excludes are fixed for each agent, so that the exclusion can be checked.
func excludes() map[contact.AgentID]map[contact.Class]bool {
	return map[contact.AgentID]map[contact.Class]bool{
		"1002": {contact.Voice: true},
		"1003": {contact.Voice: true, contact.Text: false},
		"1004": {contact.Voice: true, contact.Text: true},
	}
}

// able lists the agents who take contacts of the class at all.
func able(class contact.Class) []contact.AgentID {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(slots())), func(id contact.AgentID) bool { return slots()[id][class] == 0 })
}

func (m *model) setAgent(rt *rapid.T) {
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(slots()))).Draw(rt, "agent")
	a := routing.Agent{
		ID: id, Node: m.node().Draw(rt, "node"), Slots: slots()[id], Excludes: excludes()[id],
		Status:  rapid.SampledFrom([]routing.Status{routing.Ready, routing.Ready, routing.Ready, routing.Away, routing.Offline}).Draw(rt, "status"),
		Buckets: rapid.MapOfN(rapid.SampledFrom(buckets()), rapid.IntRange(0, 2), 0, 3).Draw(rt, "buckets"),
	}
	for _, from := range buckets() {
		for _, b := range borrowed()[from] { // mostly as the policy does it: each seat of the lender lends
			if _, serves := a.Buckets[from]; serves != (rapid.IntRange(0, 9).Draw(rt, "odd") == 9) {
				a.Buckets[b] = rapid.IntRange(0, 2).Draw(rt, "tier")
			}
		}
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

func (m *model) ring(rt *rapid.T) {
	id, token := m.one(rt, routing.Offered)
	m.run(rt, func(ctx context.Context, s store) error { return s.Ring(ctx, id, token) })
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
		Entry: m.entry(rt, id),
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
		func(ctx context.Context, s store) error { return s.Ring(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Finish(ctx, id, token, contact.AgentEnded) },
	}).Draw(rt, "command"))
}

// late plays a command of before once more.
func (m *model) late(rt *rapid.T) { m.run(rt, rapid.SampledFrom(m.past).Draw(rt, "of before")) }

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

// asked puts one question to both sides, which must answer alike.
func asked[T any](m *model, rt *rapid.T, ask func(context.Context, store) (T, error)) {
	rt.Helper()
	answers := map[store]T{}
	m.run(rt, func(ctx context.Context, s store) error {
		answer, err := ask(ctx, s)
		answers[s] = answer
		return err
	})
	unused := cmpopts.IgnoreMapEntries(func(_ contact.Class, n int) bool { return n == 0 })
	if diff := gocmp.Diff(answers[m.spec], answers[m.real], cmpopts.EquateEmpty(), unused); diff != "" {
		rt.Fatalf("answers (-spec +redis):\n%s", diff)
	}
}

func (m *model) outlook(rt *rapid.T) {
	id := contactIDs().Draw(rt, "contact")
	asked(m, rt, func(ctx context.Context, s store) (routing.Outlook, error) { return s.Outlook(ctx, id) })
}

func (m *model) counts(rt *rapid.T) {
	asked(m, rt, func(ctx context.Context, s store) (routing.Counts, error) { return s.Counts(ctx) })
}

func (m *model) board(rt *rapid.T) {
	asked(m, rt, func(ctx context.Context, s store) (routing.Board, error) { return s.Board(ctx) })
}

func (m *model) strays(rt *rapid.T) {
	n := m.node().Draw(rt, "node")
	ids := rapid.SliceOfNDistinct(contactIDs(), 0, 12, rapid.ID[contact.ID]).Draw(rt, "ids")
	asked(m, rt, func(ctx context.Context, s store) ([2][]contact.ID, error) {
		unknown, forgotten, err := s.Strays(ctx, n, ids)
		slices.Sort(unknown)
		slices.Sort(forgotten)
		return [2][]contact.ID{unknown, forgotten}, err
	})
}

// walk examines Redis, which must be sound, and changes nothing.
func (m *model) walk(rt *rapid.T) {
	for range 3 {
		breaches, err := m.real.Walk(m.t.Context())
		if err != nil || len(breaches) > 0 {
			rt.Fatalf("the walk finds %q (%v)", breaches, err)
		}
	}
}
