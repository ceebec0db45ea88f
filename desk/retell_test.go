package desk_test

import (
	"testing"

	"hotline/contact"
	"hotline/routing"
)

// TestSeatsAreToldAnew: after the policy was replaced the queue knows what each
// seat serves now, under the status that it has.
func TestSeatsAreToldAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ready("1001")
	w.awaitQueue("1001", routing.Ready)
	err := w.lines.Replace(routing.Config{Lines: []routing.Line{citizensLine()}, Policy: routing.Policy{
		Channels: map[contact.Class]routing.Capacity{contact.Voice: {Slots: 2}, contact.Text: {Slots: 5}},
		Groups:   []routing.Group{{Name: "flood", Skill: "general", Level: 1, Agents: []contact.AgentID{"1001"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Retell(w.ctx())
	w.queue.mu.Lock()
	defer w.queue.mu.Unlock()
	seat := w.queue.agents["1001"]
	if seat.Status != routing.Ready || seat.Slots[contact.Voice] != 2 || seat.Slots[contact.Text] != 5 {
		t.Errorf("the queue knows the seat as %+v", seat)
	}
}
