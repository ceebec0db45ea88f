package routingtest

import (
	"hotline/contact"
	"hotline/routing"
)

// serving: from accept to the end.
func serving() map[string]func(*hall) {
	return map[string]func(*hall){
		"wrap-up keeps the slot":                          wrapKeepsSlot,
		"finish feeds the freed agent at once":            finishFeeds,
		"a talk may finish without wrap-up":               finishWithoutWrap,
		"a withdrawn talk frees the agent":                withdrawWhileTalking,
		"a withdrawn wrap-up frees the agent":             withdrawWhileWrapping,
		"a lost desk gives the citizen back to the queue": lostDeskGivesBack,
		"idle time counts from the last finish":           idleFromFinish,
		"an agent who goes away finishes quietly":         awayFinishes,
		"a message slot is fed while others are in use":   slotsFillUp,
	}
}

func wrapKeepsSlot(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2)
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.count(1, 0, 0)
	h.finish(1, token)
	h.offered(2, "1001")
}

func finishFeeds(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2, 3)
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.finish(1, token)
	h.offered(2, "1001")
	h.place(3, 0)
}

func finishWithoutWrap(h *hall) {
	h.finish(1, h.served(1, "1001"))
	h.count(0, 1, 0)
}

func withdrawWhileTalking(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2)
	h.withdraw(1)
	h.offered(2, "1001")
	h.refused(h.Store.Wrap(h.ctx(), ContactID(1), token), routing.ErrStale)
}

func withdrawWhileWrapping(h *hall) {
	token := h.served(1, "1001")
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.withdraw(1)
	h.count(0, 1, 0)
}

func lostDeskGivesBack(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2)
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, routing.Unreachable), routing.ErrStale)
	h.decline(1, token, routing.Disconnected)
	h.place(1, 0)
	h.place(2, 1)
	h.refused(h.Store.Finish(h.ctx(), ContactID(1), token, contact.AgentEnded), routing.ErrStale)
	h.ready("1002")
	if got := h.offered(1, "1002"); got <= token {
		h.t.Errorf("token %d after %d", got, token)
	}
}

func idleFromFinish(h *hall) {
	token := h.served(1, "1001")
	h.ready("1002")
	h.finish(1, token)
	h.enqueue(2, 3)
	h.offered(2, "1002")
	h.offered(3, "1001")
}

func awayFinishes(h *hall) {
	token := h.served(1, "1001")
	h.set(agent("1001", routing.Away))
	h.enqueue(2)
	h.finish(1, token)
	h.count(1, 0, 0)
	h.ready("1001")
	h.offered(2, "1001")
}

func slotsFillUp(h *hall) {
	h.set(chatAgent("1001", 2))
	for n := range 4 {
		h.enter(message(n))
	}
	first, second := h.offered(0, "1001"), h.offered(1, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(0), first))
	h.must(h.Store.Accept(h.ctx(), ContactID(1), second))
	h.finish(0, first)
	h.offered(2, "1001")
	h.set(chatAgent("1001", 3))
	h.offered(3, "1001")
}
