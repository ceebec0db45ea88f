package session_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

// pass lets time go by in the test's bubble.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the bubble's clock

// quiet says that the session ordered nothing more.
func (v *fakeVoice) quiet(t *testing.T) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-v.did:
		t.Fatalf("the session ordered %q", got)
	default:
	}
}

func TestASilentAgentIsPartedAndJoinedAgain(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		v.speaks(3 * time.Second)
		v.quiet(t)
		began := time.Now()
		v.wants(t, "play reconnect")
		if silent := time.Since(began); silent < 2*time.Second || silent > 2600*time.Millisecond {
			t.Errorf("parted after %s of silence, want 2 s", silent)
		}
		h.seats.told(t, session.Apart)
		h.wantErr(h.hall.Hold(h.life, id, r.agent), session.ErrState)
		pass(5 * time.Second) // the announcement, then music
		v.wants(t, "hold")
		v.says(50, 1)
		v.wants(t, "connect 1001")
		h.seats.told(t, session.Rejoined)
		v.speaks(5 * time.Second)
		v.quiet(t)
		v.gone(contact.CitizenEnded)
		h.seats.told(t, session.Ended)
		h.must(h.hall.FinishWrapUp(h.life, id, r.agent))
		rec := h.records.end(t)
		if rec.Cause != contact.CitizenEnded || rec.FromAgent.MOS < 4 || rec.Recording == "" {
			t.Errorf("record %+v", rec)
		}
		steps := h.records.stepsOf(id)
		for _, want := range []records.EventKind{records.AgentSilent, records.AgentHeard} {
			if !slices.Contains(steps, want) {
				t.Errorf("steps %v lack %s", steps, want)
			}
		}
	}, "1001")
}

func TestAnAnnouncementIsCutWhenTheAgentIsBack(t *testing.T) {
	inHouse(t, func(h *house) {
		v, _ := h.talk()
		v.wants(t, "play reconnect")
		v.says(0, 1) // while it is still played
		v.wants(t, "connect 1001")
		v.speaks(6 * time.Second)
		v.quiet(t) // no music of the announcement's
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

func TestAMutedAgentIsNotLost(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		h.must(h.hall.Mute(h.life, id, r.agent, true))
		v.wants(t, "mute")
		pass(time.Minute)
		v.quiet(t)
		h.must(h.hall.Mute(h.life, id, r.agent, false))
		v.wants(t, "unmute", "play reconnect")
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

func TestAnAgentOnHoldMayBeSilent(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		h.must(h.hall.Hold(h.life, id, r.agent))
		v.wants(t, "hold")
		pass(time.Minute)
		v.quiet(t)
		h.must(h.hall.Resume(h.life, id, r.agent))
		v.wants(t, "connect 1001")
		pass(time.Second)
		v.quiet(t) // silence counts from here
		v.wants(t, "play reconnect")
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

func TestTheDeskHearsOfTheQuality(t *testing.T) {
	inHouse(t, func(h *house) {
		v, _ := h.talk()
		for range 3 {
			began := time.Now()
			v.speaks(2 * time.Second)
			n := h.seats.told(t, session.Measured)
			if n.Quality.FromAgent.MOS < 4 || n.Quality.FromCitizen.MOS < 4 || time.Since(began) > 2*time.Second {
				t.Errorf("quality %+v after %s", n.Quality, time.Since(began))
			}
		}
		for range 4 { // 5 s are forgotten
			pass(time.Second)
			v.says(0, 1)
			pass(time.Second)
			v.says(0, 1)
		}
		if n := h.seats.told(t, session.Measured); n.Quality.FromCitizen.MOS < 4 {
			t.Errorf("right after the last packet %+v", n.Quality)
		}
		h.seats.told(t, session.Measured)
		h.seats.told(t, session.Measured)
		if n := h.seats.told(t, session.Measured); n.Quality.FromCitizen.MOS != 0 {
			t.Errorf("5 s after the last packet %+v", n.Quality)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

// take lets an agent have the citizen.
func (h *house) take(v *fakeVoice, r ring) {
	h.t.Helper()
	h.must(h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token))
	v.wants(h.t, "connect "+string(r.agent))
	h.seats.told(h.t, session.Connected)
}

func TestALostAgentGivesTheCitizenBack(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*house, *fakeVoice, ring){
		"in the talk": func(*house, *fakeVoice, ring) {},
		"on hold": func(h *house, v *fakeVoice, r ring) {
			h.must(h.hall.Hold(h.life, r.call.Contact.ID, r.agent))
			v.wants(h.t, "hold")
			h.seats.told(h.t, session.Held)
		},
		"while reconnecting": func(h *house, v *fakeVoice, _ ring) {
			v.wants(h.t, "play reconnect")
			h.seats.told(h.t, session.Apart)
			pass(10 * time.Second)
			v.wants(h.t, "hold")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) { lostAgent(h, before) }, "1001")
		})
	}
}

func lostAgent(h *house, before func(*house, *fakeVoice, ring)) {
	t := h.t
	v, r := h.talk()
	id := r.call.Contact.ID
	later := h.call("12345")
	before(h, v, r)
	lost := time.Now()
	h.must(h.hall.SeatLost(h.life, id, r.agent))
	h.seats.told(t, session.TakenBack)
	v.wants(t, "play reconnect")
	pass(5 * time.Second)
	v.wants(t, "hold")
	h.wantErr(h.hall.SeatLost(h.life, id, r.agent), session.ErrState)
	synctest.Wait()
	if a := h.queue.Hall().Seats["1001"]; a.Status != routing.Away {
		t.Errorf("the lost agent is %s", a.Status)
	}
	h.ready("1002")
	again := h.seats.ringing(t)
	if again.call.Contact.ID != id || again.call.Token <= r.call.Token || again.call.Record == "" {
		t.Fatalf("%+v rings: the citizen lost the place", again)
	}
	h.take(v, again)
	v.speaks(3 * time.Second)
	v.gone(contact.CitizenEnded)
	h.seats.told(t, session.Ended)
	h.must(h.hall.FinishWrapUp(h.life, id, "1002"))
	rec := h.records.end(t)
	if rec.Agent != "1002" || rec.Offers != 2 || !rec.Connected.Before(lost) || rec.TalkEnded.Sub(lost) < 8*time.Second {
		t.Errorf("record %+v", rec)
	}
	want := []records.EventKind{records.AgentLost, records.Requeued, records.Offered, records.Connected, records.TalkEnded, records.Ended}
	steps := h.records.stepsOf(id)
	if len(steps) < len(want) || !slices.Equal(steps[len(steps)-len(want):], want) {
		t.Errorf("steps %v, want them to end in %v", steps, want)
	}
	later.gone(contact.CitizenEnded)
	h.records.end(t)
}

func TestTheCitizenMayLeaveWhileReconnecting(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		v.wants(t, "play reconnect")
		h.seats.told(t, session.Apart)
		v.gone(contact.CitizenEnded)
		h.seats.told(t, session.Ended)
		h.must(h.hall.FinishWrapUp(h.life, r.call.Contact.ID, r.agent))
		if rec := h.records.end(t); rec.Cause != contact.CitizenEnded {
			t.Errorf("cause %s", rec.Cause)
		}
	}, "1001")
}

func TestTheAgentMayHangUpWhileReconnecting(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		v.wants(t, "play reconnect")
		h.seats.told(t, session.Apart)
		h.must(h.hall.Hangup(h.life, r.call.Contact.ID, r.agent))
		v.wants(t, "hold", "play goodbye", "close agent_ended")
		h.records.end(t)
	}, "1001")
}

func TestACitizenTakenBackMayGiveUp(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		h.must(h.hall.SeatLost(h.life, r.call.Contact.ID, r.agent))
		v.wants(t, "play reconnect")
		v.gone(contact.CitizenEnded)
		rec := h.records.end(t)
		if rec.Cause != contact.AbandonedQueue || rec.TalkEnded.IsZero() || rec.Agent != "1001" {
			t.Errorf("record %+v", rec)
		}
	}, "1001")
}

func TestATakeBackIsRepeatedUntilTheQueueHasIt(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		h.store.setAway(errors.New("away"))
		h.must(h.hall.SeatLost(h.life, r.call.Contact.ID, r.agent))
		pass(30 * time.Second)
		h.store.setAway(nil)
		h.ready("1002")
		h.seats.told(t, session.TakenBack)
		if again := h.seats.ringing(t); again.agent != "1002" || again.call.Contact.ID != r.call.Contact.ID {
			t.Errorf("%+v rings", again)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

func TestABridgeThatFailsAtTheReturnIsTriedAgain(t *testing.T) {
	inHouse(t, func(h *house) {
		v, _ := h.talk()
		v.wants(t, "play reconnect")
		h.seats.told(t, session.Apart)
		v.connect = errors.New("no audio")
		v.says(0, 1)
		v.wants(t, "connect 1001", "connect 1001")
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}
