package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/routing"
	"hotline/session"
)

func TestStates(t *testing.T) {
	t.Parallel()
	seen := map[[2]string]bool{}
	left := map[string]bool{}
	for _, a := range desk.States() {
		key := [2]string{a.From, a.Event}
		if seen[key] {
			t.Errorf("%s × %s stands twice", a.From, a.Event)
		}
		seen[key] = true
		left[a.From] = true
	}
	for _, a := range desk.States() {
		if !left[a.To] {
			t.Errorf("no arrow leaves %s", a.To)
		}
	}
}

func TestACallFromRingToWrapUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	w.awaitQueue("1001", routing.Ready)
	c := newCall(3)
	offered := w.offer("1001", c)
	var ring headless.CallState
	if err := json.Unmarshal(s.awaitType("call.offered").Data, &ring); err != nil {
		t.Fatal(err)
	}
	if ring.Caller != "+86138****5678" || ring.WaitedMS < 5000 || ring.Token != 3 || ring.Until == nil {
		t.Errorf("call.offered is %+v", ring)
	}
	s.do("offer.shown", object{"contact": c.Contact.ID, "token": 3})
	if err := <-offered; err != nil {
		t.Fatalf("offer: %v", err)
	}
	s.refused("stale", "call.accept", object{"contact": c.Contact.ID, "token": 2})
	s.do("call.accept", object{"contact": c.Contact.ID, "token": 3})
	s.awaitCall("talking")
	steps := []struct {
		command string
		data    object
		check   func()
	}{
		{"call.hold", object{"contact": c.Contact.ID}, func() { s.awaitCall("held") }},
		{"call.resume", object{"contact": c.Contact.ID}, func() { s.awaitCall("talking") }},
		{"call.mute", object{"contact": c.Contact.ID, "on": true}, func() {
			if !s.awaitCall("talking").Muted {
				t.Error("not muted")
			}
		}},
		{"call.hangup", object{"contact": c.Contact.ID}, func() {
			if got := s.awaitCall("wrapup"); got.Until == nil || got.Cause != "agent_ended" || got.Muted {
				t.Errorf("wrap-up is %+v", got)
			}
		}},
		{"wrapup.extend", object{"contact": c.Contact.ID}, func() {
			if got := s.awaitCall("wrapup"); got.Extended != 1 {
				t.Errorf("extended %d times", got.Extended)
			}
		}},
		{"wrapup.finish", object{"contact": c.Contact.ID}, func() { s.awaitType("call.ended") }},
	}
	for _, step := range steps {
		s.do(step.command, step.data)
		step.check()
	}
	s.awaitState("ready", "")
	s.refused("stale", "call.hold", object{"contact": c.Contact.ID})
}

func TestAnOfferIsRefusedOrGoesOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(w *world)
		want    error
	}{
		"nobody signed in": {func(*world) {}, session.ErrNoDesk},
		"audio not proven": {func(w *world) { w.sit("1001") }, session.ErrNoDesk},
		"in a break": {func(w *world) {
			s := w.ready("1001")
			s.do("agent.state", object{"state": "break", "reason": "meal"})
		}, session.ErrNoDesk},
		"in a talk":        {func(w *world) { w.ready("1001").talk("1001") }, session.ErrNoDesk},
		"never shown: 2 s": {func(w *world) { w.ready("1001") }, context.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.prepare(w)
			if err := <-w.offer("1001", newCall(9)); !errors.Is(err, tt.want) {
				t.Errorf("offer: got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestARingStops(t *testing.T) {
	t.Parallel()
	tests := map[session.RingEnd]struct {
		state, reason string
		queue         routing.Status
	}{
		session.RingUnanswered:  {"not_ready", "unanswered", routing.Away},
		session.RingRejected:    {"not_ready", "rejected", routing.Away},
		session.RingUnreachable: {"not_ready", "unreachable", routing.Away},
		session.RingRevoked:     {"ready", "", routing.Ready},
		session.RingCitizenGone: {"ready", "", routing.Ready},
	}
	for why, tt := range tests {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.ready("1001")
			c := newCall(1)
			offered := w.offer("1001", c)
			s.awaitType("call.offered")
			w.desk.Tell("1001", session.News{Kind: session.RingStopped, Contact: c.Contact.ID, Token: 1, Why: why})
			var stopped struct{ Why string }
			if err := json.Unmarshal(s.awaitType("call.stopped").Data, &stopped); err != nil || stopped.Why != string(why) {
				t.Errorf("call.stopped says %q, %v", stopped.Why, err)
			}
			s.awaitState(tt.state, tt.reason)
			if err := <-offered; !errors.Is(err, routing.ErrStale) {
				t.Errorf("offer: %v", err)
			}
			w.awaitQueue("1001", tt.queue)
			s.refused("stale", "call.accept", object{"contact": c.Contact.ID, "token": 1})
		})
	}
}

func TestAStoppedRingMayOvertakeItsOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ready("1001")
	c := newCall(4)
	w.desk.Tell("1001", session.News{Kind: session.RingStopped, Contact: c.Contact.ID, Token: 4, Why: session.RingCitizenGone})
	if err := <-w.offer("1001", c); !errors.Is(err, routing.ErrStale) {
		t.Errorf("offer: got %v, want stale", err)
	}
}

func TestTheNextOfferWaitsForTheEndOfWrapUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	first := s.talk("1001")
	s.do("call.hangup", object{"contact": first.Contact.ID})
	s.awaitCall("wrapup")
	second := newCall(7)
	offered := w.offer("1001", second)
	s.do("wrapup.finish", object{"contact": first.Contact.ID})
	s.awaitType("call.ended")
	s.awaitType("call.offered")
	s.do("offer.shown", object{"contact": second.Contact.ID, "token": 7})
	if err := <-offered; err != nil {
		t.Errorf("offer: %v", err)
	}
}

func TestABreakAskedInATalkWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	s.do("agent.state", object{"state": "break", "reason": "meal"})
	s.awaitPending("break")
	w.awaitQueue("1001", routing.Away)
	s.do("agent.state", object{"state": "none"})
	w.awaitQueue("1001", routing.Ready)
	s.do("agent.state", object{"state": "break", "reason": "rest"})
	w.awaitQueue("1001", routing.Away)
	s.do("call.hangup", object{"contact": c.Contact.ID})
	s.do("wrapup.finish", object{"contact": c.Contact.ID})
	if a := s.awaitState("break", "rest"); a.Pending != nil {
		t.Errorf("still pending: %+v", a.Pending)
	}
}

func TestReadyIsShownOnceTheQueueHasIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sit("1001")
	s.refused("not_ready", "agent.state", object{"state": "ready"})
	s.prove(1, "AA")
	w.awaitQueue("1001", routing.Away)
	w.queue.mu.Lock()
	w.queue.fails = 2
	w.queue.mu.Unlock()
	s.do("agent.state", object{"state": "ready"})
	s.awaitPending("ready")
	s.awaitState("ready", "")
	w.queue.mu.Lock()
	defer w.queue.mu.Unlock()
	if w.queue.fails != 0 {
		t.Errorf("ready was shown with %d failures to come", w.queue.fails)
	}
	if a := w.queue.agents["1001"]; a.Node != "n1" || a.Slots[contact.Voice] != 1 || len(a.Buckets) != 1 {
		t.Errorf("the queue has %+v", a)
	}
}

func TestADeskThatIsLost(t *testing.T) {
	t.Parallel()
	short := func(c *desk.Config) { c.LostAfter, c.ReleaseAfter = 50*time.Millisecond, 100*time.Millisecond }
	t.Run("ready", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, short)
		s := w.ready("1001")
		_ = s.client.Close()
		w.awaitQueue("1001", routing.Away)
		back := w.open(s.rest, headless.Hello{})
		if a := back.client.Welcome().Snapshot.Agent; a.State != "not_ready" || a.Reason != "disconnected" {
			t.Errorf("agent is %+v", a)
		}
	})
	t.Run("idle for long", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, short, func(c *desk.Config) { c.ForgetAfter = 150 * time.Millisecond })
		_ = w.ready("1001").client.Close()
		w.awaitQueue("1001", routing.Offline)
	})
}

func TestAReloadKeepsTheCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	_ = s.client.Close()
	// The same tab: the old socket's end may be noticed after the new one's beginning.
	back := w.open(s.rest, headless.Hello{Tab: s.tab})
	welcome := back.client.Welcome()
	if welcome.Resumed || !welcome.Phone || welcome.Snapshot.Call == nil || welcome.Snapshot.Call.State != "talking" {
		t.Fatalf("welcome is %+v", welcome)
	}
	// The new page brings a new connection, whose audio is not proven.
	back.do("leg.offer", object{"node": "n1", "gen": 1, "sdp": offerSDP("BB")})
	w.awaitQueue("1001", routing.Away)
	back.refused("conflict", "leg.prove", object{})
	back.do("call.hangup", object{"contact": c.Contact.ID})
	back.do("wrapup.finish", object{"contact": c.Contact.ID})
	if a := back.awaitState("not_ready", "audio"); a.Pending == nil || a.Pending.State != "ready" {
		t.Errorf("pending is %+v", a.Pending)
	}
	back.do("leg.prove", object{})
	back.do("leg.heard", object{"gen": 1, "level": 0.2, "hz": 999})
	back.awaitState("ready", "")
}

func TestAudioThatComesBackKeepsTheCitizen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	w.phones.of("1001").say(desk.PhoneDisconnected)
	w.awaitQueue("1001", routing.Away)
	w.phones.of("1001").say(desk.PhoneConnected)
	w.awaitQueue("1001", routing.Ready)
	s.do("call.hangup", object{"contact": c.Contact.ID})
	s.do("wrapup.finish", object{"contact": c.Contact.ID})
	s.awaitState("ready", "")
}

func TestASeatLostInWrapUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) { c.LostAfter = 50 * time.Millisecond })
	s := w.ready("1001")
	c := s.talk("1001")
	s.do("call.hangup", object{"contact": c.Contact.ID})
	_ = s.client.Close()
	w.awaitQueue("1001", routing.Away)
	w.desk.Tell("1001", session.News{Kind: session.Finished, Contact: c.Contact.ID, Token: c.Token})
	back := w.open(s.rest, headless.Hello{Phone: "view"})
	if a := back.client.Welcome().Snapshot.Agent; a.State != "not_ready" || a.Reason != "disconnected" || a.Pending != nil {
		t.Errorf("agent is %+v", a)
	}
}

func TestARingOutlastsItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := newCall(1)
	c.Until = time.Now().Add(-5 * time.Second) // as if the word had been lost
	_ = w.offer("1001", c)
	s.awaitType("call.offered")
	s.awaitType("call.stopped")
	s.awaitState("ready", "")
}

func TestLostAudioTakesTheSeatOutUntilItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	w.phones.of("1001").say(desk.PhoneDisconnected)
	s.awaitState("not_ready", "audio")
	w.awaitQueue("1001", routing.Away)
	w.phones.of("1001").say(desk.PhoneConnected)
	s.awaitState("ready", "")
	// An ICE restart keeps the certificate, and with it the proof.
	s.do("leg.offer", object{"node": "n1", "gen": 2, "sdp": offerSDP("AA")})
	if a := w.open(s.rest, headless.Hello{Phone: "view"}).client.Welcome().Snapshot.Agent; a.State != "ready" || a.Leg != "proven" {
		t.Errorf("after the restart the agent is %+v", a)
	}
	// Another connection has another, whose audio must be proven anew.
	s.do("leg.offer", object{"node": "n1", "gen": 3, "sdp": offerSDP("BB")})
	s.awaitState("not_ready", "audio")
	s.prove(4, "BB")
	s.awaitState("ready", "")
}

func TestAProofNeedsBothDirections(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		packets   uint64
		level, hz float64
		fault     string
	}{
		"nothing came in":  {24, 0.3, 1000, "packets"},
		"nothing heard":    {50, 0.01, 1000, "level"},
		"another tone":     {50, 0.3, 1021, "hz"},
		"a tone too low":   {50, 0.3, 979, "hz"},
		"just good enough": {25, 0.011, 1020, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.sit("1001")
			w.phones.of("1001").packets = tt.packets
			s.do("leg.offer", object{"node": "n1", "gen": 5, "sdp": offerSDP("AA")})
			s.await("connection", connected)
			s.do("leg.prove", object{})
			tone := s.awaitType("leg.tone")
			if string(tone.Data) != `{"gen":5,"hz":1000,"ms":1000}` {
				t.Errorf("tone is %s", tone.Data)
			}
			heard := object{"gen": 5, "level": tt.level, "hz": tt.hz}
			if tt.fault == "" {
				s.do("leg.heard", heard)
			} else if e := s.refusal("not_ready", "leg.heard", heard); e.Field != tt.fault {
				t.Errorf("fault is %q, want %q", e.Field, tt.fault)
			}
			s.refused("not_ready", "leg.heard", heard)
		})
	}
}

func connected(f headless.Frame) bool {
	var d struct{ State string }
	return f.Type == "leg.changed" && json.Unmarshal(f.Data, &d) == nil && d.State == "connected"
}

func TestLegOffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sit("1001")
	s.refused("not_ready", "leg.prove", object{})
	s.do("leg.offer", object{"node": "n1", "gen": 3, "sdp": offerSDP("AA")})
	answer := s.awaitType("leg.answer")
	if string(answer.Data) != `{"node":"n1","gen":3,"sdp":"answer 1"}` {
		t.Errorf("answer is %s", answer.Data)
	}
	s.refused("stale", "leg.offer", object{"node": "n1", "gen": 3, "sdp": "x"})
	for _, wrong := range []object{
		{"node": "n2", "gen": 4, "sdp": "x"},
		{"node": "n1", "gen": 4, "sdp": ""},
		{"node": "n1", "gen": 4, "sdp": "nonsense"},
	} {
		s.refused("invalid_field", "leg.offer", wrong)
	}
}
