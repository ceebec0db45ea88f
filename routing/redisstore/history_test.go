package redisstore_test

import (
	"context"
	"maps"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/routingtest"
)

// actions is what one step of a history may be.
func (m *model) actions() map[string]func(*rapid.T) {
	does := map[string]func(*rapid.T){
		"enqueue": m.enqueue, "agent": m.setAgent, "accept": m.accept, "decline": m.decline, "wrap": m.wrap,
		"finish": m.finish, "withdraw": m.withdraw, "assign": m.assign, "reroute": m.reroute, "ring": m.ring,
		"assert": m.reassert, "stale": m.stale, "repeat": m.repeat, "late": m.late,
		"tick": m.tick, "beat": m.beat, "leave": m.leave, "birth": m.rebirth, "restart": m.restart,
		"advance": m.advance, "live": m.live, "drag": m.drag,
		"outlook": m.outlook, "counts": m.counts, "board": m.board, "strays": m.strays, "walk": m.walk,
	}
	var often []string
	for name, times := range map[string]int{
		"enqueue": 10, "agent": 6, "accept": 3, "decline": 2, "finish": 3, "assert": 2, "reroute": 2, "live": 6, "drag": 2, "assign": 3,
	} {
		often = append(often, slices.Repeat([]string{name}, times)...)
	}
	often = append(often, slices.Collect(maps.Keys(does))...)
	slices.Sort(often)
	return map[string]func(*rapid.T){
		"":     m.compare,
		"step": func(rt *rapid.T) { does[even(often).Draw(rt, "step")](rt) },
	}
}

// even draws each of the list as often; rapid itself prefers what stands first.
func even[T any](list []T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		i := 0
		for range 10 {
			i *= 2
			if rapid.Bool().Draw(t, "bit") {
				i++
			}
		}
		return list[i%len(list)]
	})
}

func contactIDs() *rapid.Generator[contact.ID] {
	var ids []contact.ID
	for n := range 16 {
		ids = append(ids, routingtest.ContactID(n))
	}
	return even(ids)
}

func (m *model) node() *rapid.Generator[routing.NodeID] {
	living := m.living() // mostly one of these
	return even(slices.Concat(m.nodes[max(0, len(m.nodes)-3):], living, living, living))
}

func buckets() []routing.Bucket { return []routing.Bucket{"general", "tax", "en"} }

// borrowed lists the borrowed buckets by their lenders.
func borrowed() map[routing.Bucket][]routing.Bucket {
	return map[routing.Bucket][]routing.Bucket{"general": {"general!0", "general!1"}, "tax": {"tax!1"}, "en": {"en!2"}}
}

// wanted draws what a contact may wait for.
func wanted() *rapid.Generator[[]routing.Bucket] {
	all := append(buckets(), "general", "tax", "general!0", "general!1", "tax!1", "en!2", "@1001", "@1002", "@1003")
	return rapid.SliceOfNDistinct(even(all), 1, 3, rapid.ID[routing.Bucket])
}

func classes() *rapid.Generator[contact.Class] {
	return even([]contact.Class{contact.Voice, contact.Voice, contact.Text})
}

func (m *model) entry(rt *rapid.T, id contact.ID) routing.Entry {
	e := routing.Entry{
		Contact: id, Class: classes().Draw(rt, "class"), Anchor: m.node().Draw(rt, "node"),
		Line:    even([]string{"", "citizen", "enterprise"}).Draw(rt, "line"),
		Buckets: wanted().Draw(rt, "buckets"),
		Band:    even([]int{1, 1, 1, 0, routing.HighestBand}).Draw(rt, "band"),
		Credit:  even([]time.Duration{0, 0, 2 * time.Second, routing.LargestCredit}).Draw(rt, "credit"),
		Waited:  even([]time.Duration{0, 0, 500 * time.Millisecond, 3 * time.Second}).Draw(rt, "waited"),
		Ring:    even([]time.Duration{time.Second, 4 * time.Second, 15 * time.Second}).Draw(rt, "ring"),
	}
	after := time.Duration(0)
	for range even([]int{0, 0, 1, 1, 2, 3}).Draw(rt, "steps") {
		after += even([]time.Duration{time.Millisecond, time.Second, 3 * time.Second}).Draw(rt, "after")
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
	id, _ := m.one(rt, routing.Wait, routing.Wait, routing.Wait, routing.Offered, routing.Talking, routing.Ended)
	agents := []contact.AgentID{"1001", "1005"}
	for a, s := range m.spec.Hall().Seats {
		if s.Status == routing.Ready {
			agents = append(agents, a)
		}
	}
	slices.Sort(agents)
	agent := even(agents).Draw(rt, "agent")
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
	id := even(slices.Sorted(maps.Keys(slots()))).Draw(rt, "agent")
	a := routing.Agent{
		ID: id, Node: m.node().Draw(rt, "node"), Slots: slots()[id], Excludes: excludes()[id],
		Status:  even([]routing.Status{routing.Ready, routing.Ready, routing.Ready, routing.Away, routing.Offline}).Draw(rt, "status"),
		Buckets: map[routing.Bucket]int{},
	}
	for _, b := range buckets() {
		if tier := even([]int{-1, 0, 1, 2}).Draw(rt, "tier"); tier >= 0 {
			a.Buckets[b] = tier
		}
	}
	for _, from := range buckets() {
		for _, b := range borrowed()[from] { // mostly as the policy does it: each seat of the lender lends
			if _, serves := a.Buckets[from]; serves != (even([]int{0, 0, 0, 0, 0, 0, 0, 1}).Draw(rt, "odd") == 1) {
				a.Buckets[b] = even([]int{0, 1, 2}).Draw(rt, "tier")
			}
		}
	}
	m.run(rt, func(ctx context.Context, s store) error { return s.SetAgent(ctx, a) })
}

// one draws a contact in one of the states, with its token; a state named twice
// counts twice. It skips the action when there is none.
func (m *model) one(rt *rapid.T, states ...routing.State) (contact.ID, routing.Token) {
	var ids []contact.ID
	h := m.spec.Hall()
	for _, state := range states {
		for _, id := range slices.Sorted(maps.Keys(h.Contacts)) {
			if h.Contacts[id].State == state {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		rt.Skip("nobody is there")
	}
	id := even(ids).Draw(rt, "contact")
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
	return even([]routing.DeclineReason{
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
		State: even([]routing.State{routing.Wait, routing.Talking, routing.Talking, routing.Wrapping}).Draw(rt, "state"),
		Token: routing.Token(max(1, int(c.Token)+even([]int{0, 0, 0, 1, -1}).Draw(rt, "ahead"))),
	}
	if c.Class != "" {
		a.Class = c.Class
	}
	if a.State != routing.Wait {
		a.Agent = even(able(a.Class)).Draw(rt, "agent")
		if c.Agent != "" && rapid.Bool().Draw(rt, "same") {
			a.Agent = c.Agent
		}
	}
	m.run(rt, func(ctx context.Context, s store) error { return s.Reassert(ctx, a) })
}

// stale plays a command that is late, early or nonsense.
func (m *model) stale(rt *rapid.T) {
	id, token := m.one(rt, routing.Wait, routing.Offered, routing.Talking, routing.Wrapping, routing.Ended)
	token -= min(token, even([]routing.Token{0, 1, 2}).Draw(rt, "behind"))
	why := reasons().Draw(rt, "why")
	m.run(rt, even([]step{
		func(ctx context.Context, s store) error { return s.Accept(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Decline(ctx, id, token, why) },
		func(ctx context.Context, s store) error { return s.Wrap(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Ring(ctx, id, token) },
		func(ctx context.Context, s store) error { return s.Finish(ctx, id, token, contact.AgentEnded) },
	}).Draw(rt, "command"))
}

// repeat plays the last command once more.
func (m *model) repeat(rt *rapid.T) { m.run(rt, m.past[len(m.past)-1]) }

// late plays a command of before once more.
func (m *model) late(rt *rapid.T) { m.run(rt, even(m.past).Draw(rt, "of before")) }

func (m *model) tick(rt *rapid.T) {
	m.run(rt, func(ctx context.Context, s store) error { return s.Tick(ctx) })
}

// rebirth starts a node while few live.
func (m *model) rebirth(rt *rapid.T) {
	if len(m.living()) > 1 {
		rt.Skip("enough nodes live")
	}
	m.birth(rt)
}

func (m *model) beat(rt *rapid.T) {
	n := m.node().Draw(rt, "node")
	m.run(rt, func(ctx context.Context, s store) error { return s.Beat(ctx, n) })
}

func (m *model) leave(rt *rapid.T) {
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
	m.tick(rt)
}

// drag lets a long time pass in which all nodes renew: reservations run out.
func (m *model) drag(rt *rapid.T) {
	for range even([]int{1, 2, 4}).Draw(rt, "times") {
		m.clock.Advance(4 * time.Second)
		for _, n := range m.living() {
			m.run(rt, func(ctx context.Context, s store) error { return s.Beat(ctx, n) })
		}
	}
	m.tick(rt)
}

// restart plays a new Redis process on the old data.
func (m *model) restart(rt *rapid.T) {
	m.spec.Restart()
	pretendRestart(m.t, m.client, modelHall)
}

func (m *model) advance(rt *rapid.T) {
	m.clock.Advance(even([]time.Duration{
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
