package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/audit"
	"hotline/channels"
	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

func TestConversationStates(t *testing.T) {
	t.Parallel()
	seen := map[[2]string]bool{}
	left := map[string]bool{}
	for _, a := range desk.ConversationStates() {
		key := [2]string{a.From, a.Event}
		if seen[key] {
			t.Errorf("%s × %s stands twice", a.From, a.Event)
		}
		seen[key] = true
		left[a.From] = true
	}
	for _, a := range desk.ConversationStates() {
		if !left[a.To] {
			t.Errorf("no arrow leaves %s", a.To)
		}
	}
}

func newText(token routing.Token) session.Call {
	accepted := time.Now().Add(-5 * time.Second)
	return session.Call{
		Contact: contact.Contact{
			ID: contact.ID(ulid.Make().String()), Channel: contact.Web, Line: "citizen",
			Citizen: contact.NewAddress("visitor-0123456789"), Accepted: accepted,
		},
		Token: token, Until: time.Now().Add(15 * time.Second),
		Thread: &session.Thread{
			Account: "portal", Topic: "water", LastSeq: 1, Turn: contact.ByAgent, ReplyDue: accepted.Add(3 * time.Minute),
		},
	}
}

func about(c session.Call) object { return object{"contact": c.Contact.ID} }

func (s *station) awaitText(c session.Call, state string) headless.ConversationState {
	s.t.Helper()
	var d headless.ConversationState
	s.await("conversation "+state, func(f headless.Frame) bool {
		d = headless.ConversationState{}
		return f.Type == "conversation.changed" && json.Unmarshal(f.Data, &d) == nil &&
			d.State == state && d.Contact == string(c.Contact.ID)
	})
	return d
}

// ringText brings a conversation to the agent and shows it.
func (s *station) ringText(agent contact.AgentID) session.Call {
	s.t.Helper()
	c := newText(1)
	offered := s.offer(agent, c)
	s.awaitType("conversation.offered")
	s.do("offer.shown", object{"contact": c.Contact.ID, "token": c.Token})
	if err := <-offered; err != nil {
		s.t.Fatalf("offer: %v", err)
	}
	return c
}

// chat is ringText, answered.
func (s *station) chat(agent contact.AgentID) session.Call {
	s.t.Helper()
	c := s.ringText(agent)
	s.do("conversation.accept", object{"contact": c.Contact.ID, "token": c.Token})
	s.awaitText(c, "open")
	return c
}

func (s *station) news(agent contact.AgentID, c session.Call, n session.News) {
	n.Contact, n.Token = c.Contact.ID, c.Token
	s.desk.Tell(agent, n)
}

func TestAConversationFromRingToWrapUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := newText(3)
	offered := w.offer("1001", c)
	var ring headless.ConversationState
	if err := json.Unmarshal(s.awaitType("conversation.offered").Data, &ring); err != nil {
		t.Fatal(err)
	}
	if ring.Account != "portal" || ring.Topic != "water" || ring.WaitedMS < 5000 || ring.Until == nil || ring.Token != 3 ||
		ring.Citizen != "visitor-01****6789" || ring.Channel != "web" {
		t.Errorf("conversation.offered is %+v", ring)
	}
	s.do("offer.shown", object{"contact": c.Contact.ID, "token": 3})
	if err := <-offered; err != nil {
		t.Fatalf("offer: %v", err)
	}
	s.refused("stale", "conversation.accept", object{"contact": c.Contact.ID, "token": 2})
	s.refused("stale", "call.accept", object{"contact": c.Contact.ID, "token": 3})
	s.do("conversation.accept", object{"contact": c.Contact.ID, "token": 3})
	if d := s.awaitText(c, "open"); d.ReplyDueAt == nil || d.ReplyOverdue || d.Turn != "agent" || d.LastSeq != 1 || d.Until != nil {
		t.Errorf("open: %+v", d)
	}
	cmid := ulid.Make().String()
	s.do("message.send", object{"contact": c.Contact.ID, "cmid": cmid, "text": "您好"})
	var m headless.MessageEvent
	if err := json.Unmarshal(s.awaitType("message").Data, &m); err != nil || m.CMID != cmid || m.Message.Text != "您好" || m.Message.From != "agent" {
		t.Errorf("message is %+v, %v", m, err)
	}
	if d := s.awaitText(c, "open"); d.Turn != "citizen" || d.ClosesAt == nil || d.ReplyDueAt != nil {
		t.Errorf("after the reply: %+v", d)
	}
	s.do("typing", object{"contact": c.Contact.ID, "on": true})
	s.news("1001", c, session.News{Kind: session.Typing, On: true})
	s.awaitType("typing")
	s.do("conversation.park", about(c))
	s.awaitText(c, "parked")
	s.do("conversation.resume", about(c))
	s.awaitText(c, "open")
	s.do("conversation.close", about(c))
	if d := s.awaitText(c, "wrapup"); d.Cause != "agent_ended" || d.Until == nil {
		t.Errorf("wrap-up is %+v", d)
	}
	s.do("wrapup.extend", about(c))
	if d := s.awaitText(c, "wrapup"); d.Extended != 1 {
		t.Errorf("extended %d times", d.Extended)
	}
	s.do("wrapup.finish", about(c))
	s.awaitType("conversation.ended")
	s.refused("stale", "message.send", object{"contact": c.Contact.ID, "cmid": cmid, "text": "您好"})
	for _, what := range []string{"say 您好", "typing true", "park", "unpark", "hangup", "finish"} {
		if n := w.hall.count(what); n != 1 {
			t.Errorf("the session was told %q %d times", what, n)
		}
	}
}

func TestASeatHoldsACallAndConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	first := s.chat("1001")
	call := s.talk("1001")
	second := s.chat("1001") // in the middle of the talk
	s.do("call.hold", about(call))
	s.awaitCall("held")
	view := w.open(s.rest, headless.Hello{Phone: "view"})
	snap := view.client.Welcome().Snapshot
	if snap.Call == nil || snap.Call.State != "held" || snap.Agent.State != "held" || len(snap.Conversations) != 2 ||
		snap.Conversations[0].Contact != string(first.Contact.ID) || snap.Conversations[1].State != "open" {
		t.Errorf("snapshot is %+v", snap)
	}
	if snap.Agent.Slots["voice"] != 1 || snap.Agent.Slots["message"] < 1 {
		t.Errorf("slots are %v", snap.Agent.Slots)
	}
	s.do("call.hangup", about(call))
	s.do("wrapup.finish", about(call))
	s.awaitState("ready", "")
	s.do("message.send", object{"contact": second.Contact.ID, "cmid": ulid.Make().String(), "text": "在"})
	view.awaitType("message") // a second desk shows it
	s.do("agent.state", object{"state": "break", "reason": "meal"})
	s.awaitState("break", "meal")
	s.do("message.send", object{"contact": first.Contact.ID, "cmid": ulid.Make().String(), "text": "在"}) // what is open stays
	if err := <-w.offer("1001", newText(1)); !errors.Is(err, session.ErrNoDesk) {
		t.Errorf("offer in a break: %v", err)
	}
}

func TestMessagesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.chat("1001")
	cmid := ulid.Make().String()
	for name, tt := range map[string]struct {
		code, field string
		fail        error
		data        object
	}{
		"no cmid":        {"invalid_field", "cmid", nil, object{"contact": c.Contact.ID, "cmid": "1", "text": "好"}},
		"blank":          {"invalid_field", "text", nil, object{"contact": c.Contact.ID, "cmid": cmid, "text": " \n"}},
		"too long":       {"invalid_field", "text", nil, object{"contact": c.Contact.ID, "cmid": cmid, "text": strings.Repeat("长", 4001)}},
		"null character": {"invalid_field", "text", nil, object{"contact": c.Contact.ID, "cmid": cmid, "text": "a\x00"}},
		"another text":   {"conflict", "cmid", channels.ErrReused, object{"contact": c.Contact.ID, "cmid": cmid, "text": "好"}},
		"just closed":    {"conflict", "", channels.ErrClosed, object{"contact": c.Contact.ID, "cmid": cmid, "text": "好"}},
		"another's":      {"stale", "contact", nil, object{"contact": ulid.Make(), "cmid": cmid, "text": "好"}},
	} {
		w.hall.mu.Lock()
		w.hall.fail = tt.fail
		w.hall.mu.Unlock()
		if got := s.refusal(tt.code, "message.send", tt.data); got.Field != tt.field {
			t.Errorf("%s: field %q, want %q", name, got.Field, tt.field)
		}
	}
}

func TestAConversationThatIsSlowHoldsUpNoCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	chat := s.chat("1001")
	call := s.talk("1001")
	entered, block := make(chan string, 4), make(chan struct{})
	w.hall.mu.Lock()
	w.hall.entered, w.hall.block = entered, block
	w.hall.mu.Unlock()
	slow := make(chan error, 1)
	go func() { slow <- s.client.Do(s.ctx(), "conversation.park", about(chat)) }()
	<-entered
	w.hall.mu.Lock()
	w.hall.entered, w.hall.block = nil, nil
	w.hall.mu.Unlock()
	s.do("call.hold", about(call))
	close(block)
	if err := <-slow; err != nil {
		t.Error(err)
	}
}

func TestAConversationsRingStops(t *testing.T) {
	t.Parallel()
	for why, tt := range map[session.RingEnd]struct {
		state, reason string
		queue         routing.Status
	}{
		session.RingUnanswered:  {"not_ready", "unanswered", routing.Away},
		session.RingUnreachable: {"not_ready", "unreachable", routing.Away},
		session.RingRevoked:     {"", "", routing.Ready},
		session.RingCitizenGone: {"", "", routing.Ready},
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.ready("1001")
			c := s.ringText("1001")
			s.news("1001", c, session.News{Kind: session.RingStopped, Why: why})
			var stopped struct{ Why string }
			if err := json.Unmarshal(s.awaitType("conversation.stopped").Data, &stopped); err != nil || stopped.Why != string(why) {
				t.Errorf("conversation.stopped says %q, %v", stopped.Why, err)
			}
			if tt.state != "" {
				s.awaitState(tt.state, tt.reason)
			}
			w.awaitQueue("1001", tt.queue)
			s.refused("stale", "conversation.accept", object{"contact": c.Contact.ID, "token": 1})
		})
	}
}

func TestAStoppedConversationMayOvertakeItsOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := newText(4)
	s.news("1001", c, session.News{Kind: session.RingStopped, Why: session.RingCitizenGone})
	if err := <-w.offer("1001", c); !errors.Is(err, routing.ErrStale) {
		t.Errorf("offer: got %v, want stale", err)
	}
}

func TestNewsOfAnotherReservationIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.chat("1001")
	old := c
	old.Token = 0
	s.news("1001", old, session.News{Kind: session.Finished})
	s.news("1001", c, session.News{Kind: session.FirstReplyDue, Thread: &session.Thread{Overdue: true, Turn: contact.ByAgent}})
	if d := s.awaitText(c, "open"); !d.ReplyOverdue {
		t.Errorf("the alarm is %+v", d)
	}
}

func TestMissedRings(t *testing.T) {
	t.Parallel()
	w := newWorldBy(t, routing.Refusals{CoolDown: 200 * time.Millisecond, Missed: 2})
	s := w.ready("1001")
	miss := func() headless.AgentState {
		c := s.ringText("1001")
		s.news("1001", c, session.News{Kind: session.RingStopped, Why: session.RingUnanswered})
		return s.awaitState("not_ready", "unanswered")
	}
	if a := miss(); a.Missed != 1 || a.BackAt == nil {
		t.Errorf("after the first: %+v", a)
	}
	w.awaitQueue("1001", routing.Away)
	s.awaitState("ready", "") // by itself
	w.awaitQueue("1001", routing.Ready)
	if a := miss(); a.Missed != 2 || a.BackAt != nil {
		t.Errorf("after the second: %+v", a)
	}
	s.do("agent.state", object{"state": "ready"})
	if a := s.awaitState("ready", ""); a.Missed != 0 {
		t.Errorf("the agent is back: %+v", a)
	}
	if a := miss(); a.Missed != 1 {
		t.Errorf("the count goes on: %+v", a)
	}
	s.awaitState("ready", "")
	s.chat("1001")
	if a := miss(); a.Missed != 1 { // one was accepted in between
		t.Errorf("the count goes on: %+v", a)
	}
}

func TestACallThatIsDeclinedLetsTheSeatComeBack(t *testing.T) {
	t.Parallel()
	w := newWorldBy(t, routing.Refusals{CoolDown: 200 * time.Millisecond, Missed: 2})
	s := w.ready("1001")
	c := newCall(1)
	w.offer("1001", c)
	s.awaitType("call.offered")
	s.do("call.decline", object{"contact": c.Contact.ID, "token": 1})
	if a := s.awaitState("not_ready", "rejected"); a.BackAt == nil {
		t.Errorf("after the refusal: %+v", a)
	}
	s.awaitState("ready", "")
	w.awaitQueue("1001", routing.Ready)
}

func TestAMissInATalkSettlesAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorldBy(t, routing.Refusals{CoolDown: time.Minute, Missed: 1})
	s := w.ready("1001")
	call := s.talk("1001")
	c := s.ringText("1001")
	s.news("1001", c, session.News{Kind: session.RingStopped, Why: session.RingUnanswered})
	s.awaitPending("not_ready")
	w.awaitQueue("1001", routing.Away)
	s.do("agent.state", object{"state": "none"})
	w.awaitQueue("1001", routing.Ready)
	c = s.ringText("1001")
	s.news("1001", c, session.News{Kind: session.RingStopped, Why: session.RingUnanswered})
	s.awaitPending("not_ready")
	s.do("call.hangup", about(call))
	s.do("wrapup.finish", about(call))
	s.awaitState("not_ready", "unanswered")
	w.awaitQueue("1001", routing.Away)
}

func TestAnAbsentAgentsConversationsGoBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *desk.Config) {
		c.LostAfter, c.ReleaseChats = 50*time.Millisecond, 200*time.Millisecond
	})
	s := w.ready("1001")
	c := s.chat("1001")
	_ = s.client.Close()
	w.awaitMetric("hotline_desk_citizens_taken_total", "", 1)
	again := w.open(s.rest, headless.Hello{})
	if snap := again.client.Welcome().Snapshot; len(snap.Conversations) != 0 || snap.Agent.Reason != "disconnected" {
		t.Errorf("snapshot is %+v", snap)
	}
	if n := w.hall.count("lost"); n != 1 {
		t.Errorf("told of %d lost seats", n)
	}
	again.refused("stale", "conversation.close", about(c))
}

func TestSigningOutLetsConversationsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	s.chat("1001")
	done := s.chat("1001")
	s.do("conversation.close", about(done))
	s.awaitText(done, "wrapup")
	if err := s.rest.SignOut(s.ctx()); err != nil {
		t.Fatal(err)
	}
	w.awaitMetric("hotline_desk_seats_closed_total", "signed_out", 1)
	if lost, finished := w.hall.count("lost"), w.hall.count("finish"); lost != 1 || finished != 1 {
		t.Errorf("%d lost, %d finished, want one each", lost, finished)
	}
	w.awaitQueue("1001", routing.Offline)
}

func TestAConversationIsGivenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := newText(2)
	c.Serving = true
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	s.awaitText(c, "open")
	c.Thread.LastSeq = 9 // and again, by the node after
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	if d := s.awaitText(c, "open"); d.LastSeq != 9 {
		t.Errorf("given back: %+v", d)
	}
	s.do("message.send", object{"contact": c.Contact.ID, "cmid": ulid.Make().String(), "text": "我还在"})
	if err := <-w.offer("1002", c); !errors.Is(err, session.ErrNoDesk) {
		t.Errorf("nobody is there: %v", err)
	}
}

// threadPage is one answer of the messages call.
type threadPage struct {
	Messages []headless.Message
	More     bool
}

func TestWhoReadsAThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, other, senior := w.ready("1001"), w.signIn("1002"), w.signIn("2001")
	for i := range 3 {
		w.hall.thread = append(w.hall.thread, contact.Message{
			ID: ulid.Make().String(), Seq: int64(i + 1), From: contact.ByCitizen, Text: fmt.Sprint("第", i+1), At: time.Now(),
		})
	}
	read := func(r *headless.REST, id contact.ID, query string) (got threadPage, code string) {
		err := r.Call(w.ctx(), http.MethodGet, "/contacts/"+string(id)+"/messages"+query, nil, &got)
		if refusal, refused := errors.AsType[*headless.Error](err); refused {
			return got, refusal.Code
		}
		if err != nil {
			t.Fatal(err)
		}
		return got, ""
	}
	c := s.ringText("1001")
	if _, code := read(s.rest, c.Contact.ID, ""); code != "not_found" {
		t.Errorf("while it rings: %q", code)
	}
	s.do("conversation.accept", object{"contact": c.Contact.ID, "token": 1})
	s.awaitText(c, "open")
	if got, code := read(s.rest, c.Contact.ID, "?after=1&limit=1"); code != "" || len(got.Messages) != 1 || got.Messages[0].Seq != 2 || !got.More {
		t.Errorf("its agent reads %+v, %q", got, code)
	}
	if _, code := read(other, c.Contact.ID, ""); code != "not_found" {
		t.Errorf("another agent: %q", code)
	}
	for _, query := range []string{"?after=-1", "?limit=0", "?limit=101", "?after=x"} {
		if _, code := read(s.rest, c.Contact.ID, query); code != "invalid_field" {
			t.Errorf("%s: %q", query, code)
		}
	}
	if got, code := read(senior, c.Contact.ID, ""); code != "" || len(got.Messages) != 3 || got.More {
		t.Errorf("a supervisor reads %+v, %q", got, code)
	}
	w.looks.mu.Lock()
	looks := len(w.looks.all)
	if looks != 1 || w.looks.all[0].Action != audit.ContactViewed {
		t.Errorf("looks: %+v", w.looks.all)
	}
	w.looks.mu.Unlock()
	s.do("conversation.close", about(c))
	s.do("wrapup.finish", about(c))
	s.awaitType("conversation.ended")
	if _, code := read(s.rest, c.Contact.ID, ""); code != "not_found" {
		t.Errorf("afterwards, without a record: %q", code)
	}
	w.archive.mu.Lock()
	w.archive.all = append(w.archive.all, records.Record{Contact: c.Contact.ID, Agent: "1001"})
	w.archive.mu.Unlock()
	if got, code := read(s.rest, c.Contact.ID, ""); code != "" || len(got.Messages) != 3 {
		t.Errorf("afterwards: %+v, %q", got, code)
	}
}

func TestADraftAndATicketOfAConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := s.chat("1001")
	path := "/contacts/" + string(c.Contact.ID)
	call := func(method, path string, in, out any, h http.Header) {
		t.Helper()
		if err := s.rest.CallWith(context.WithoutCancel(w.ctx()), method, path, in, out, h); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	call(http.MethodPut, path+"/draft", object{"revision": 0, "fields": form()}, nil, nil)
	var ticket struct {
		Number string `json:"ticket_no"`
	}
	call(http.MethodPost, path+"/ticket", object{"fields": form()}, &ticket, http.Header{"Idempotency-Key": {ulid.Make().String()}})
	if ticket.Number == "" {
		t.Error("no number")
	}
}
