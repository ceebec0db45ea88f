package routingtest

import (
	"time"

	"hotline/contact"
	"hotline/routing"
)

// steering: what a supervisor or a new policy does to a contact.
func steering() map[string]func(*hall) {
	return map[string]func(*hall){
		"a supervisor's pick needs no bucket":                  pickNeedsNoBucket,
		"a pick of who does not wait is stale":                 pickIsStale,
		"a pick for an agent who is not free is refused":       pickIsBusy,
		"a pick respects what fills the seat":                  pickIsExcluded,
		"a pick of a dead node's contact is fenced":            pickIsFenced,
		"a picked contact that is declined goes back":          pickDeclined,
		"a rerouted contact waits elsewhere at its old place":  rerouteKeepsPlace,
		"a rerouted contact finds a free seat at once":         rerouteFindsSeat,
		"a reroute takes the steps that are due":               rerouteSteps,
		"a reroute sets band, credit and ring":                 rerouteScore,
		"a reroute while offered is for the next time":         rerouteOffered,
		"a reroute of who is over, lost or unknown":            rerouteRefused,
		"another living node may not reroute":                  rerouteByOther,
		"ring under the current token":                         ringCurrent,
		"ring when the offer is over":                          ringStale,
		"ring of a contact nobody knows, or of a fenced node ": ringRefused,
	}
}

func (h *hall) assign(n int, to contact.AgentID) error {
	return h.Store.Assign(h.ctx(), ContactID(n), to)
}

func pickNeedsNoBucket(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	h.enqueue(1, 2)
	h.must(h.assign(2, "1001"))
	cmd := h.told(node1, routing.Offer, 2)
	if cmd.Agent != "1001" || cmd.Why.By != routing.Assigned || cmd.Why.Via != "" || cmd.Why.Next != "" {
		h.t.Errorf("order %+v, want it assigned to 1001", cmd)
	}
	h.place(1, 0)
}

func pickIsStale(h *hall) {
	h.ready("1001", "1002")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.refused(h.assign(1, "1002"), routing.ErrStale)
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
	h.refused(h.assign(1, "1002"), routing.ErrStale)
	h.finish(1, token)
	h.refused(h.assign(1, "1002"), routing.ErrStale)
	h.refused(h.assign(9, "1002"), routing.ErrUnknown)
}

func pickIsBusy(h *hall) {
	h.enqueue(1)
	h.set(skilled("1001", routing.Away, tax))
	h.refused(h.assign(1, "1001"), routing.ErrBusy)
	h.refused(h.assign(1, "1009"), routing.ErrBusy) // never seen
	h.ready("1002")
	h.offered(1, "1002")
	h.enqueue(2)
	h.refused(h.assign(2, "1002"), routing.ErrBusy)
	h.set(chatAgent("1003", 2))
	h.refused(h.assign(2, "1003"), routing.ErrBusy) // has no slot for calls
	h.place(2, 0)
}

func pickIsExcluded(h *hall) {
	a := mixed("1001")
	h.set(a)
	h.enqueue(1)
	h.offered(1, "1001")
	h.enter(message(2))
	h.refused(h.assign(2, "1001"), routing.ErrBusy)
}

func pickIsFenced(h *hall) {
	h.enqueue(1)
	h.must(h.Store.Leave(h.ctx(), node1))
	h.beat(node2)
	a := skilled("2001", routing.Ready, tax)
	a.Node = node2
	h.set(a)
	h.refused(h.assign(1, "2001"), routing.ErrFenced)
}

func pickDeclined(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	h.enqueue(1, 2)
	h.must(h.assign(1, "1001"))
	h.decline(1, h.offered(1, "1001"), routing.Rejected)
	h.place(1, 0)
}

// moved is a call that policy sends to tax.
func moved(n int) routing.Entry {
	e := entry(n)
	e.Buckets = []routing.Bucket{tax}
	return e
}

func (h *hall) reroute(e routing.Entry) {
	h.t.Helper()
	h.must(h.Store.Reroute(h.ctx(), e))
}

func rerouteKeepsPlace(h *hall) {
	h.enqueue(1, 2)
	e := moved(3)
	h.enter(e)
	h.reroute(moved(2))
	h.place(2, 0)
	h.place(3, 1)
	h.waits(general, 1)
	h.set(skilled("1001", routing.Ready, tax))
	h.offered(2, "1001")
}

func rerouteFindsSeat(h *hall) {
	h.set(skilled("1001", routing.Ready, tax))
	h.enqueue(1)
	h.reroute(moved(1))
	h.offered(1, "1001")
}

func rerouteSteps(h *hall) {
	h.staffed(tax)
	h.must(h.Store.Enqueue(h.ctx(), entry(1)))
	h.later(soon)
	h.reroute(wider(1))
	h.widened(1, general)
	h.waits(en, 0)
	h.later(late - soon)
	h.widened(1, en)
}

func rerouteScore(h *hall) {
	h.enqueue(1, 2, 3)
	e := entry(3)
	e.Credit = time.Minute
	e.Ring = 2 * ring
	h.reroute(e)
	h.place(3, 0)
	e = entry(1)
	e.Band = 1
	h.reroute(e)
	h.place(1, 2)
	want := h.Clock.Now().Add(2*ring + routing.LeaseSlack)
	h.ready("1001")
	if cmd := h.told(node1, routing.Offer, 3); !cmd.Expires.Equal(want) {
		h.t.Errorf("the lease ends %s, want %s", cmd.Expires, want)
	}
}

func rerouteOffered(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.reroute(moved(1))
	h.decline(1, token, routing.Rejected)
	h.waits(general, 0)
	h.waits(tax, 1)
}

func rerouteRefused(h *hall) {
	h.refused(h.Store.Reroute(h.ctx(), entry(1)), routing.ErrUnknown)
	h.enqueue(1, 2)
	h.withdraw(1)
	h.reroute(moved(1))
	h.waits(tax, 0)
	bad := entry(2)
	bad.Buckets = nil
	h.refused(h.Store.Reroute(h.ctx(), bad), routing.ErrBad)
	h.die()
	h.refused(h.Store.Reroute(h.ctx(), moved(2)), routing.ErrFenced)
	h.beat(node3)
	e := moved(2)
	e.Anchor = node3
	h.refused(h.Store.Reroute(h.ctx(), e), routing.ErrStale)
}

func rerouteByOther(h *hall) {
	h.enqueue(1)
	e := moved(1)
	e.Anchor = node2
	h.refused(h.Store.Reroute(h.ctx(), e), routing.ErrStale)
	h.waits(tax, 0)
}

func ringCurrent(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	for range 2 {
		h.must(h.Store.Ring(h.ctx(), ContactID(1), token))
	}
	h.must(h.Store.Accept(h.ctx(), ContactID(1), token))
}

func ringStale(h *hall) {
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.refused(h.Store.Ring(h.ctx(), ContactID(1), token+1), routing.ErrStale)
	h.withdraw(1)
	h.refused(h.Store.Ring(h.ctx(), ContactID(1), token), routing.ErrStale)
	h.enqueue(2)
	token = h.offered(2, "1001")
	h.must(h.Store.Accept(h.ctx(), ContactID(2), token))
	h.refused(h.Store.Ring(h.ctx(), ContactID(2), token), routing.ErrStale)
}

func ringRefused(h *hall) {
	h.refused(h.Store.Ring(h.ctx(), ContactID(9), 1), routing.ErrUnknown)
	h.ready("1001")
	h.enqueue(1)
	token := h.offered(1, "1001")
	h.must(h.Store.Leave(h.ctx(), node1))
	h.refused(h.Store.Ring(h.ctx(), ContactID(1), token), routing.ErrFenced)
}
