package routingtest

import (
	"hotline/contact"
	"hotline/routing"
)

// seating: what agents say about themselves.
func seating() map[string]func(*hall) {
	return map[string]func(*hall){
		"an agent away gets nothing":                     awayGetsNothing,
		"new skills take effect at once":                 newSkills,
		"skills given up take effect at once":            fewerSkills,
		"an agent who moved is not ended by the old":     movedAgent,
		"an agent offline in a talk keeps the slot":      offlineInTalk,
		"an agent without slots is never free":           noSlots,
		"away and ready again goes to the end of idle":   idleFromReady,
		"ready again while ready keeps the idle time":    readyKeepsIdle,
		"a seat with two calls at once takes two":        twoCalls,
		"an agent who moved keeps what it has":           movedInTalk,
		"offline, then ready elsewhere, is served there": readyElsewhere,
	}
}

func awayGetsNothing(h *hall) {
	h.set(agent("1001", routing.Away))
	h.enqueue(1)
	h.count(1, 0, 0)
	h.ready("1001")
	h.offered(1, "1001")
}

func newSkills(h *hall) {
	e := entry(1)
	e.Buckets = []routing.Bucket{tax}
	h.enter(e)
	h.ready("1001")
	h.count(0, 1, 0)
	a := agent("1001", routing.Ready)
	a.Buckets[tax] = 0
	h.set(a)
	h.offered(1, "1001")
}

func fewerSkills(h *hall) {
	h.ready("1001")
	a := agent("1001", routing.Ready)
	a.Buckets = map[routing.Bucket]int{tax: 0}
	h.set(a)
	h.enqueue(1)
	h.count(1, 0, 0)
}

func movedAgent(h *hall) {
	h.ready("1001")
	a := agent("1001", routing.Ready)
	a.Node = node2
	h.set(a)
	h.set(agent("1001", routing.Offline)) // node 1 notices its closed socket late
	h.count(0, 1, 0)
	h.enqueue(1)
	h.offered(1, "1001")
}

func offlineInTalk(h *hall) {
	token := h.served(1, "1001")
	h.set(agent("1001", routing.Offline))
	h.ready("1001") // a new browser: the talk goes on, the slot is taken
	h.enqueue(2)
	h.count(1, 0, 0)
	h.finish(1, token)
	h.offered(2, "1001")
}

func noSlots(h *hall) {
	a := agent("1001", routing.Ready)
	a.Slots = nil
	h.set(a)
	h.enqueue(1)
	h.count(1, 0, 0)
}

func idleFromReady(h *hall) {
	h.ready("1001", "1002")
	h.set(agent("1001", routing.Away))
	h.ready("1001")
	h.enqueue(1)
	h.offered(1, "1002")
}

func readyKeepsIdle(h *hall) {
	h.ready("1001", "1002")
	h.ready("1001")
	h.enqueue(1)
	h.offered(1, "1001")
}

func twoCalls(h *hall) {
	a := agent("1001", routing.Ready)
	a.Slots = map[contact.Class]int{contact.Voice: 2}
	h.set(a)
	h.enqueue(1, 2, 3)
	h.offered(1, "1001")
	h.offered(2, "1001")
	h.place(3, 0)
}

func movedInTalk(h *hall) {
	token := h.served(1, "1001")
	a := agent("1001", routing.Ready)
	a.Node = node2
	h.set(a)
	h.enqueue(2)
	h.count(1, 0, 0)
	h.finish(1, token)
	h.offered(2, "1001")
}

func readyElsewhere(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.set(agent("1001", routing.Offline))
	h.revoked(1, "1001", token)
	a := agent("1001", routing.Ready)
	a.Node = node2
	h.set(a)
	h.offered(1, "1001")
}
