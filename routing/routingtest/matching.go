package routingtest

import (
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// matching: who gets whom.
func matching() map[string]func(*hall) {
	return map[string]func(*hall){
		"the longest waiter comes first":                 longestWaiterFirst,
		"the agent who was idle longest comes first":     longestIdleFirst,
		"the better tier comes before the longer idle":   tierBeforeIdle,
		"a lower band comes before a longer wait":        bandBeforeWait,
		"credit counts as time waited":                   creditIsWait,
		"a seat takes the oldest over all its buckets":   oldestOverBuckets,
		"a contact takes the best of all its buckets":    bestOfBuckets,
		"an agent without the skill gets nothing":        skillIsNeeded,
		"a call does not take a message slot":            classesAreApart,
		"messages fill the slots of the least busy seat": messagesSpread,
		"two agents never both win a contact":            neverTwoWinners,
		"contacts and seats that meet at once all match": allMatch,
		"place counts from zero in the best bucket":      placeInBestBucket,
	}
}

func longestWaiterFirst(h *hall) {
	h.enqueue(3, 1, 2)
	h.ready("1001")
	h.offered(3, "1001")
	h.ready("1002")
	h.offered(1, "1002")
	h.count(1, 0, 2)
}

func longestIdleFirst(h *hall) {
	h.ready("1002", "1001", "1003")
	h.enqueue(1, 2)
	h.offered(1, "1002")
	h.offered(2, "1001")
}

func tierBeforeIdle(h *hall) {
	generalist := agent("1001", routing.Ready)
	generalist.Buckets[general] = 1
	h.set(generalist)
	h.ready("1002")
	h.enqueue(1, 2)
	h.offered(1, "1002")
	h.offered(2, "1001")
}

func bandBeforeWait(h *hall) {
	for n, band := range []int{1, 1, 0} {
		e := entry(n)
		e.Band = band
		h.enter(e)
	}
	h.place(2, 0)
	h.ready("1001", "1002")
	h.offered(2, "1001")
	h.offered(0, "1002")
}

func creditIsWait(h *hall) {
	h.enqueue(1, 2)
	e := entry(3)
	e.Credit = 90 * time.Second
	h.enter(e)
	h.place(3, 0)
	h.ready("1001")
	h.offered(3, "1001")
}

func oldestOverBuckets(h *hall) {
	e := entry(1)
	e.Buckets = []routing.Bucket{tax}
	h.enter(e)
	h.enqueue(2)
	both := agent("1001", routing.Ready)
	both.Buckets = map[routing.Bucket]int{general: 0, tax: 5}
	h.set(both)
	h.offered(1, "1001")
	h.place(2, 0)
}

func bestOfBuckets(h *hall) {
	h.ready("1001")
	specialist := agent("1002", routing.Ready)
	specialist.Buckets = map[routing.Bucket]int{tax: 0}
	h.set(specialist)
	e := entry(1)
	e.Buckets = []routing.Bucket{tax, general}
	h.enter(e)
	h.offered(1, "1001") // same tier, longer idle
	e.Contact = ContactID(2)
	h.enter(e)
	h.offered(2, "1002")
	e.Contact = ContactID(3)
	h.enter(e)
	h.withdraw(3) // from both buckets
	h.count(0, 0, 2)
}

func skillIsNeeded(h *hall) {
	other := agent("1001", routing.Ready)
	other.Buckets = map[routing.Bucket]int{tax: 0}
	h.set(other)
	h.enqueue(1)
	h.place(1, 0)
	h.count(1, 0, 0)
}

func message(n int) routing.Entry {
	e := entry(n)
	e.Class = contact.Text
	return e
}

func chatAgent(id contact.AgentID, slots int) routing.Agent {
	a := agent(id, routing.Ready)
	a.Slots = map[contact.Class]int{contact.Text: slots}
	return a
}

func classesAreApart(h *hall) {
	h.set(chatAgent("1001", 2))
	h.enqueue(1)
	h.place(1, 0)
	h.enter(message(2))
	h.offered(2, "1001")
	h.ready("1002")
	h.offered(1, "1002")
}

func messagesSpread(h *hall) {
	h.set(chatAgent("1001", 2))
	h.set(chatAgent("1002", 2))
	for n := range 5 {
		h.enter(message(n))
	}
	h.offered(0, "1001")
	h.offered(1, "1002")
	h.offered(2, "1001")
	h.offered(3, "1002")
	h.place(4, 0)
}

func neverTwoWinners(h *hall) {
	h.enqueue(1)
	var wg sync.WaitGroup
	for _, id := range []contact.AgentID{"1001", "1002", "1003", "1004"} {
		wg.Go(func() {
			if err := h.Store.SetAgent(h.ctx(), agent(id, routing.Ready)); err != nil {
				h.t.Error(err)
			}
		})
	}
	wg.Wait()
	h.count(0, 3, 1)
	if cmd := h.next(node1); cmd.Token != 1 {
		h.t.Errorf("token %d, want 1", cmd.Token)
	}
}

func allMatch(h *hall) {
	h.enqueue(1, 2, 3)
	h.ready("1001", "1002", "1003", "1004")
	for n, id := range []contact.AgentID{"1001", "1002", "1003"} {
		h.offered(n+1, id)
	}
	h.count(0, 1, 3)
	h.enqueue(4)
	h.offered(4, "1004")
}

func placeInBestBucket(h *hall) {
	h.enqueue(1, 2)
	e := entry(3)
	e.Buckets = []routing.Bucket{general, tax}
	h.enter(e)
	h.place(1, 0)
	h.place(2, 1)
	h.place(3, 0) // nobody waits before it for tax
	h.withdraw(1)
	h.place(2, 0)
	h.place(1, -1)
}
