package session_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/calendar"
	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// policy has the line wait in a queue of that name: public (the last agent
// first), shut (never open), or moved (never open, goes on in public).
func policy(queue string) routing.Config {
	l := line()
	l.Skill, l.Queue = "", queue
	general := []string{"general"}
	return routing.Config{Lines: []routing.Line{l}, Policy: routing.Policy{
		Skills:    []string{"general"},
		Calendars: map[string]calendar.Config{"never": {Zone: "Asia/Shanghai"}},
		Queues: map[string]routing.QueueRule{
			"public": {Need: general, Steps: []routing.StepRule{{Want: "sticky"}, {After: 10 * time.Second, Want: "general"}}},
			"shut":   {Need: general, Calendar: "never", Closed: routing.Closed{Message: "closed"}},
			"moved":  {Need: general, Calendar: "never", Closed: routing.Closed{Message: "closed-elsewhere", Then: routing.Target{Queue: "public"}}},
		},
	}}
}

func TestACallOutsideTheHoursIsToldAndEnds(t *testing.T) {
	inHouseOf(t, policy("shut"), func(h *house) {
		v := newVoice("12345")
		h.hall.Receive(h.life, v)
		v.wants(t, "answer", "play closed", "close refused_closed")
		rec := h.records.end(t)
		if rec.Cause != contact.RefusedClosed || !rec.Queued.IsZero() || rec.Offers != 0 {
			t.Errorf("record: cause %s, queued %s, %d offers", rec.Cause, rec.Queued, rec.Offers)
		}
	}, "1001")
}

func TestAConversationOutsideTheHoursIsToldAndClosed(t *testing.T) {
	inHouseOf(t, policy("shut"), func(h *house) {
		f := newChat()
		h.hall.ReceiveText(h.life, f)
		f.reads(t, "非工作时间", "We are closed now")
		f.wants(t, "close refused_closed")
		if rec := h.records.end(t); rec.Cause != contact.RefusedClosed {
			t.Errorf("cause %s", rec.Cause)
		}
	})
}

func TestAConversationThatGoesToAnotherQueueIsToldSo(t *testing.T) {
	inHouseOf(t, policy("moved"), func(h *house) {
		f := newChat()
		h.hall.ReceiveText(h.life, f)
		f.reads(t, "正在为您转接", "The desk you asked for is closed now")
		f.wants(t, "hold")
		f.gone(contact.CitizenEnded)
		h.records.end(t)
	})
}

// TestAPromptWithoutATextIsReadAsTheUsualOne: a name is never shown.
func TestAPromptWithoutATextIsReadAsTheUsualOne(t *testing.T) {
	for queue, want := range map[string]string{"shut": "We are closed now", "moved": "The desk you asked for is closed now"} {
		t.Run(queue, func(t *testing.T) {
			p := policy(queue)
			rule := p.Policy.Queues[queue]
			rule.Closed.Message = "our-own"
			p.Policy.Queues[queue] = rule
			inHouseOf(t, p, func(h *house) {
				f := newChat()
				h.hall.ReceiveText(h.life, f)
				f.reads(t, want)
				f.gone(contact.CitizenEnded)
				h.records.end(t)
			})
		})
	}
}

// reads is what the house writes, in these words.
func (f *fakeChat) reads(t *testing.T, words ...string) {
	t.Helper()
	select {
	case m := <-f.said:
		for _, w := range words {
			if m.From != contact.ByHouse || !strings.Contains(m.Text, w) {
				t.Errorf("%s writes %q, want %q", m.From, m.Text, w)
			}
		}
	case <-time.After(guard):
		t.Fatal("the house writes nothing")
	}
}

func TestACallThatGoesToAnotherQueueIsToldSo(t *testing.T) {
	inHouseOf(t, policy("moved"), func(h *house) {
		v := newVoice("12345")
		h.hall.Receive(h.life, v)
		v.wants(t, "answer", "play greeting")
		close(v.greeted)
		v.wants(t, "play closed-elsewhere", "hold")
		r := h.seats.ringing(t)
		v.gone(contact.CitizenEnded)
		h.records.end(t)
		synctest.Wait()
		want := map[string]string{
			"line": "citizen", "queue": "public", "buckets": "general", "band": "1", "credit": "0",
			"trail": "closed:moved,queue:public",
		}
		if diff := cmp.Diff(want, h.records.factsOf(r.call.Contact.ID, records.Queued)); diff != "" {
			t.Errorf("facts (-want +got):\n%s", diff)
		}
	}, "1001")
}

func TestTheLastAgentComesFirst(t *testing.T) {
	inHouseOf(t, policy("public"), func(h *house) {
		before := time.Now().Add(-time.Hour).UTC()
		h.must(h.records.Save(h.life, records.Record{
			Contact: "01J00000000000000000000000", Agent: "1002", Accepted: before, TalkEnded: before,
			CitizenRef: newVoice("12345").arrival.Caller.Ref([]byte("0123456789abcdef0123456789abcdef")),
		}))
		v := h.call("12345")
		r := h.seats.ringing(t)
		if r.agent != "1002" { // 1001 has been idle for longer
			t.Errorf("%s rings, want 1002, who served the citizen last", r.agent)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
		synctest.Wait()
		queued, offered := h.records.factsOf(r.call.Contact.ID, records.Queued), h.records.factsOf(r.call.Contact.ID, records.Offered)
		if queued["buckets"] != "@1002" || queued["steps"] != "10000:general" || queued["trail"] != "queue:public,sticky" {
			t.Errorf("queued: %v", queued)
		}
		if offered["by"] != "entered" || offered["via"] != "@1002" || offered["score"] == "" {
			t.Errorf("offered: %v", offered)
		}
	}, "1001", "1002")
}

func TestNobodyIsKnownWhileTheRecordsAreAway(t *testing.T) {
	inHouseOf(t, policy("public"), func(h *house) {
		h.records.setAway(errAway)
		v := h.call("12345")
		if r := h.seats.ringing(t); r.agent != "1001" {
			t.Errorf("%s rings, want 1001, who has been idle for longest", r.agent)
		}
		h.records.setAway(nil)
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001", "1002")
}
