package routingtest

import (
	"slices"
	"time"

	"hotline/contact"
	"hotline/routing"
)

const (
	en   = routing.Bucket("en")
	soon = 10 * time.Second
	late = 30 * time.Second
)

// widening: steps let a contact wait in further buckets.
func widening() map[string]func(*hall) {
	return map[string]func(*hall){
		"a step is taken when it is due, not before":            stepWhenDue,
		"a step that is due finds a seat in the same tick":      stepFindsSeat,
		"steps due at once are taken in order":                  stepsInOrder,
		"a contact keeps its place in the bucket it widens to":  stepKeepsPlace,
		"steps count from the time before the queue":            stepsCountWaited,
		"waiting before the queue counts for the place":         waitedIsPlace,
		"a step is early when nobody is there":                  stepEarly,
		"an agent away is there, one offline is not":            awayIsThere,
		"all steps are early when nobody serves any":            allStepsEarly,
		"a seat that waits in vain is no reason to widen early": busyIsThere,
		"agents who leave do not widen":                         leavingDoesNotWiden,
		"a contact that comes back is judged again":             comesBackWider,
		"an offered contact widens when it comes back":          offeredDoesNotWiden,
		"freed seats come before the steps of who came back":    feedBeforeSteps,
		"a bucket it waits in already is not added twice":       stepAddsOnce,
		"a step is no second step on a repeat":                  stepOnce,
		"a revived contact keeps what it has widened to":        revivedIsWide,
	}
}

// wider is a call that waits for tax, then for general, then for en.
func wider(n int) routing.Entry {
	e := entry(n)
	e.Buckets = []routing.Bucket{tax}
	e.Steps = []routing.Step{
		{After: soon, Add: []routing.Bucket{general}},
		{After: late, Add: []routing.Bucket{en, tax}},
	}
	return e
}

// skilled is a seat for one call of these buckets.
func skilled(id contact.AgentID, status routing.Status, buckets ...routing.Bucket) routing.Agent {
	a := agent(id, status)
	a.Buckets = map[routing.Bucket]int{}
	for _, b := range buckets {
		a.Buckets[b] = 0
	}
	return a
}

// widened reads node 1's next order, which must say that the contact waits there too.
func (h *hall) widened(n int, added ...routing.Bucket) {
	h.t.Helper()
	cmd := h.told(node1, routing.Widen, n)
	if !slices.Equal(cmd.Added, added) || cmd.Agent != "" {
		h.t.Errorf("order %+v, want %v added", cmd, added)
	}
}

// waits checks how many wait for a bucket.
func (h *hall) waits(b routing.Bucket, want int) {
	h.t.Helper()
	n, err := h.Store.Counts(h.ctx())
	if err != nil || n.Waiting[b] != want {
		h.t.Errorf("%d wait for %s (%v), want %d", n.Waiting[b], b, err, want)
	}
}

// staffed lets somebody be there for tax, who takes nothing.
func (h *hall) staffed(buckets ...routing.Bucket) {
	h.t.Helper()
	h.set(skilled("1900", routing.Away, buckets...))
}

// later lets time pass in which both nodes renew, and ticks.
func (h *hall) later(d time.Duration) {
	h.t.Helper()
	h.Clock.Advance(d)
	h.beatAll()
	h.tick()
}

func stepWhenDue(h *hall) {
	h.staffed(tax)
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	h.later(soon - time.Millisecond)
	h.waits(general, 0)
	h.later(time.Millisecond)
	h.widened(1, general)
	h.waits(general, 1)
	h.waits(tax, 1)
	h.later(late - soon)
	h.widened(1, en)
	h.waits(en, 1)
}

func stepFindsSeat(h *hall) {
	h.staffed(tax)
	h.ready("1001")
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	h.count(0, 1, 0)
	h.later(soon)
	h.widened(1, general)
	h.offered(1, "1001")
}

func stepsInOrder(h *hall) {
	h.staffed(tax)
	second := wider(2)
	second.Waited = time.Second
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	h.must(h.Store.Enqueue(h.ctx(), second))
	h.must(h.Store.Enqueue(h.ctx(), wider(0)))
	h.later(late)
	for _, n := range []int{2, 0, 1} { // the earliest due first, then by ID
		h.widened(n, general)
		h.widened(n, en)
	}
}

func stepKeepsPlace(h *hall) {
	h.staffed(tax)
	h.enter(wider(1))
	h.enqueue(2)
	h.later(soon)
	h.widened(1, general)
	h.ready("1001")
	h.offered(1, "1001")
	h.place(2, 0)
}

func stepsCountWaited(h *hall) {
	h.staffed(tax)
	e := wider(1)
	e.Waited = soon
	h.must(h.Store.Enqueue(h.ctx(), e))
	h.widened(1, general)
	h.later(late - soon - time.Millisecond)
	h.waits(en, 0)
	h.later(time.Millisecond)
	h.widened(1, en)
}

func waitedIsPlace(h *hall) {
	h.enqueue(1)
	e := entry(2)
	e.Waited = time.Minute
	h.enter(e)
	h.place(2, 0)
	h.place(1, 1)
	h.ready("1001")
	if cmd := h.told(node1, routing.Offer, 2); cmd.Why.Waited < time.Minute {
		h.t.Errorf("it waited %s, want a minute and more", cmd.Why.Waited)
	}
}

func stepEarly(h *hall) {
	h.ready("1001")
	h.enter(wider(1)) // nobody serves tax
	h.widened(1, general)
	h.offered(1, "1001")
	h.later(soon)
	h.waits(en, 0)
}

func awayIsThere(h *hall) {
	h.staffed(tax)
	h.enter(wider(1))
	h.waits(general, 0)
	h.set(skilled("1900", routing.Offline, tax))
	h.enter(wider(2))
	h.widened(2, general)
	h.widened(2, en)
}

func allStepsEarly(h *hall) {
	h.enter(wider(1))
	h.widened(1, general)
	h.widened(1, en)
	h.waits(en, 1)
}

func busyIsThere(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	first := wider(1)
	h.enter(first)
	h.offered(1, "1001")
	h.enter(wider(2))
	h.waits(general, 0)
}

func leavingDoesNotWiden(h *hall) {
	h.staffed(tax)
	h.enter(wider(1))
	h.set(skilled("1900", routing.Offline, tax))
	h.tick()
	h.waits(general, 0)
}

func comesBackWider(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	h.set(skilled("1002", routing.Ready, general))
	h.enter(wider(1))
	token := h.offered(1, "1001")
	h.set(skilled("1001", routing.Offline, tax))
	h.revoked(1, "1001", token)
	h.widened(1, general)
	h.offered(1, "1002")
}

func offeredDoesNotWiden(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	h.set(skilled("1002", routing.Ready, general))
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	token := h.offered(1, "1001")
	h.later(soon)
	h.count(0, 1, 1)
	h.decline(1, token, routing.Rejected)
	h.widened(1, general)
	h.offered(1, "1002")
}

func feedBeforeSteps(h *hall) {
	h.set(skilled("1001", routing.Ready, tax, general))
	e := wider(1)
	h.must(h.Store.Enqueue(h.ctx(), e))
	token := h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), e.Contact, token))
	h.enqueue(2)
	h.later(soon)
	h.decline(1, token, routing.Disconnected) // parks 1001
	h.widened(1, general)
	h.place(1, 0)
	h.ready("1002")
	h.offered(1, "1002")
}

func stepAddsOnce(h *hall) {
	h.staffed(tax)
	e := wider(1)
	e.Steps = []routing.Step{{After: soon, Add: []routing.Bucket{tax}}}
	h.must(h.Store.Enqueue(h.ctx(), e))
	h.later(soon)
	h.widened(1)
	h.waits(tax, 1)
}

func stepOnce(h *hall) {
	h.staffed(tax)
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	h.later(soon)
	h.tick()
	h.must(h.Store.Enqueue(h.ctx(), wider(1)))
	h.widened(1, general)
	h.ready("1001")
	h.offered(1, "1001")
}

func revivedIsWide(h *hall) {
	h.staffed(tax)
	h.enter(wider(1))
	h.later(soon)
	h.widened(1, general)
	h.reborn()
	again := wider(1)
	again.Anchor = node3
	h.set(func() routing.Agent { a := skilled("1900", routing.Away, tax); a.Node = node2; return a }())
	h.must(h.Store.Enqueue(h.ctx(), again))
	h.waits(general, 1)
	h.waits(en, 0)
}

// naming: a contact may wait for one seat.
func naming() map[string]func(*hall) {
	return map[string]func(*hall){
		"only the named seat serves it":                         onlyTheNamedSeat,
		"the named seat comes before any tier":                  namedBeforeTier,
		"a freed seat takes by score, whoever named it":         namedHasNoPrivilege,
		"a named seat that is away is nobody there":             namedAway,
		"a named seat that is busy is waited for":               namedBusy,
		"a seat does not list its own bucket":                   ownBucketIsImplied,
		"the place counts in the others, not for the seat":      placeIgnoresSeat,
		"a contact that waits for one seat alone has its place": placeOfSeatAlone,
	}
}

// for1001 is a call that waits for one agent.
func for1001(n int, also ...routing.Bucket) routing.Entry {
	e := entry(n)
	e.Buckets = append([]routing.Bucket{routing.SeatBucket("1001")}, also...)
	return e
}

func onlyTheNamedSeat(h *hall) {
	h.ready("1002")
	h.enter(for1001(1))
	h.count(0, 1, 0)
	h.set(skilled("1001", routing.Ready, tax))
	h.offered(1, "1001")
}

func namedBeforeTier(h *hall) {
	h.ready("1002")
	named := agent("1001", routing.Ready)
	named.Buckets[general] = 5
	h.set(named)
	h.enter(for1001(1, general))
	cmd := h.told(node1, routing.Offer, 1)
	if cmd.Agent != "1001" || cmd.Why.Via != routing.SeatBucket("1001") || cmd.Why.Tier != 0 {
		h.t.Errorf("order %+v, want agent 1001 by name", cmd)
	}
}

func namedHasNoPrivilege(h *hall) {
	h.enqueue(1)
	h.set(skilled("1001", routing.Away, general)) // there, but not ready
	h.enter(for1001(2))
	h.ready("1001")
	h.offered(1, "1001")
}

func namedAway(h *hall) {
	h.set(skilled("1001", routing.Away, tax))
	e := for1001(1)
	e.Steps = []routing.Step{{After: soon, Add: []routing.Bucket{general}}}
	h.enter(e)
	h.widened(1, general)
}

func namedBusy(h *hall) {
	token := h.served(1, "1001")
	e := for1001(2)
	e.Steps = []routing.Step{{After: soon, Add: []routing.Bucket{general}}}
	h.enter(e)
	h.waits(general, 0)
	h.finish(1, token)
	h.offered(2, "1001")
}

func ownBucketIsImplied(h *hall) {
	a := agent("1001", routing.Ready)
	a.Buckets[routing.SeatBucket("1001")] = 0
	h.refused(h.Store.SetAgent(h.ctx(), a), routing.ErrBad)
}

func placeIgnoresSeat(h *hall) {
	h.enqueue(1)
	h.enter(for1001(2, general))
	h.place(2, 1)
}

func placeOfSeatAlone(h *hall) {
	h.enter(for1001(1))
	h.enter(for1001(2))
	h.place(2, 1)
}
