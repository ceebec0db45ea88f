package session_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/channels"
	"hotline/contact"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

func TestAConversationFromItsFirstWordToTheRecord(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 1, 2)
		f, r := h.conversation()
		id := f.id
		if th := r.call.Thread; th == nil || th.Account != "portal" || th.Topic != "water" || th.LastSeq != 1 ||
			th.Turn != contact.ByAgent || !th.ReplyDue.Equal(r.call.Contact.Accepted.Add(3*time.Minute)) {
			t.Errorf("offered with the thread %+v", th)
		}
		if ring := time.Until(r.call.Until); ring < 29*time.Second {
			t.Errorf("it rings for %s, want the 30 s of messages", ring)
		}
		pass(20 * time.Second)
		m := h.say(r, "在哪条路上？")
		n := h.seats.told(t, session.Said)
		if f.hears(t, contact.ByAgent).Text != "在哪条路上？" || n.Message != m || n.CMID == "" || n.Thread.Turn != contact.ByCitizen ||
			!n.Thread.ReplyDue.IsZero() || !n.Thread.Closes.Equal(time.Now().Add(10*time.Minute)) {
			t.Errorf("the seat was told %+v, thread %+v", n, n.Thread)
		}
		f.writes("人民路")
		n = h.seats.told(t, session.Said)
		if n.Message.Seq != 3 || n.Message.From != contact.ByCitizen || n.Thread.Turn != contact.ByAgent || !n.Thread.Closes.IsZero() {
			t.Errorf("the seat was told %+v, thread %+v", n, n.Thread)
		}
		list, err := h.hall.Messages(h.life, id, 1, 10)
		h.must(err)
		if len(list) != 2 || list[0].Seq != 2 {
			t.Errorf("read %+v after the first", list)
		}
		h.must(h.hall.Hangup(h.life, id, r.agent))
		f.wants(t, "close agent_ended")
		n = h.seats.told(t, session.Ended)
		if n.Cause != contact.AgentEnded || time.Until(n.Until) != 90*time.Second {
			t.Errorf("the end: %+v", n)
		}
		_, err = h.hall.Say(h.life, id, r.agent, ulid.Make().String(), "还在吗")
		h.wantErr(err, session.ErrState)
		h.must(h.hall.FinishWrapUp(h.life, id, r.agent))
		h.seats.told(t, session.Finished)
		rec := h.records.end(t)
		if rec.Cause != contact.AgentEnded || rec.Messages != 3 || rec.Replied.Sub(rec.Accepted) < 20*time.Second ||
			rec.Channel != contact.Web || rec.Line != "citizen" || rec.TalkEnded.IsZero() {
			t.Errorf("record %+v", rec)
		}
		want := []records.EventKind{"accepted", "queued", "offered", "connected", "replied", "talk_ended", "ended"}
		if got := h.records.stepsOf(id); !slices.Equal(got, want) {
			t.Errorf("steps %v, want %v", got, want)
		}
	})
}

func TestCallsAndConversationsStandInOneOrder(t *testing.T) {
	inTextHouse(t, func(h *house) {
		first := h.chat()
		second := h.call("12345")
		third := h.chat()
		h.must(h.queue.SetAgent(h.life, routing.Agent{ // whatever it has fills the seat
			ID: "1001", Node: node, Status: routing.Ready, Buckets: map[routing.Bucket]int{"general": 0},
			Slots:    map[contact.Class]int{contact.Voice: 1, contact.Text: 1},
			Excludes: map[contact.Class]bool{contact.Voice: true, contact.Text: true},
		}))
		for _, c := range []struct {
			id   contact.ID
			ends func()
		}{{first.id, first.quits}, {second.id, func() { second.gone(contact.CitizenEnded) }}, {third.id, third.quits}} {
			r := h.seats.ringing(t)
			if r.call.Contact.ID != c.id {
				t.Fatalf("%s rings, want %s", r.call.Contact.ID, c.id)
			}
			h.must(h.hall.Accept(h.life, c.id, r.agent, r.call.Token))
			h.seats.told(t, session.Connected)
			c.ends()
			h.seats.told(t, session.Ended)
			h.must(h.hall.FinishWrapUp(h.life, c.id, r.agent))
			h.seats.told(t, session.Finished)
		}
	})
}

func TestAConversationRingsBesideACall(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 1, 1)
		call, _ := h.talk()
		f := h.chat()
		r := h.seats.ringing(t)
		h.must(h.hall.Accept(h.life, f.id, r.agent, r.call.Token))
		h.seats.told(t, session.Connected)
		next := h.chat() // no slot is left
		synctest.Wait()
		f.quits()
		h.seats.told(t, session.Ended)
		h.must(h.hall.FinishWrapUp(h.life, f.id, r.agent))
		h.seats.told(t, session.Finished)
		if r := h.seats.ringing(t); r.call.Contact.ID != next.id {
			t.Errorf("%s rings, want %s", r.call.Contact.ID, next.id)
		}
		next.quits()
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingCitizenGone {
			t.Errorf("the ring stopped for %s", n.Why)
		}
		call.gone(contact.CitizenEnded)
		h.seats.told(t, session.Ended)
	})
}

func TestAWaitingCitizenIsShownThePlace(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.chat()
		f := h.chat()
		pass(25 * time.Second)
		synctest.Wait()
		shown := f.shown()
		if len(shown) < 2 || shown[len(shown)-1] != (channels.Place{Place: 1}) {
			t.Errorf("shown %+v", shown)
		}
		f.quits()
		if rec := h.records.end(t); rec.Cause != contact.AbandonedQueue {
			t.Errorf("cause %s", rec.Cause)
		}
	})
}

func TestAMessageIsSaidOnce(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		cmid := ulid.Make().String()
		m, err := h.hall.Say(h.life, f.id, r.agent, cmid, "您好")
		h.must(err)
		h.seats.told(t, session.Said)
		again, err := h.hall.Say(h.life, f.id, r.agent, cmid, "您好")
		h.must(err)
		if again != m {
			t.Errorf("the repeat brought %+v, want %+v", again, m)
		}
		_, err = h.hall.Say(h.life, f.id, r.agent, cmid, "再见")
		h.wantErr(err, channels.ErrReused)
		_, err = h.hall.Say(h.life, f.id, "1002", ulid.Make().String(), "您好")
		h.wantErr(err, session.ErrNotYours)
		f.setAway(errAway)
		_, err = h.hall.Say(h.life, f.id, r.agent, ulid.Make().String(), "您好")
		h.wantErr(err, errAway)
		f.setAway(nil)
		h.wantErr(h.hall.Hold(h.life, f.id, r.agent), session.ErrState)
		h.must(h.hall.Typing(h.life, f.id, r.agent, true))
		f.wants(t, "typing")
		f.events <- contact.Event{Kind: contact.Typing, On: true}
		if n := h.seats.told(t, session.Typing); !n.On { // and no second Said before it
			t.Error("the citizen does not write")
		}
	})
}

func TestASilentCitizenIsAskedThenParted(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		h.say(r, "还需要什么？")
		h.seats.told(t, session.Said)
		f.hears(t, contact.ByAgent)
		began := time.Now()
		f.hears(t, contact.ByHouse)
		if d := time.Since(began); d != 5*time.Minute {
			t.Errorf("asked after %s, want 5 min", d)
		}
		h.seats.told(t, session.Said)
		if n := h.seats.told(t, session.SetAside); n.Thread.Turn != contact.ByCitizen {
			t.Errorf("parked with %+v", n.Thread)
		}
		f.hears(t, contact.ByHouse)
		f.wants(t, "close citizen_ended")
		if d := time.Since(began); d != 10*time.Minute {
			t.Errorf("closed after %s, want 10 min", d)
		}
		h.seats.told(t, session.Said)
		if n := h.seats.told(t, session.Ended); n.Cause != contact.CitizenEnded {
			t.Errorf("cause %s", n.Cause)
		}
		pass(90 * time.Second)
		h.records.end(t)
		want := []records.EventKind{
			"accepted", "queued", "offered", "connected", "replied", "nudged", "parked", "citizen_silent", "talk_ended", "ended",
		}
		if got := h.records.stepsOf(f.id); !slices.Equal(got, want) {
			t.Errorf("steps %v, want %v", got, want)
		}
	})
}

func TestACitizenWhoAnswersIsKept(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		h.wantErr(h.hall.Park(h.life, f.id, r.agent), session.ErrState) // the citizen waits for an answer
		h.say(r, "请稍后把照片发来")
		h.seats.told(t, session.Said)
		h.must(h.hall.Park(h.life, f.id, r.agent))
		h.seats.told(t, session.SetAside)
		h.must(h.hall.Park(h.life, f.id, r.agent)) // and again: nothing new
		h.must(h.hall.Unpark(h.life, f.id, r.agent))
		h.seats.told(t, session.TakenUp)
		pass(9 * time.Minute)
		h.seats.told(t, session.Said) // the house asks
		h.seats.told(t, session.SetAside)
		f.writes("好了")
		h.seats.told(t, session.TakenUp)
		if n := h.seats.told(t, session.Said); !n.Thread.Closes.IsZero() {
			t.Errorf("thread %+v", n.Thread)
		}
		pass(time.Hour) // the agent's silence closes nothing
		h.must(h.hall.Typing(h.life, f.id, r.agent, true))
	})
}

func TestAFirstReplyThatIsLateIsAnAlarm(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		n := h.seats.told(t, session.FirstReplyDue)
		if late := time.Since(r.call.Contact.Accepted); late != 3*time.Minute || !n.Thread.Overdue {
			t.Errorf("alarm after %s: %+v", late, n.Thread)
		}
		h.say(r, "久等了")
		if n := h.seats.told(t, session.Said); n.Thread.Overdue || !n.Thread.ReplyDue.IsZero() {
			t.Errorf("thread %+v", n.Thread)
		}
		f.quits()
		h.seats.told(t, session.Ended)
	})
}

func TestALostAgentsConversationWaitsAtItsOldPlace(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		h.say(r, "您好")
		h.seats.told(t, session.Said)
		f.hears(t, contact.ByAgent)
		later := h.chat()
		h.must(h.hall.SeatLost(h.life, f.id, r.agent))
		h.seats.told(t, session.TakenBack)
		f.hears(t, contact.ByHouse)
		f.wants(t, "hold")
		f.writes("喂？") // nobody is told; it is in the thread
		synctest.Wait()
		h.desk("1002", 0, 1)
		next := h.seats.ringing(t)
		if next.call.Contact.ID != f.id || next.agent != "1002" || next.call.Thread.LastSeq != 4 {
			t.Errorf("%s rings at %s with %+v, later is %s", next.call.Contact.ID, next.agent, next.call.Thread, later.id)
		}
		h.must(h.hall.Accept(h.life, f.id, "1002", next.call.Token))
		if n := h.seats.told(t, session.Connected); n.Thread.Turn != contact.ByAgent {
			t.Errorf("thread %+v", n.Thread)
		}
		_, err := h.hall.Say(h.life, f.id, "1001", ulid.Make().String(), "我回来了")
		h.wantErr(err, session.ErrNotYours)
	})
}

func TestAnAccountOfNoLineIsRefused(t *testing.T) {
	inTextHouse(t, func(h *house) {
		f := newChat()
		f.account = "strange"
		h.hall.ReceiveText(h.life, f)
		f.wants(t, "close refused_unknown")
		if rec := h.records.end(t); rec.Cause != contact.RefusedUnknown {
			t.Errorf("cause %s", rec.Cause)
		}
	})
}

func TestACloseThatIsNotKeptIsRepeated(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		f.setAway(errAway)
		h.must(h.hall.Hangup(h.life, f.id, r.agent))
		h.seats.told(t, session.Ended)
		pass(time.Second)
		f.setAway(nil)
		f.wants(t, "close agent_ended")
	})
}

func TestAStopLeavesConversationsToTheNextNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		stop := h.runs()
		h.desk("1001", 0, 1)
		f, r := h.conversation()
		h.say(r, "您好")
		h.seats.told(t, session.Said)
		h.must(h.hall.Wait(h.life)) // calls only
		stop()
		if steps := h.records.stepsOf(f.id); slices.Contains(steps, records.Ended) {
			t.Errorf("steps %v: it has ended", steps)
		}
		select {
		case did := <-f.did:
			t.Errorf("the session ordered %q", did)
		default:
		}
	})
}

func TestAnAdoptedConversationGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		agent contact.AgentID
		fails int
	}{{"in the queue", "", 0}, {"with its agent", "1001", 0}, {"once its store is back", "1001", 3}} {
		t.Run(c.name, func(t *testing.T) {
			inTextHouse(t, func(h *house) {
				h.platform.fails = c.fails
				f, token := h.orphan(c.agent)
				if c.agent == "" {
					f.wants(t, "hold")
					h.desk("1001", 0, 1)
					if r := h.seats.ringing(t); r.call.Contact.ID != f.id || r.call.Token <= token || r.call.Serving {
						t.Errorf("rings %+v", r.call)
					}
					return
				}
				r := h.seats.ringing(t)
				if !r.call.Serving || r.call.Thread.LastSeq != 2 || r.call.Thread.Turn != contact.ByCitizen {
					t.Errorf("given back %+v with %+v", r.call, r.call.Thread)
				}
				synctest.Wait()
				h.say(r, "我们继续")
				h.seats.told(t, session.Said)
				f.writes("好")
				h.seats.told(t, session.Said)
				h.must(h.hall.Hangup(h.life, f.id, r.agent))
				h.seats.told(t, session.Ended)
				h.must(h.hall.FinishWrapUp(h.life, f.id, r.agent))
				if rec := h.records.end(t); rec.Messages != 4 || rec.Replied.IsZero() {
					t.Errorf("record %+v", rec)
				}
			})
		})
	}
}

func TestAnAdoptedConversationWhoseAgentIsGoneWaits(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.seats.offer = func(context.Context, contact.AgentID) error { return session.ErrNoDesk }
		f, _ := h.orphan("1001")
		began := time.Now()
		h.seats.told(t, session.TakenBack)
		if d := time.Since(began); d < 175*time.Second || d > 185*time.Second {
			t.Errorf("given up after %s, want 3 min", d)
		}
		f.wants(t, "hold")
	})
}

func TestAConversationThatWasClosedIsOnlyTakenOut(t *testing.T) {
	inTextHouse(t, func(h *house) {
		f := newChat()
		f.over = true
		h.platform.has(f)
		h.orders <- routing.Command{Kind: routing.Adopt, Contact: f.id, Agent: "1001", Token: 1}
		h.seats.told(t, session.Finished)
		if rec := h.records.end(t); rec.Cause != contact.CitizenEnded {
			t.Errorf("cause %s", rec.Cause)
		}
	})
}

func TestAConversationThatNobodyKnowsIsGivenUp(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.platform.fails = 1000
		h.orders <- routing.Command{Kind: routing.Adopt, Contact: newChat().id}
		began := time.Now()
		h.records.end(t)
		if d := time.Since(began); d < 3*time.Minute || d > 4*time.Minute {
			t.Errorf("given up after %s, want 3 min", d)
		}
	})
}

func TestAnotherNodeHasAdoptedTheConversation(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, _ := h.conversation()
		f.gone(contact.NodeLost)
		synctest.Wait()
		if n := h.hall.Open(); n != 0 {
			t.Errorf("%d sessions are open", n)
		}
		if steps := h.records.stepsOf(f.id); slices.Contains(steps, records.TalkEnded) {
			t.Errorf("steps %v: it has ended", steps)
		}
	})
}

func TestAnotherNodeHasTheConversation(t *testing.T) {
	inTextHouse(t, func(h *house) {
		h.desk("1001", 0, 1)
		f, _ := h.conversation()
		h.store.stale = true
		h.hall.Rename(h.life, node)
		synctest.Wait()
		if n := h.hall.Open(); n != 0 {
			t.Errorf("%d sessions are open", n)
		}
		if steps := h.records.stepsOf(f.id); slices.Contains(steps, records.Ended) {
			t.Errorf("steps %v: it has ended", steps)
		}
	})
}
