package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

// servedBy lets the citizens' line be served by one skill.
func servedBy(skill routing.Bucket) routing.Config {
	l := line()
	l.Skill = skill
	return routing.Config{Lines: []routing.Line{l}}
}

// replace puts another policy in force, as the node does.
func (h *house) replace(c routing.Config) {
	h.t.Helper()
	h.must(h.lines.Replace(c))
	h.hall.Replan(h.life)
	synctest.Wait()
}

func (h *house) serves(a contact.AgentID, buckets ...routing.Bucket) {
	h.t.Helper()
	seat := routing.Agent{
		ID: a, Node: node, Status: routing.Ready, Buckets: map[routing.Bucket]int{},
		Slots: map[contact.Class]int{contact.Voice: 1},
	}
	for _, b := range buckets {
		seat.Buckets[b] = 0
	}
	h.must(h.queue.SetAgent(h.life, seat))
}

func TestWhoWaitsFollowsANewPolicyAtTheOldPlace(t *testing.T) {
	inHouseOf(t, servedBy("general"), func(h *house) {
		h.serves("1001", "general")
		talking, r := h.talk() // keeps the only agent of general
		waiting := h.call("12345")
		synctest.Wait()
		time.Sleep(40 * time.Second) //nolint:forbidigo // the bubble's clock
		before := h.queue.Hall().Contacts[waiting.id]
		h.replace(servedBy("tax"))
		after := h.queue.Hall().Contacts[waiting.id]
		if len(after.Buckets) != 1 || after.Buckets[0] != "tax" || after.Enqueued != before.Enqueued || after.Score != before.Score {
			t.Errorf("the contact stands as %+v, before as %+v", after, before)
		}
		if c := h.queue.Hall().Contacts[r.call.Contact.ID]; c.State != routing.Talking || c.Agent != "1001" {
			t.Errorf("the talk stands as %+v", c)
		}
		h.serves("1002", "tax")
		if got := h.seats.ringing(t); got.agent != "1002" || got.call.Contact.ID != waiting.id {
			t.Errorf("%s rings for %s", got.agent, got.call.Contact.ID)
		}
		waiting.gone(contact.CitizenEnded)
		h.records.end(t)
		facts := h.records.factsOf(waiting.id, records.Rerouted)
		if facts["buckets"] != "tax" || facts["band"] != "" || h.records.factsOf(waiting.id, records.Queued)["buckets"] != "general" {
			t.Errorf("rerouted: %v", facts)
		}
		talking.gone(contact.CitizenEnded)
		h.must(finish(h, r))
		h.records.end(t)
	})
}

// finish ends the wrap-up that the citizen's leaving has begun.
func finish(h *house, r ring) error {
	for n := range h.seats.news {
		if n.Kind == session.Ended && n.Contact == r.call.Contact.ID {
			break
		}
	}
	return h.hall.FinishWrapUp(h.life, r.call.Contact.ID, r.agent)
}

func TestATalkThatIsTakenBackFollowsTheNewPolicy(t *testing.T) {
	inHouseOf(t, servedBy("general"), func(h *house) {
		h.serves("1001", "general")
		v, r := h.talk()
		h.replace(servedBy("tax"))
		h.serves("1002", "tax")
		h.must(h.hall.SeatLost(h.life, r.call.Contact.ID, r.agent))
		if again := h.seats.ringing(t); again.agent != "1002" {
			t.Errorf("%s rings", again.agent)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	})
}

func TestWhoHearsTheGreetingFollowsTheNewPolicy(t *testing.T) {
	inHouseOf(t, servedBy("general"), func(h *house) {
		h.serves("1002", "tax")
		v := newVoice("12345")
		h.hall.Receive(h.life, v)
		v.wants(t, "answer", "play greeting")
		h.replace(servedBy("tax"))
		close(v.greeted)
		v.wants(t, "hold")
		if r := h.seats.ringing(t); r.agent != "1002" {
			t.Errorf("%s rings", r.agent)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	})
}

func TestWhoWaitsIsNotTurnedAwayByANewPolicy(t *testing.T) {
	inHouseOf(t, policy("public"), func(h *house) {
		v := h.call("12345")
		h.replace(policy("shut"))
		if c := h.queue.Hall().Contacts[v.id]; c.State != routing.Wait {
			t.Errorf("the contact stands as %+v", c)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
		if facts := h.records.factsOf(v.id, records.Rerouted); facts != nil {
			t.Errorf("rerouted: %v", facts)
		}
	})
}

func TestAConversationFollowsItsAccount(t *testing.T) {
	inHouseOf(t, servedBy("general"), func(h *house) {
		f := newChat()
		h.hall.ReceiveText(h.life, f)
		f.wants(t, "hold")
		moved := servedBy("general")
		other := line()
		other.Name, other.Skill, other.Numbers = "tax", "tax", nil
		moved.Lines[0].Accounts = nil
		moved.Lines = append(moved.Lines, other)
		h.replace(moved)
		if c := h.queue.Hall().Contacts[f.id]; c.Line != "tax" || len(c.Buckets) != 1 || c.Buckets[0] != "tax" {
			t.Errorf("the conversation stands as %+v", c)
		}
		f.gone(contact.CitizenEnded)
		if rec := h.records.end(t); rec.Line != "tax" {
			t.Errorf("the record is of line %s", rec.Line)
		}
	})
}
