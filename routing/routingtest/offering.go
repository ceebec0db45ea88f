package routingtest

import (
	"time"

	"hotline/contact"
	"hotline/routing"
)

// offering: from reservation to accept, or back.
func offering() map[string]func(*hall) {
	cases := map[string]func(*hall){
		"the token rises with each reservation":             tokenRises,
		"the offer names the end of its lease":              offerNamesLease,
		"a stale token is refused":                          staleRefused,
		"a second accept is no harm":                        doubleAccept,
		"a late accept within the lease of Redis's tick":    lateAccept,
		"an offer that ran out comes back and parks":        expiryParks,
		"several offers that ran out keep their order":      expiryKeepsOrder,
		"a withdrawn offer frees the agent for the next":    withdrawWhileOffered,
		"an agent who goes away may still accept":           awayWithPending,
		"an agent who goes offline loses the offer":         offlineWithPending,
		"a declined contact goes to the next agent at once": declineGoesOn,
	}
	for _, why := range []routing.DeclineReason{
		routing.Rejected, routing.Unanswered, routing.Unreachable, routing.Disconnected,
	} {
		cases["a contact keeps its place and the agent is parked: "+string(why)] = func(h *hall) { declineParks(h, why) }
	}
	return cases
}

func tokenRises(h *hall) {
	h.enqueue(1)
	for want := routing.Token(1); want < 4; want++ {
		h.ready("1001")
		token := h.offered(1, "1001")
		if token != want {
			h.t.Errorf("token %d, want %d", token, want)
		}
		h.decline(1, token, routing.Rejected)
	}
}

func offerNamesLease(h *hall) {
	h.ready("1001")
	want := h.Clock.Now().Add(lease)
	h.enqueue(1)
	if cmd := h.next(node1); !cmd.Expires.Equal(want) {
		h.t.Errorf("the lease ends %s, want %s", cmd.Expires, want)
	}
}

func staleRefused(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	old := h.offered(1, "1001")
	h.decline(1, old, routing.Rejected)
	id := ContactID(1)
	h.refused(h.Store.Accept(h.ctx(), id, old), routing.ErrStale) // nobody has it
	h.ready("1002")
	current := h.offered(1, "1002")
	h.refused(h.Store.Accept(h.ctx(), id, old), routing.ErrStale)
	h.refused(h.Store.Decline(h.ctx(), id, old, routing.Rejected), routing.ErrStale)
	h.must(h.Store.Accept(h.ctx(), id, current))
	for _, token := range []routing.Token{0, old, current + 1} {
		h.refused(h.Store.Wrap(h.ctx(), id, token), routing.ErrStale)
		h.refused(h.Store.Finish(h.ctx(), id, token, contact.AgentEnded), routing.ErrStale)
	}
	h.finish(1, current)
}

func doubleAccept(h *hall) {
	token := h.served(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, routing.Rejected), routing.ErrStale)
	h.count(0, 0, 0)
}

func lateAccept(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.Clock.Advance(lease) // over, but no tick has said so
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.beatAll()
	h.tick()
	h.finish(1, token)
}

func (h *hall) beatAll() {
	h.t.Helper()
	h.beat(node1)
	h.beat(node2)
}

func expiryParks(h *hall) {
	h.ready("1001")
	h.enqueue(1, 2)
	token := h.offered(1, "1001")
	h.Clock.Advance(lease - 2*time.Second - time.Millisecond)
	h.beatAll()
	h.tick()
	h.count(1, 0, 1) // one millisecond early
	h.Clock.Advance(time.Millisecond)
	h.tick()
	h.revoked(1, "1001", token)
	h.count(2, 0, 0)
	h.place(1, 0)
	h.place(2, 1)
	h.refused(h.Store.Accept(h.ctx(), ContactID(1), token), routing.ErrStale)
	h.ready("1001")
	h.offered(1, "1001")
}

func expiryKeepsOrder(h *hall) {
	h.enqueue(1, 2, 3)
	long := entry(4)
	long.Ring = 2 * ring
	h.enter(long)
	h.ready("1001", "1002", "1003", "1004")
	h.Clock.Advance(lease)
	h.beatAll()
	h.set(agent("1009", routing.Ready))
	h.beatAll()
	for n, id := range []contact.AgentID{"1001", "1002", "1003", "1004"} {
		h.offered(n+1, id)
	}
	h.tick()
	for n, id := range []contact.AgentID{"1001", "1002", "1003"} {
		h.revoked(n+1, id, 1)
	}
	h.offered(1, "1009")
	h.place(2, 0)
	h.place(3, 1)
	h.place(4, -1)
}

func withdrawWhileOffered(h *hall) {
	h.ready("1001")
	h.enqueue(1, 2)
	token := h.offered(1, "1001")
	h.withdraw(1)
	h.offered(2, "1001")
	h.refused(h.Store.Accept(h.ctx(), ContactID(1), token), routing.ErrStale)
	h.place(1, -1)
}

func awayWithPending(h *hall) {
	h.ready("1001")
	h.enqueue(1, 2)
	token := h.offered(1, "1001")
	h.set(agent("1001", routing.Away))
	h.count(1, 0, 1)
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.finish(1, token)
	h.count(1, 0, 0) // still away
}

func offlineWithPending(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.ready("1002")
	h.set(agent("1001", routing.Offline))
	h.revoked(1, "1001", token)
	if got := h.offered(1, "1002"); got <= token {
		h.t.Errorf("token %d after %d", got, token)
	}
}

func declineGoesOn(h *hall) {
	h.ready("1001", "1002")
	h.enqueue(1)
	h.decline(1, h.offered(1, "1001"), routing.Unreachable)
	h.offered(1, "1002")
	h.count(0, 0, 1)
}

func declineParks(h *hall, why routing.DeclineReason) {
	h.ready("1001")
	h.enqueue(1, 2)
	h.decline(1, h.offered(1, "1001"), why)
	h.count(2, 0, 0) // away: the second is not offered either
	h.place(1, 0)
	h.place(2, 1)
	h.ready("1001")
	h.offered(1, "1001")
}
