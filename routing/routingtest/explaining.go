package routingtest

import (
	"cmp"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotline/contact"
	"hotline/routing"
)

// explaining: why this contact and this agent met.
func explaining() map[string]func(*hall) {
	return map[string]func(*hall){
		"a contact that came tells the free seats":         whyEntered,
		"a freed seat tells who waits":                     whyFreed,
		"a message tells the load":                         whyLoad,
		"a borrowed seat tells of the lender's":            whyBorrowed,
		"a named seat had no others":                       whyNamed,
		"of equal tiers the contact's first bucket counts": whyFirstBucket,
		"a pick tells who was picked":                      whyAssigned,
		"an offer names the node of the desk":              offerNamesDesk,
	}
}

// why reads the node's next order, an offer, and compares its reason.
func (h *hall) why(n int, want routing.Reason) {
	h.t.Helper()
	if diff := gocmp.Diff(want, h.told(node1, routing.Offer, n).Why); diff != "" {
		h.t.Errorf("contact %d (-want +got):\n%s", n, diff)
	}
}

func (h *hall) score(band int, ago time.Duration) int64 {
	return int64(band)*1e13 + h.Clock.Now().Add(-ago).UnixMilli()
}

func whyEntered(h *hall) {
	h.ready("1001", "1002", "1003")
	e := entry(1)
	e.Band, e.Credit = 2, time.Second
	score := h.score(2, time.Second)
	h.enter(e)
	h.why(1, routing.Reason{
		By: routing.Entered, Via: general, Score: score, Idle: 3 * time.Second, Others: 2, Next: "1002",
	})
}

func whyFreed(h *hall) {
	score := h.score(0, 0)
	h.enqueue(1, 2, 3)
	a := agent("1001", routing.Ready)
	a.Buckets[general] = 4
	h.set(a)
	h.why(1, routing.Reason{
		By: routing.Freed, Via: general, Waited: 3 * time.Second, Score: score, Tier: 4, Others: 2, Next: string(ContactID(2)),
	})
	h.withdraw(3)
	h.withdraw(1)
	if cmd := h.told(node1, routing.Offer, 2); cmd.Why.Others != 0 || cmd.Why.Next != "" {
		h.t.Errorf("order %+v, want nobody left", cmd)
	}
}

func whyLoad(h *hall) {
	h.set(chatAgent("1001", 3))
	score := h.score(0, 0)
	h.enter(message(1))
	h.why(1, routing.Reason{
		By: routing.Entered, Via: general, Score: score, Idle: time.Second, Others: 1, Next: "1001",
	})
	score = h.score(0, 0)
	h.enter(message(2))
	h.why(2, routing.Reason{
		By: routing.Entered, Via: general, Score: score, Load: 1, Idle: 2 * time.Second, Others: 1, Next: "1001",
	})
}

func whyBorrowed(h *hall) {
	for _, id := range []contact.AgentID{"1001", "1002", "1003"} {
		h.set(lends(id, routing.Ready))
	}
	score := h.score(0, 0)
	h.enter(borrows(1))
	h.why(1, routing.Reason{
		By: routing.Entered, Via: spare, Score: score, Idle: 3 * time.Second, Others: 2, Next: "1002",
	})
	h.enter(borrows(2))
	h.told(node1, routing.Offer, 2)
	score = h.score(0, 0)
	h.enter(borrows(3))
	h.enter(borrows(4))
	h.set(lends("1004", routing.Ready))
	h.why(3, routing.Reason{
		By: routing.Freed, Via: spare, Waited: 2 * time.Second, Score: score, Others: 1, Next: string(ContactID(4)),
	})
}

func whyNamed(h *hall) {
	h.ready("1001", "1002")
	score := h.score(0, 0)
	h.enter(for1001(1))
	h.enter(for1001(2))
	h.enter(for1001(3))
	h.why(1, routing.Reason{By: routing.Entered, Via: "@1001", Score: score, Idle: 2 * time.Second})
	score = h.score(0, 2*time.Second)
	h.withdraw(1)
	h.why(2, routing.Reason{By: routing.Freed, Via: "@1001", Waited: 2 * time.Second, Score: score})
}

func whyFirstBucket(h *hall) {
	both := skilled("1001", routing.Ready, tax, general)
	h.set(both)
	e := entry(1)
	e.Buckets = []routing.Bucket{tax, general}
	h.enter(e)
	if cmd := h.told(node1, routing.Offer, 1); cmd.Why.Via != tax {
		h.t.Errorf("order %+v, want it via tax", cmd)
	}
	h.withdraw(1)
	both.Status = routing.Away
	h.set(both)
	e.Contact = ContactID(2)
	h.enter(e)
	both.Status, both.Buckets[tax] = routing.Ready, 3
	h.set(both)
	if cmd := h.told(node1, routing.Offer, 2); cmd.Why.Via != general || cmd.Why.Tier != 0 {
		h.t.Errorf("order %+v, want it via general", cmd)
	}
}

func whyAssigned(h *hall) {
	h.ready("1001", "1002")
	score := h.score(0, 0)
	h.enter(moved(1))
	h.must(h.assign(1, "1001"))
	h.why(1, routing.Reason{By: routing.Assigned, Waited: time.Second, Score: score, Idle: 3 * time.Second})
}

func offerNamesDesk(h *hall) {
	h.far("2001")
	h.enqueue(1)
	if cmd := h.told(node1, routing.Offer, 1); cmd.Seat != node2 {
		h.t.Errorf("the desk is at %q, want %s", cmd.Seat, node2)
	}
}

// telling: what the queue knows of itself.
func telling() map[string]func(*hall) {
	return map[string]func(*hall){
		"the outlook of a contact":                        outlook,
		"the outlook of a borrower":                       outlookBorrowed,
		"the outlook of who waits for one seat":           outlookNamed,
		"the handling time moves by an eighth":            handling,
		"picks and named seats are no measure":            notMeasured,
		"a talk the queue did not see is no measure":      assertedIsNoMeasure,
		"the board lists lines and seats":                 board,
		"strays are what only one side knows":             strays,
		"the counts name each bucket but those of a seat": countsNameBuckets,
		"a walk through a sound hall finds no breaches":   walk,
	}
}

func (h *hall) looks(n int, want routing.Outlook) {
	h.t.Helper()
	got, err := h.Store.Outlook(h.ctx(), ContactID(n))
	if diff := gocmp.Diff(want, got); diff != "" || err != nil {
		h.t.Errorf("contact %d (%v) (-want +got):\n%s", n, err, diff)
	}
}

func outlook(h *hall) {
	h.set(agent("1009", routing.Away))
	h.enter(message(9)) // another class
	token := func() routing.Token {
		h.enqueue(1)
		h.ready("1001")
		return h.offered(1, "1001")
	}()
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.enqueue(2, 3)
	h.looks(3, routing.Outlook{
		Bucket: general, Place: 1, Waited: time.Second, Oldest: 2 * time.Second, Staffed: 2,
		LastWait: 2 * time.Second, LastAge: 2 * time.Second,
	})
	h.finish(1, token)
	token = h.offered(2, "1001")
	h.looks(3, routing.Outlook{
		Bucket: general, Waited: time.Second, Oldest: time.Second, Staffed: 2,
		LastWait: 2 * time.Second, LastAge: 2 * time.Second, Handling: 2 * time.Second,
	})
	h.set(agent("1009", routing.Offline))
	h.must(h.Store.Accept(h.ctx(), ContactID(2), token))
	h.looks(3, routing.Outlook{
		Bucket: general, Waited: 2 * time.Second, Oldest: 2 * time.Second, Staffed: 1,
		LastWait: 3 * time.Second, Handling: 2 * time.Second,
	})
}

func outlookBorrowed(h *hall) {
	h.set(lends("1001", routing.Ready))
	h.enter(borrows(1))
	h.looks(1, routing.Outlook{Bucket: spare, Waited: time.Second, Oldest: time.Second, Staffed: 1})
	h.set(lends("1002", routing.Ready))
	h.must(h.Store.Accept(h.ctx(), ContactID(1), h.offered(1, "1002")))
	h.enter(borrows(2))
	h.looks(2, routing.Outlook{
		Bucket: spare, Waited: time.Second, Oldest: time.Second, Staffed: 2,
		LastWait: 2 * time.Second, LastAge: time.Second,
	})
}

func outlookNamed(h *hall) {
	h.set(skilled("1001", routing.Away, tax))
	h.enter(for1001(1))
	h.looks(1, routing.Outlook{Bucket: "@1001", Waited: time.Second, Oldest: time.Second, Staffed: 1})
	h.set(skilled("1001", routing.Offline, tax))
	h.looks(1, routing.Outlook{Bucket: "@1001", Waited: 2 * time.Second, Oldest: 2 * time.Second})
	h.refused(func() error { _, err := h.Store.Outlook(h.ctx(), ContactID(2)); return err }(), routing.ErrUnknown)
}

func handling(h *hall) {
	h.ready("1001")
	serve := func(n int, d time.Duration) {
		h.must(h.Store.Enqueue(h.ctx(), entry(n)))
		token := h.offered(n, "1001")
		h.must(h.Store.Accept(h.ctx(), ContactID(n), token))
		h.Clock.Advance(d)
		h.must(h.Store.Accept(h.ctx(), ContactID(n), token)) // a repeat begins nothing anew
		h.must(h.Store.Wrap(h.ctx(), ContactID(n), token))
		h.finish(n, token)
		h.finish(n, token)
	}
	measured := func(want time.Duration) {
		h.t.Helper()
		h.set(agent("1001", routing.Away))
		h.enqueue(99)
		o, err := h.Store.Outlook(h.ctx(), ContactID(99))
		if err != nil || o.Handling != want {
			h.t.Errorf("handling time %s (%v), want %s", o.Handling, err, want)
		}
	}
	serve(1, 800*time.Millisecond)
	serve(2, 1600*time.Millisecond)
	serve(3, 107*time.Millisecond) // 900 − 793/8, towards zero
	measured(801 * time.Millisecond)
}

func notMeasured(h *hall) {
	h.ready("1001")
	h.enter(for1001(1))
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.second()
	h.finish(1, token)
	h.enter(moved(2))
	h.must(h.assign(2, "1001"))
	token = h.offered(2, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(2), token))
	h.second()
	h.finish(2, token)
	h.set(agent("1001", routing.Away))
	h.enqueue(3)
	h.looks(3, routing.Outlook{Bucket: general, Waited: time.Second, Oldest: time.Second, Staffed: 1})
}

func assertedIsNoMeasure(h *hall) {
	h.beat(node3)
	h.set(agent("1001", routing.Away))
	h.assert(claim(1, routing.Talking, "1001", 7))
	h.second()
	h.finish(1, 7)
	h.enqueue(2)
	h.looks(2, routing.Outlook{Bucket: general, Waited: time.Second, Oldest: time.Second, Staffed: 1})
}

func board(h *hall) {
	a := mixed("1001")
	h.set(a)
	h.set(skilled("1003", routing.Offline, tax))
	h.set(skilled("1002", routing.Away, tax))
	for n, line := range []string{"citizen", "citizen", "enterprise", "citizen", ""} {
		e := entry(n)
		e.Line = line
		if n == 3 {
			e.Class = contact.Text
		}
		h.enter(e)
	}
	h.offered(0, "1001")
	got, err := h.Store.Board(h.ctx())
	h.must(err)
	want := routing.Board{
		At: h.Clock.Now(),
		Lines: []routing.LineWait{
			{Line: "citizen", Class: contact.Text, Waiting: 1, Oldest: 2 * time.Second},
			{Line: "citizen", Class: contact.Voice, Waiting: 1, Oldest: 4 * time.Second},
			{Line: "enterprise", Class: contact.Voice, Waiting: 1, Oldest: 3 * time.Second},
		},
		Seats: []routing.SeatWork{
			{Agent: "1001", Node: node1, Status: routing.Ready, Used: map[contact.Class]int{contact.Voice: 1}, Slots: a.Slots},
			{Agent: "1002", Node: node1, Status: routing.Away, Slots: map[contact.Class]int{contact.Voice: 1}},
		},
	}
	unused := cmpopts.IgnoreMapEntries(func(_ contact.Class, n int) bool { return n == 0 })
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty(), unused); diff != "" {
		h.t.Errorf("board (-want +got):\n%s", diff)
	}
}

func strays(h *hall) {
	h.enqueue(1, 2, 3)
	e := entry(4)
	e.Anchor = node2
	h.enter(e)
	h.withdraw(3)
	unknown, forgotten, err := h.Store.Strays(h.ctx(), node1, []contact.ID{ContactID(1), ContactID(3), ContactID(4), ContactID(5)})
	h.must(err)
	slices.SortFunc(unknown, cmp.Compare[contact.ID])
	if !slices.Equal(unknown, []contact.ID{ContactID(3), ContactID(4), ContactID(5)}) {
		h.t.Errorf("unknown are %v", unknown)
	}
	if !slices.Equal(forgotten, []contact.ID{ContactID(2)}) {
		h.t.Errorf("forgotten are %v", forgotten)
	}
	unknown, forgotten, err = h.Store.Strays(h.ctx(), node3, nil)
	if len(unknown)+len(forgotten) > 0 || err != nil {
		h.t.Errorf("strays of nobody: %v, %v (%v)", unknown, forgotten, err)
	}
	_, _, err = h.Store.Strays(h.ctx(), node1, make([]contact.ID, 10_001))
	h.refused(err, routing.ErrBad)
	_, _, err = h.Store.Strays(h.ctx(), "a b", nil)
	h.refused(err, routing.ErrBad)
}

func countsNameBuckets(h *hall) {
	h.set(lends("1001", routing.Ready))
	h.enter(for1001(1, general, tax))
	h.offered(1, "1001")
	h.enter(for1001(2, general, spare))
	h.set(lends("1002", routing.Ready))
	n, err := h.Store.Counts(h.ctx())
	h.must(err)
	want := routing.Counts{
		Waiting: map[routing.Bucket]int{general: 1, spare: 1}, Free: map[routing.Bucket]int{tax: 1}, Offered: 1,
		Staffed: map[routing.Bucket]int{tax: 2}, LastWait: map[routing.Bucket]time.Duration{},
	}
	if diff := gocmp.Diff(want, n); diff != "" {
		h.t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func walk(h *hall) {
	token := h.served(1, "1001")
	h.enter(wider(2))
	h.ready("1002")
	h.enter(for1001(3, spare))
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	for range 20 {
		breaches, err := h.Store.Walk(h.ctx())
		if err != nil || len(breaches) > 0 {
			h.t.Errorf("breaches %v (%v)", breaches, err)
		}
	}
}

// orphaning: what the heir of a dead node is told.
func orphaning() map[string]func(*hall) {
	return map[string]func(*hall){
		"the heir hears of each call that was lost":           heirHears,
		"the heir is told of the conversations it takes over": heirAdopts,
		"while no node lives nothing is lost silently":        nobodyHears,
	}
}

func heirHears(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2)
	h.die()
	if cmd := h.told(node2, routing.Orphan, 1); cmd.Token != token || cmd.Agent != "1001" {
		h.t.Errorf("order %+v, want token %d of agent 1001", cmd, token)
	}
	h.told(node2, routing.Orphan, 2)
}

func heirAdopts(h *hall) {
	h.enter(message(1))
	h.set(chatAgent("1001", 1))
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.die()
	if cmd := h.told(node2, routing.Adopt, 1); cmd.Token != token || cmd.Agent != "1001" || cmd.Seat != node1 {
		h.t.Errorf("order %+v, want token %d of agent 1001", cmd, token)
	}
	h.finish(1, token)
}

func nobodyHears(h *hall) {
	h.enqueue(1)
	h.must(h.Store.Leave(h.ctx(), node1))
	h.must(h.Store.Leave(h.ctx(), node2))
	h.tick()
	h.place(1, 0) // still there
	h.beat(node3)
	h.listen(node3)
	h.tick()
	h.told(node3, routing.Orphan, 1)
	h.place(1, -1)
}
