package desk_test

import (
	"encoding/json"
	"testing"
	"time"

	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/media"
	"hotline/routing"
	"hotline/session"
)

// brief lets a silent agent lose the citizen soon; a lost desk is noticed sooner still.
func brief(c *desk.Config) {
	c.LostAfter, c.ReleaseAfter = 20*time.Millisecond, 150*time.Millisecond
}

// What happens to a talk when the socket, the audio, or both are gone. The
// session's own word (apart) and the phone's count alike.
func TestWhoLosesTheCitizen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		socket, connection, apart bool // lost
		loses                     bool
	}{
		"nothing":                   {},
		"socket":                    {socket: true},
		"connection":                {connection: true, loses: true},
		"packets":                   {apart: true, loses: true},
		"socket and connection":     {socket: true, connection: true, loses: true},
		"socket and packets":        {socket: true, apart: true, loses: true},
		"packets and connection":    {connection: true, apart: true, loses: true},
		"socket, packets and media": {socket: true, connection: true, apart: true, loses: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, brief)
			s := w.ready("1001")
			c := s.talk("1001")
			began := time.Now()
			if tt.connection {
				w.phones.of("1001").say(desk.PhoneFailed)
			}
			if tt.apart {
				w.tell(c, session.News{Kind: session.Apart})
			}
			if tt.socket {
				_ = s.client.Close()
				s = w.open(s.rest, headless.Hello{Phone: "view"}) // looks on, has no phone
			}
			if !tt.loses {
				w.awaitQueue("1001", map[bool]routing.Status{true: routing.Away, false: routing.Ready}[tt.socket])
				<-time.After(time.Until(began.Add(400 * time.Millisecond)))
				if n := w.hall.count("lost"); n != 0 {
					t.Fatalf("the citizen was given up %d times", n)
				}
				w.tell(c, session.News{Kind: session.Held})
				s.awaitCall("held")
				return
			}
			if snap := s.client.Welcome().Snapshot; !tt.socket || snap.Call != nil { // else the desk came too late for the event
				s.awaitTaken(c)
			}
			if n := w.hall.count("lost"); n != 1 {
				t.Errorf("the session heard of it %d times, want once", n)
			}
			w.awaitQueue("1001", routing.Away)
		})
	}
}

func (w *world) tell(c session.Call, n session.News) {
	n.Contact, n.Token = c.Contact.ID, c.Token
	w.desk.Tell("1001", n)
}

// awaitTaken waits until the desk is told that the citizen is gone.
func (s *station) awaitTaken(c session.Call) {
	s.t.Helper()
	frame := s.awaitType("call.taken")
	var d struct {
		Contact contact.ID
		Token   routing.Token
	}
	if err := json.Unmarshal(frame.Data, &d); err != nil || d.Contact != c.Contact.ID || d.Token != c.Token {
		s.t.Errorf("call.taken is %s, %v", frame.Data, err)
	}
	s.awaitState("not_ready", "disconnected")
}

func TestTheDeskSeesThatTheCitizenHearsUsReconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	w.tell(c, session.News{Kind: session.Apart})
	frame := s.awaitType("call.changed")
	var got struct {
		ApartUntil *time.Time `json:"apart_until"`
	}
	if err := json.Unmarshal(frame.Data, &got); err != nil || got.ApartUntil == nil {
		t.Fatalf("%s, %v", frame.Data, err)
	}
	if left := time.Until(*got.ApartUntil); left < 25*time.Second || left > 30*time.Second {
		t.Errorf("%s are left, want 30 s", left)
	}
	w.tell(c, session.News{Kind: session.Rejoined})
	got.ApartUntil = nil
	frame = s.awaitType("call.changed")
	if err := json.Unmarshal(frame.Data, &got); err != nil || got.ApartUntil != nil {
		t.Errorf("back again: %s, %v", frame.Data, err)
	}
}

// A desk that comes back after its citizen was taken is told so, is not ready,
// and takes the next call once its person says so.
func TestADeskThatComesBackTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, brief)
	s := w.ready("1001")
	c := s.talk("1001")
	w.phones.of("1001").say(desk.PhoneFailed)
	_ = s.client.Close()
	w.awaitMetric("hotline_desk_citizens_taken_total", "", 1)
	back := w.open(s.rest, headless.Hello{})
	snap := back.client.Welcome().Snapshot
	if snap.Call != nil || snap.Agent.State != "not_ready" || snap.Agent.Reason != "disconnected" {
		t.Errorf("snapshot %+v", snap)
	}
	back.prove(1, "BB")
	back.do("agent.state", object{"state": "ready"})
	back.awaitState("ready", "")
	next := newCall(2)
	next.Contact.ID = c.Contact.ID // the same citizen may come again
	offered := w.offer("1001", next)
	back.awaitType("call.offered")
	back.do("offer.shown", object{"contact": c.Contact.ID, "token": 2})
	if err := <-offered; err != nil {
		t.Error(err)
	}
}

func TestABreakAskedInTheTalkComesWhenTheCitizenIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, brief)
	s := w.ready("1001")
	c := s.talk("1001")
	s.do("agent.state", object{"state": "break", "reason": "meal"})
	s.awaitPending("break")
	w.tell(c, session.News{Kind: session.TakenBack})
	s.awaitType("call.taken")
	s.awaitState("break", "meal")
}

// A talk outlives the patience for a desk that is cut off; the seat does not.
func TestAForgottenDeskKeepsItsTalk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) { c.LostAfter, c.ForgetAfter = 10*time.Millisecond, 50*time.Millisecond })
	s := w.ready("1001")
	c := s.talk("1001")
	_ = s.client.Close()
	<-time.After(200 * time.Millisecond)
	if n := w.hall.count("lost"); n != 0 {
		t.Fatalf("the citizen was given up %d times", n)
	}
	w.tell(c, ended(contact.CitizenEnded))
	w.tell(c, session.News{Kind: session.Finished})
	w.awaitQueue("1001", routing.Offline)
}

// A headset that was pulled: the proof that fails takes the seat out, the next
// one brings it back.
func TestAFailedProofTakesTheEarlierOneBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	w.phones.of("1001").packets = 0
	s.do("leg.prove", object{})
	s.refused("not_ready", "leg.heard", object{"gen": 1, "level": 0.3, "hz": 1000})
	s.awaitState("not_ready", "audio")
	w.awaitQueue("1001", routing.Away)
	w.phones.of("1001").packets = 50
	s.do("leg.prove", object{})
	s.do("leg.heard", object{"gen": 1, "level": 0.3, "hz": 1000})
	s.awaitState("ready", "")
	w.awaitQueue("1001", routing.Ready)
}

func TestQualityIsToldWithoutANumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.talk("1001")
	w.tell(c, session.News{Kind: session.Measured, Quality: session.Quality{
		FromCitizen: media.Quality{Loss: 0.05, Jitter: 12345 * time.Microsecond, MOS: 3.1},
		FromAgent:   media.Quality{Delay: 80 * time.Millisecond, MOS: 4.3},
	}})
	f := s.awaitType("call.quality")
	want := `{"contact":"` + string(c.Contact.ID) + `","citizen":{"loss":0.05,"jitter_ms":12.3,"delay_ms":0,"mos":3.1},` +
		`"agent":{"loss":0,"jitter_ms":0,"delay_ms":80,"mos":4.3}}`
	if string(f.Data) != want || f.Seq != 0 {
		t.Errorf("event %d: %s, want %s", f.Seq, f.Data, want)
	}
}
