package routingtest

import (
	"time"

	"hotline/contact"
	"hotline/routing"
)

// reasserting: a node that was taken for dead says how its contacts stand.
func reasserting() map[string]func(*hall) {
	return map[string]func(*hall){
		"a lost caller waits again at the old place":          revivedWaits,
		"a lost caller is met anew by an enqueue":             revivedByEnqueue,
		"a lost talk goes on with its agent":                  revivedTalks,
		"a lost wrap-up goes on":                              revivedWraps,
		"a contact not swept yet moves to the new name":       unsweptMoves,
		"an offer nobody acted on is taken back":              unactedOffer,
		"an offer to an agent in a talk goes to the next":     offerGivesWay,
		"an agent in another talk is not taken":               otherTalkStays,
		"a talk the queue never saw is met with its seat":     unknownTalk,
		"what has ended stays ended":                          endedStays,
		"a repeat that comes late changes nothing":            lateRepeat,
		"a living anchor keeps its contact":                   livingAnchorKeeps,
		"a higher token keeps its talk":                       higherTokenKeeps,
		"a name without a lease may assert nothing":           fencedAsserts,
		"an assertion that names nothing is refused":          badAssertion,
		"a talk the queue has in wrap-up stays in wrap-up":    wrapStays,
		"a waiter the queue has in a talk waits, agent freed": talkGivesWay,
		"the token goes on from the larger of the two":        largerToken,
	}
}

// reborn lets node 1 be declared dead and come back as node 3.
func (h *hall) reborn() {
	h.t.Helper()
	h.die()
	h.beat(node3)
	h.listen(node3)
}

// claim is a call as node 3 asserts it.
func claim(n int, as routing.State, agent contact.AgentID, t routing.Token) routing.Assertion {
	e := entry(n)
	e.Anchor = node3
	return routing.Assertion{Entry: e, State: as, Agent: agent, Token: t}
}

func (h *hall) assert(a routing.Assertion) {
	h.t.Helper()
	h.must(h.Store.Reassert(h.ctx(), a))
}

func (h *hall) contests(a routing.Assertion, want error) {
	h.t.Helper()
	h.refused(h.Store.Reassert(h.ctx(), a), want)
}

func revivedWaits(h *hall) {
	h.enqueue(1, 2)
	h.reborn()
	h.place(1, -1)
	h.enter(claim(3, "", "", 0).Entry) // a later caller
	h.assert(claim(2, routing.Wait, "", 0))
	h.assert(claim(1, routing.Wait, "", 0))
	h.place(1, 0)
	h.place(2, 1)
	h.place(3, 2)
	h.far("2001")
	h.offeredAt(node3, 1, "2001")
}

func revivedByEnqueue(h *hall) {
	h.enqueue(1)
	h.reborn()
	late := claim(2, "", "", 0).Entry
	h.enter(late)
	late.Contact = ContactID(1)
	h.enter(late)
	h.place(1, 0)
	h.place(2, 1)
	h.enter(late)
	h.count(2, 0, 0)
}

func revivedTalks(h *hall) {
	token := h.served(1, "1001")
	h.reborn()
	h.assert(claim(1, routing.Talking, "1001", token))
	h.far("1001")
	h.enter(claim(2, "", "", 0).Entry)
	h.count(1, 0, 0) // the agent is in the talk
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.finish(1, token)
	h.offeredAt(node3, 2, "1001")
}

func revivedWraps(h *hall) {
	token := h.served(1, "1001")
	h.reborn()
	h.assert(claim(1, routing.Wrapping, "1001", token))
	h.far("1001")
	h.count(0, 0, 0)
	h.finish(1, token)
	h.count(0, 1, 0)
}

func unsweptMoves(h *hall) {
	for n := range 2 * routing.Batch {
		h.must(h.Store.Enqueue(h.ctx(), entry(n)))
	}
	h.reborn() // half of them are swept
	for n := range 2 * routing.Batch {
		h.assert(claim(n, routing.Wait, "", 0))
	}
	h.tick()
	h.tick()
	h.count(2*routing.Batch, 0, 0)
	h.place(0, 0)
	h.place(2*routing.Batch-1, 2*routing.Batch-1)
}

func unactedOffer(h *hall) {
	h.enqueue(1)
	h.far("2001")
	h.offered(1, "2001") // into a node that is cut off
	h.reborn()
	h.count(0, 1, 0)
	h.assert(claim(1, routing.Wait, "", 0))
	if got := h.offeredAt(node3, 1, "2001"); got != 2 {
		h.t.Errorf("token %d, want 2", got)
	}
}

func offerGivesWay(h *hall) {
	token := h.served(1, "1001")
	h.reborn()
	h.told(node2, routing.Orphan, 1)
	h.far("1001") // looks free: its talk was lost
	e := entry(2)
	e.Anchor = node2
	h.enter(e)
	wrong := h.offeredAt(node2, 2, "1001")
	h.assert(claim(1, routing.Talking, "1001", token))
	if cmd := h.next(node2); cmd.Kind != routing.Revoke || cmd.Token != wrong {
		h.t.Errorf("order %+v, want token %d revoked", cmd, wrong)
	}
	h.place(2, 0)
	h.count(1, 0, 0)
	h.finish(1, token)
	h.offeredAt(node2, 2, "1001")
}

func otherTalkStays(h *hall) {
	token := h.served(1, "1001")
	h.reborn()
	h.told(node2, routing.Orphan, 1)
	h.far("1001")
	e := entry(2)
	e.Anchor = node2
	h.enter(e)
	other := h.offeredAt(node2, 2, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(2), other))
	h.contests(claim(1, routing.Talking, "1001", token), routing.ErrStale)
	h.finish(2, other)
	h.assert(claim(1, routing.Talking, "1001", token))
	h.count(0, 0, 0)
}

func unknownTalk(h *hall) {
	h.beat(node3)
	h.assert(claim(1, routing.Talking, "1001", 7))
	h.far("1001")
	h.count(0, 0, 0)
	h.finish(1, 7)
	h.count(0, 1, 0)
}

func endedStays(h *hall) {
	h.withdraw(1)
	token := h.served(2, "1001")
	h.finish(2, token)
	h.beat(node3)
	h.assert(claim(1, routing.Wait, "", 0))
	h.assert(claim(2, routing.Talking, "1001", token))
	h.count(0, 1, 0)
}

func lateRepeat(h *hall) {
	h.enqueue(1)
	h.reborn()
	again := claim(1, routing.Wait, "", 0)
	h.assert(again)
	h.far("2001")
	token := h.offeredAt(node3, 1, "2001")
	h.assert(again)
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	talk := claim(1, routing.Talking, "2001", token)
	h.assert(talk)
	h.assert(talk)
	h.assert(again)
	h.finish(1, token)
	h.count(0, 1, 0)
}

func livingAnchorKeeps(h *hall) {
	h.enqueue(1)
	h.beat(node3)
	h.contests(claim(1, routing.Wait, "", 0), routing.ErrStale)
	h.place(1, 0)
}

func higherTokenKeeps(h *hall) {
	h.served(1, "1001")
	h.decline(1, 1, routing.Disconnected)
	h.far("1002")
	h.offered(1, "1002")
	h.reborn()
	h.contests(claim(1, routing.Talking, "1001", 1), routing.ErrStale)
	h.contests(claim(1, routing.Wrapping, "1001", 1), routing.ErrStale)
	h.assert(claim(1, routing.Wait, "", 1))
	h.offeredAt(node3, 1, "1002")
}

func fencedAsserts(h *hall) {
	h.enqueue(1)
	h.die()
	a := claim(1, routing.Wait, "", 0)
	h.contests(a, routing.ErrFenced)
	a.Anchor = node1
	h.contests(a, routing.ErrFenced)
}

func badAssertion(h *hall) {
	h.beat(node3)
	for _, a := range []routing.Assertion{
		claim(1, routing.Offered, "1001", 1), claim(1, routing.Ended, "", 1), claim(1, "", "", 0),
		claim(1, routing.Talking, "", 1), claim(1, routing.Wrapping, "10 01", 1),
		claim(1, routing.Talking, "1001", 0), claim(1, routing.Wait, "1001", 0),
	} {
		h.contests(a, routing.ErrBad)
	}
	h.count(0, 0, 0)
}

func wrapStays(h *hall) {
	token := h.served(1, "1001")
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	a := claim(1, routing.Talking, "1001", token)
	a.Anchor = node1
	h.assert(a)
	a = claim(1, routing.Wait, "", token)
	a.Anchor = node1
	h.contests(a, routing.ErrStale)
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, routing.Disconnected), routing.ErrStale)
	h.finish(1, token)
}

func talkGivesWay(h *hall) {
	token := h.served(1, "1001")
	a := claim(1, routing.Wait, "", token)
	a.Anchor = node1
	h.set(agent("1001", routing.Away))
	h.assert(a)
	h.place(1, 0)
	h.ready("1001")
	if got := h.offered(1, "1001"); got != token+1 {
		h.t.Errorf("token %d, want %d", got, token+1)
	}
}

func largerToken(h *hall) {
	h.enqueue(1)
	h.reborn()
	h.assert(claim(1, routing.Wait, "", 5))
	h.far("2001")
	if got := h.offeredAt(node3, 1, "2001"); got != 6 {
		h.t.Errorf("token %d, want 6", got)
	}
	h.Clock.Advance(time.Second)
}
