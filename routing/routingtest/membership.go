package routingtest

import (
	"time"

	"hotline/contact"
	"hotline/routing"
)

// membership: nodes come, go and die.
func membership() map[string]func(*hall) {
	return map[string]func(*hall){
		"a node that renews lives":                         renewing,
		"a node without a lease is fenced":                 strangerIsFenced,
		"a dead node's calls end and their agents are fed": deadAnchor,
		"a dead node's seats go offline, offers come back": deadSeats,
		"a dead node is fenced in all it says":             deadIsFenced,
		"a late renewal before the sweep is in time":       lateRenewal,
		"a dead node's conversations go on elsewhere":      conversationsGoOn,
		"a large node is swept in batches":                 sweptInBatches,
		"after a restart nodes have one lease of grace":    graceAfterRestart,
		"after a silence nodes have one lease of grace":    graceAfterSilence,
		"a tick from before the silence kills nobody":      graceAfterOldTick,
		"a node that alone is silent has no grace":         noGraceForOne,
		"a node that leaves is gone and stays gone":        leaving,
		"a node that leaves with calls is swept at once":   leavingWithCalls,
		"orders end with their context":                    ordersEnd,
		"orders begin with the first of the node's life":   ordersFromTheFirst,
	}
}

// die lets node 1 miss its lease while node 2 lives on.
func (h *hall) die() {
	h.t.Helper()
	h.pass(routing.NodeLease)
	h.tick()
}

// pass lets time go by, in which node 2 renews and node 1 does not.
func (h *hall) pass(d time.Duration) {
	h.t.Helper()
	for ; d > time.Second; d -= time.Second {
		h.Clock.Advance(time.Second)
		h.beat(node2)
	}
	h.Clock.Advance(d)
	h.beat(node2)
}

func renewing(h *hall) {
	h.enqueue(1)
	for range 5 {
		h.Clock.Advance(routing.NodeLease - time.Second)
		h.beatAll()
		h.tick()
	}
	h.place(1, 0)
}

func strangerIsFenced(h *hall) {
	e := entry(1)
	e.Anchor = node3
	h.refused(h.Store.Enqueue(h.ctx(), e), routing.ErrFenced)
	a := agent("1001", routing.Ready)
	a.Node = node3
	h.refused(h.Store.SetAgent(h.ctx(), a), routing.ErrFenced)
	h.place(1, -1)
}

// far makes an agent ready at node 2.
func (h *hall) far(id contact.AgentID) {
	h.t.Helper()
	a := agent(id, routing.Ready)
	a.Node = node2
	h.set(a)
}

func deadAnchor(h *hall) {
	h.far("2001")
	h.enqueue(1)
	token := h.offered(1, "2001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.enqueue(2) // waits, and dies waiting
	e := entry(3)
	e.Anchor = node2
	h.enter(e)
	h.die()
	h.told(node2, routing.Orphan, 1)
	h.told(node2, routing.Orphan, 2)
	h.offeredAt(node2, 3, "2001")
	h.place(2, -1)
	h.count(0, 0, 1)
}

func deadSeats(h *hall) {
	h.ready("1001")
	e := entry(1)
	e.Anchor = node2
	h.enter(e)
	token := h.offeredAt(node2, 1, "1001")
	h.die()
	if cmd := h.next(node2); cmd.Kind != routing.Revoke || cmd.Token != token {
		h.t.Errorf("order %+v, want token %d revoked", cmd, token)
	}
	h.place(1, 0)
	h.count(1, 0, 0)
	h.far("1001")
	h.offeredAt(node2, 1, "1001")
}

func deadIsFenced(h *hall) {
	token := h.served(1, "1001")
	h.die()
	ctx, id := h.ctx(), ContactID(1)
	h.refused(h.Store.Beat(ctx, node1), routing.ErrFenced)
	h.refused(h.Store.Enqueue(ctx, entry(2)), routing.ErrFenced)
	h.refused(h.Store.SetAgent(ctx, agent("1001", routing.Ready)), routing.ErrFenced)
	h.refused(h.Store.Accept(ctx, id, token), routing.ErrFenced)
	h.refused(h.Store.Decline(ctx, id, token, routing.Rejected), routing.ErrFenced)
	h.refused(h.Store.Wrap(ctx, id, token), routing.ErrFenced)
	h.refused(h.Store.Finish(ctx, id, token, contact.AgentEnded), routing.ErrFenced)
	h.refused(h.Store.Withdraw(ctx, id, contact.CitizenEnded), routing.ErrFenced)
	h.tick()
	h.refused(h.Store.Beat(ctx, node1), routing.ErrFenced)
	h.beat(node3) // the same node, under a new name
}

func lateRenewal(h *hall) {
	h.enqueue(1)
	h.Clock.Advance(2 * routing.NodeLease)
	h.beatAll()
	h.tick()
	h.place(1, 0)
}

func conversationsGoOn(h *hall) {
	for n := range 3 {
		h.enter(message(n))
	}
	a := chatAgent("2001", 2)
	a.Node = node2
	h.set(a)
	first, second := h.offered(0, "2001"), h.offered(1, "2001")
	h.must(h.Store.Accept(h.ctx(), ContactID(0), first))
	h.die()
	for n := range 3 {
		h.told(node2, routing.Adopt, n)
	}
	// The ring is started anew by the node that took over.
	if got := h.offeredAt(node2, 1, "2001"); got <= second {
		h.t.Errorf("token %d after %d", got, second)
	}
	h.place(2, 0)
	h.finish(0, first)
	h.offeredAt(node2, 2, "2001")
}

func sweptInBatches(h *hall) {
	const many = routing.Batch + 20
	for n := range many {
		h.must(h.Store.Enqueue(h.ctx(), entry(n)))
	}
	h.die()
	h.count(many-routing.Batch, 0, 0)
	h.tick()
	h.count(0, 0, 0)
	h.tick()
	h.refused(h.Store.Beat(h.ctx(), node1), routing.ErrFenced)
}

func graceAfterRestart(h *hall) {
	h.enqueue(1)
	h.Clock.Advance(4 * routing.NodeLease) // nobody could renew
	h.Restart()
	h.tick()
	h.sparedOneLease()
}

// sparedOneLease: from now on nobody is declared dead for one lease, then
// node 1 is.
func (h *hall) sparedOneLease() {
	h.t.Helper()
	h.beat(node2)
	h.pass(routing.NodeLease - time.Millisecond)
	h.tick()
	h.place(1, 0)
	h.pass(time.Millisecond)
	h.tick()
	h.place(1, -1)
	h.refused(h.Store.Beat(h.ctx(), node1), routing.ErrFenced)
}

func graceAfterSilence(h *hall) {
	h.enqueue(1)
	h.Clock.Advance(4 * routing.NodeLease) // the store stood still
	h.sparedOneLease()
}

// graceAfterOldTick: what was sent before the store stood still comes first.
func graceAfterOldTick(h *hall) {
	h.enqueue(1)
	h.Clock.Advance(4 * routing.NodeLease)
	h.tick()
	h.place(1, 0)
	h.beatAll()
	h.tick()
	h.place(1, 0)
	h.sparedOneLease()
}

func noGraceForOne(h *hall) {
	h.enqueue(1)
	h.pass(routing.NodeLease - time.Second) // the first second went by at the enqueue
	h.tick()
	h.place(1, -1)
}

func leaving(h *hall) {
	h.must(h.Store.Leave(h.ctx(), node1))
	h.must(h.Store.Leave(h.ctx(), node1))
	h.must(h.Store.Leave(h.ctx(), node3)) // never was
	h.refused(h.Store.Beat(h.ctx(), node1), routing.ErrFenced)
	h.tick()
	h.refused(h.Store.Beat(h.ctx(), node1), routing.ErrFenced)
	h.beat(node2)
}

func leavingWithCalls(h *hall) {
	h.served(1, "1001")
	h.enqueue(2)
	h.must(h.Store.Leave(h.ctx(), node1))
	h.beat(node2)
	h.tick()
	h.count(0, 0, 0)
	h.far("1001")
	h.count(0, 1, 0)
}

func ordersEnd(h *hall) {
	h.beat(node3)
	h.listen(node3) // its cleanup waits for the channel's end
	e := entry(1)
	e.Anchor = node3
	h.ready("1001")
	h.enter(e)
	h.offeredAt(node3, 1, "1001")
}

func ordersFromTheFirst(h *hall) {
	h.beat(node3)
	e := entry(1)
	e.Anchor = node3
	h.ready("1001")
	h.enter(e)
	h.listen(node3) // late
	h.offeredAt(node3, 1, "1001")
}
