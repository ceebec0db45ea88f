package routingtest

import (
	"time"

	"hotline/contact"
	"hotline/routing"
)

// spare is tax as long as more than one seat is free there.
const spare = routing.Bucket("tax!1")

// borrowing: seats that serve others while enough of them are free.
func borrowing() map[string]func(*hall) {
	return map[string]func(*hall){
		"a lender keeps what it must":                     lenderKeeps,
		"a lender with no reserve lends its last":         lendsItsLast,
		"own contacts come first, whatever the score":     ownFirst,
		"borrowers come by score":                         borrowersByScore,
		"a seat that becomes free makes the rest lend":    freedSeatLends,
		"seats freed at once all count as free":           freedAtOnceCount,
		"a seat that does not serve the lender lends not": mustServeLender,
		"the tier is that of the borrowed bucket":         borrowedTier,
		"the lender's seats are there for the borrower":   lenderIsThere,
		"a borrower is told its place among borrowers":    borrowersPlace,
	}
}

// lends is a seat of tax that may be borrowed.
func lends(id contact.AgentID, status routing.Status) routing.Agent {
	return skilled(id, status, tax, spare)
}

func borrows(n int) routing.Entry {
	e := entry(n)
	e.Buckets = []routing.Bucket{spare}
	return e
}

func lenderKeeps(h *hall) {
	h.set(lends("1001", routing.Ready))
	h.enter(borrows(1))
	h.waits(spare, 1)
	h.set(lends("1002", routing.Ready))
	h.offered(1, "1002") // the one that was freed
	h.enter(borrows(2))
	h.waits(spare, 1)
}

func lendsItsLast(h *hall) {
	all := routing.Borrowed(tax, 0)
	h.set(skilled("1001", routing.Ready, tax, all))
	e := entry(1)
	e.Buckets = []routing.Bucket{all}
	h.enter(e)
	h.offered(1, "1001")
}

func ownFirst(h *hall) {
	for _, id := range []contact.AgentID{"1001", "1002"} {
		h.set(lends(id, routing.Away))
	}
	h.enter(borrows(1))
	e := entry(2)
	e.Buckets = []routing.Bucket{tax}
	h.enter(e)
	h.set(lends("1001", routing.Ready))
	h.offered(2, "1001") // who borrows waits longer
	h.set(lends("1002", routing.Ready))
	h.waits(spare, 1)
	h.set(lends("1003", routing.Ready))
	h.offered(1, "1003")
}

func borrowersByScore(h *hall) {
	h.set(lends("1001", routing.Ready))
	e := borrows(1)
	h.enter(e)
	e = borrows(2)
	e.Credit = time.Minute
	h.enter(e)
	h.set(lends("1002", routing.Ready))
	h.offered(2, "1002")
	h.place(1, 0)
}

func freedSeatLends(h *hall) {
	h.set(lends("1001", routing.Ready))
	e := entry(1)
	e.Buckets = []routing.Bucket{tax}
	h.enter(e)
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.set(lends("1002", routing.Ready))
	h.enter(borrows(2))
	h.waits(spare, 1)
	h.finish(1, token)
	h.offered(2, "1001")
}

// freedAtOnceCount: two offers run out at the desks of a dead node that two
// living seats back up; what they free counts together.
func freedAtOnceCount(h *hall) {
	text := func(id contact.AgentID) routing.Agent {
		a := lends(id, routing.Ready)
		a.Slots = map[contact.Class]int{contact.Voice: 1, contact.Text: 1}
		a.Excludes = map[contact.Class]bool{contact.Text: true}
		return a
	}
	h.set(text("1001"))
	h.set(text("1002"))
	for n := range 2 {
		e := message(n)
		e.Buckets = []routing.Bucket{tax}
		e.Ring = time.Second
		h.must(h.Store.Enqueue(h.ctx(), e))
	}
	first, second := h.offered(0, "1001"), h.offered(1, "1002")
	h.must(h.Store.Accept(h.ctx(), ContactID(0), first))
	h.must(h.Store.Accept(h.ctx(), ContactID(1), second))
	h.enter(borrows(5))
	h.waits(spare, 1)
	h.finish(0, first)
	h.waits(spare, 1)
	h.finish(1, second)
	h.offered(5, "1002")
}

func mustServeLender(h *hall) {
	h.set(skilled("1001", routing.Ready, spare))
	h.set(skilled("1002", routing.Ready, tax))
	h.set(skilled("1003", routing.Ready, tax))
	h.enter(borrows(1))
	h.waits(spare, 1)
}

func borrowedTier(h *hall) {
	first := lends("1001", routing.Ready)
	first.Buckets[spare] = 2
	h.set(first)
	second := lends("1002", routing.Ready)
	second.Buckets[tax] = 7
	second.Buckets[spare] = 1
	h.set(second)
	h.enter(borrows(1))
	cmd := h.told(node1, routing.Offer, 1)
	if cmd.Agent != "1002" || cmd.Why.Tier != 1 || cmd.Why.Via != spare {
		h.t.Errorf("order %+v, want agent 1002 at tier 1 of %s", cmd, spare)
	}
}

func lenderIsThere(h *hall) {
	h.set(lends("1001", routing.Away))
	e := borrows(1)
	e.Steps = []routing.Step{{After: soon, Add: []routing.Bucket{general}}}
	h.enter(e)
	h.waits(general, 0)
}

func borrowersPlace(h *hall) {
	e := entry(1)
	e.Buckets = []routing.Bucket{tax}
	h.enter(e)
	h.enter(borrows(2))
	h.enter(borrows(3))
	h.place(2, 0)
	h.place(3, 1)
}

// excluding: classes that fill a seat.
func excluding() map[string]func(*hall) {
	return map[string]func(*hall){
		"a call keeps messages away, messages let a call in": voiceFills,
		"what a seat has when the call comes it keeps":       keepsWhatItHas,
		"a class does not exclude itself":                    classIsNotExcluded,
		"an exclusion that ends feeds both classes":          exclusionEnds,
	}
}

// mixed is a seat for a call and two messages; a call fills it.
func mixed(id contact.AgentID) routing.Agent {
	a := agent(id, routing.Ready)
	a.Slots = map[contact.Class]int{contact.Voice: 1, contact.Text: 2}
	a.Excludes = map[contact.Class]bool{contact.Voice: true}
	return a
}

func voiceFills(h *hall) {
	h.set(mixed("1001"))
	h.enter(message(1))
	h.offered(1, "1001")
	h.enqueue(2)
	h.offered(2, "1001")
	h.enter(message(3))
	h.place(3, 0)
}

func keepsWhatItHas(h *hall) {
	h.set(mixed("1001"))
	h.enter(message(1))
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.enqueue(2)
	h.offered(2, "1001")
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.enter(message(3))
	h.finish(1, token)
	h.place(3, 0) // the call still fills the seat
}

func classIsNotExcluded(h *hall) {
	a := mixed("1001")
	a.Slots[contact.Voice] = 2
	h.set(a)
	h.enqueue(1, 2)
	h.offered(1, "1001")
	h.offered(2, "1001")
}

func exclusionEnds(h *hall) {
	a := mixed("1001")
	a.Excludes[contact.Text] = true
	h.set(a)
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.enter(message(2))
	h.enter(message(3))
	h.enqueue(4)
	h.finish(1, token)
	h.offered(2, "1001")
	h.offered(3, "1001")
	h.place(4, 0) // the messages exclude the call
}
