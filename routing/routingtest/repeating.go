package routingtest

import (
	"errors"

	"hotline/contact"
	"hotline/routing"
)

// repeating: each command twice is as good as once.
func repeating() map[string]func(*hall) {
	return map[string]func(*hall){
		"enqueue twice":             enqueueTwice,
		"enqueue after the end":     enqueueAfterEnd,
		"enqueue after withdraw":    enqueueAfterWithdraw,
		"withdraw twice":            withdrawTwice,
		"accept after wrap":         acceptAfterWrap,
		"decline twice":             declineTwice,
		"wrap twice":                wrapTwice,
		"finish twice":              finishTwice,
		"set agent twice":           setAgentTwice,
		"tick twice":                tickTwice,
		"beat twice":                beatTwice,
		"finish after a withdrawal": finishAfterWithdraw,
		"reroute twice":             rerouteTwice,
		"assign twice":              assignTwice,
	}
}

func rerouteTwice(h *hall) {
	h.staffed(tax)
	h.enqueue(1, 2)
	for range 2 {
		h.reroute(moved(2))
	}
	h.waits(tax, 1)
	h.waits(general, 1)
	h.set(skilled("1001", routing.Ready, tax))
	h.offered(2, "1001")
	h.reroute(moved(2))
	h.waits(tax, 0)
}

// assignTwice: a repeat is stale, and takes nothing back.
func assignTwice(h *hall) {
	h.enqueue(1, 2)
	h.set(skilled("1001", routing.Ready, tax))
	h.must(h.assign(2, "1001"))
	token := h.offered(2, "1001")
	h.refused(h.assign(2, "1001"), routing.ErrStale)
	h.must(h.Store.Accept(h.ctx(), ContactID(2), token))
}

func enqueueTwice(h *hall) {
	h.enqueue(1, 2)
	h.enqueue(1)
	h.place(1, 0)
	h.count(2, 0, 0)
	h.ready("1001")
	h.offered(1, "1001")
	h.enqueue(1) // while offered
	h.count(1, 0, 1)
}

func enqueueAfterEnd(h *hall) {
	h.finish(1, h.served(1, "1001"))
	h.enqueue(1)
	h.count(0, 1, 0)
	h.place(1, -1)
}

func enqueueAfterWithdraw(h *hall) {
	h.withdraw(1) // overtook its enqueue
	h.enqueue(1)
	h.count(0, 0, 0)
	h.place(1, -1)
}

func withdrawTwice(h *hall) {
	h.ready("1001")
	h.enqueue(1, 2, 3)
	h.offered(1, "1001")
	h.withdraw(1)
	h.withdraw(1)
	h.offered(2, "1001")
	h.place(3, 0)
	h.count(1, 0, 1)
}

func acceptAfterWrap(h *hall) {
	token := h.served(1, "1001")
	h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, routing.Disconnected), routing.ErrStale)
	h.finish(1, token)
	h.refused(h.Store.Accept(h.ctx(), ContactID(1), token), routing.ErrStale)
}

func declineTwice(h *hall) {
	h.ready("1001", "1002")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.decline(1, token, routing.Rejected)
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, routing.Rejected), routing.ErrStale)
	h.offered(1, "1002")
	h.count(0, 0, 1) // the repeat did not park the second agent
}

func wrapTwice(h *hall) {
	token := h.served(1, "1001")
	for range 2 {
		h.must(h.Store.Wrap(h.ctx(), ContactID(1), token))
	}
	h.finish(1, token)
}

func finishTwice(h *hall) {
	token := h.served(1, "1001")
	h.enqueue(2, 3)
	h.finish(1, token)
	h.finish(1, token)
	h.offered(2, "1001")
	h.count(1, 0, 1)
}

func setAgentTwice(h *hall) {
	h.enqueue(1)
	h.ready("1001")
	h.offered(1, "1001")
	h.ready("1001") // offered: the slot is in use
	h.enqueue(2)
	h.count(1, 0, 1)
}

func tickTwice(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.Clock.Advance(lease)
	h.beatAll()
	h.tick()
	h.tick()
	h.revoked(1, "1001", token)
	h.ready("1002")
	if got := h.offered(1, "1002"); got != token+1 {
		h.t.Errorf("token %d, want %d", got, token+1)
	}
}

func beatTwice(h *hall) {
	h.beatAll()
	h.beatAll()
	h.tick()
	h.enqueue(1)
	h.place(1, 0)
}

func finishAfterWithdraw(h *hall) {
	token := h.served(1, "1001")
	h.withdraw(1)
	h.finish(1, token) // the agent's wrap-up ends: nothing to do
	h.count(0, 1, 0)
}

// refusing: what cannot be.
func refusing() map[string]func(*hall) {
	return map[string]func(*hall){
		"a contact nobody knows":           unknownContact,
		"a contact ID that is no ULID":     malformedContact,
		"an entry that names nothing":      badEntry,
		"an agent that names nothing":      badAgent,
		"a node that names nothing":        badNode,
		"a reason that is not on the list": badReason,
		"commands out of turn":             outOfTurn,
	}
}

func unknownContact(h *hall) {
	ctx, id := h.ctx(), ContactID(9)
	h.refused(h.Store.Accept(ctx, id, 1), routing.ErrUnknown)
	h.refused(h.Store.Decline(ctx, id, 1, routing.Rejected), routing.ErrUnknown)
	h.refused(h.Store.Wrap(ctx, id, 1), routing.ErrUnknown)
	h.refused(h.Store.Finish(ctx, id, 1, contact.AgentEnded), routing.ErrUnknown)
	h.place(9, -1)
	h.withdraw(9)
}

func malformedContact(h *hall) {
	ctx, id := h.ctx(), contact.ID("01JDG3Z4V7Q8W9X0Y1{2A3}*4C")
	e := entry(1)
	e.Contact = id
	_, placeErr := h.Store.Outlook(ctx, id)
	for name, err := range map[string]error{
		"enqueue":  h.Store.Enqueue(ctx, e),
		"withdraw": h.Store.Withdraw(ctx, id, contact.AbandonedQueue),
		"accept":   h.Store.Accept(ctx, id, 1),
		"finish":   h.Store.Finish(ctx, id, 1, contact.AgentEnded),
		"place":    placeErr,
	} {
		if !errors.Is(err, routing.ErrBad) && !errors.Is(err, routing.ErrUnknown) {
			h.t.Errorf("%s: error %v, want it refused", name, err)
		}
	}
}

func badEntry(h *hall) {
	e := entry(1)
	e.Buckets = nil
	h.refused(h.Store.Enqueue(h.ctx(), e), routing.ErrBad)
	h.count(0, 0, 0)
}

func badAgent(h *hall) {
	h.refused(h.Store.SetAgent(h.ctx(), agent("10 01", routing.Ready)), routing.ErrBad)
	h.refused(h.Store.SetAgent(h.ctx(), agent("1001", "busy")), routing.ErrBad)
	h.count(0, 0, 0)
}

func badNode(h *hall) { h.refused(h.Store.Beat(h.ctx(), "a b"), routing.ErrBad) }

func badReason(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.refused(h.Store.Decline(h.ctx(), ContactID(1), token, "bored"), routing.ErrBad)
	h.count(0, 0, 1)
}

func outOfTurn(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.refused(h.Store.Wrap(h.ctx(), ContactID(1), token), routing.ErrStale)
	h.refused(h.Store.Finish(h.ctx(), ContactID(1), token, contact.AgentEnded), routing.ErrStale)
	h.count(0, 0, 1)
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
}
