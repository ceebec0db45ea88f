package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Counts fails while the queue is away.
func (f *flaky) Counts(ctx context.Context) (routing.Counts, error) {
	if err := f.gone(); err != nil {
		return routing.Counts{}, err
	}
	return f.Store.Counts(ctx)
}

// overflowing asks the enterprises' agents too while more than two wait.
func overflowing() routing.Config {
	l := line()
	l.Skill, l.Queue = "", "public"
	return routing.Config{Lines: []routing.Line{l}, Policy: routing.Policy{
		Skills: []string{"general", "enterprise"},
		Queues: map[string]routing.QueueRule{
			"public":     {Need: []string{"general"}, Overflow: []routing.Overflow{{If: "waiting(public) > 2", Queue: "enterprise"}}},
			"enterprise": {Need: []string{"enterprise"}},
		},
	}}
}

// TestOverflowHoldsWhileManyWait: an enterprises' agent who is free gets nobody
// while two or three wait, gets who comes while more than two do, and nobody
// again once they are gone.
func TestOverflowHoldsWhileManyWait(t *testing.T) {
	inHouseOf(t, overflowing(), func(h *house) {
		h.serves("1001", "enterprise")
		var waiting []*fakeVoice
		calls := func() *fakeVoice {
			time.Sleep(3 * time.Second) //nolint:forbidigo // the bubble's clock
			v := h.call("12345")
			synctest.Wait()
			return v
		}
		buckets := func(v *fakeVoice) string {
			var all string
			for _, b := range h.queue.Hall().Contacts[v.id].Buckets {
				all += string(b) + " "
			}
			return all
		}
		for range 3 {
			v := calls()
			if got := buckets(v); got != "general " {
				t.Errorf("call %d waits in %s", len(waiting), got)
			}
			waiting = append(waiting, v)
		}
		fourth := calls()
		if r := h.seats.ringing(t); r.agent != "1001" || r.call.Contact.ID != fourth.id {
			t.Errorf("%s rings for %s", r.agent, r.call.Contact.ID)
		}
		for _, v := range append(waiting, fourth) {
			v.gone(contact.CitizenEnded)
			h.records.end(t)
		}
		last := calls()
		if got := buckets(last); got != "general " {
			t.Errorf("once they are gone a call waits in %s", got)
		}
		last.gone(contact.CitizenEnded)
		h.records.end(t)
	})
}

// TestOverflowIsNotJudgedWhileTheQueueIsAway: the contact waits in its own queue.
func TestOverflowIsNotJudgedWhileTheQueueIsAway(t *testing.T) {
	inHouseOf(t, overflowing(), func(h *house) {
		h.store.setAway(errAway)
		v := h.call("12345")
		h.store.setAway(nil)
		v.gone(contact.CitizenEnded)
		h.records.end(t)
		if got := h.records.factsOf(v.id, "queued"); got["trail"] != "queue:public,load_unknown" {
			t.Errorf("queued: %v", got)
		}
	})
}
