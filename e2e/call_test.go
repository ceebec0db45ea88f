package e2e

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/chromedp/chromedp"

	"hotline/gateway/gatewaytest"
	"hotline/media/tone"
	"hotline/tickets"
)

// TestCallReachesBrowser is the whole of the first promise: a citizen with a real
// SIP phone talks to an operator in a real browser, and the ticket that the
// operator writes is at the unit with every field and a valid signature.
func TestCallReachesBrowser(t *testing.T) {
	c := startCityWithDesk(t)
	o := newOperator(t, 1004)
	o.signIn(c, "1001")

	citizen := gatewaytest.StartBaresip(t, c.dial("12315"), "13812345678", 600)
	o.do("it rings", visible("ring-banner"))
	o.click("answer")
	o.is("agent-state", "talking")
	o.hears(600)

	writeTicket(o)
	number := o.text("ticket-number")
	o.is("ticket-delivery", "delivered")
	o.click("hangup")
	o.is("agent-state", "wrapup")
	o.click("wrapup-finish")
	o.is("agent-state", "ready")

	rest := c.supervisor()
	r := c.await(rest, "that ended", func(r record) bool { return !r.Ended.IsZero() })
	if r.Cause != "agent_ended" || r.Agent != "1001" || r.Source != "12315" || r.Offers != 1 || r.Caller != "+86138****5678" {
		t.Errorf("record %+v", r)
	}
	citizenHeard(t, citizen.Heard(), 1004)
	checkTicket(t, c, number, r)
}

// writeTicket fills the form in the order of talk.
func writeTicket(o *operator) {
	o.t.Helper()
	o.fill("field-requester-name", "陈女士")
	o.fill("field-place-address", "柳荫路12号南侧工地")
	o.pick("field-division", "柳荫街道第一社区", "990101001001")
	o.fill("field-title", "工地夜间施工噪声")
	o.fill("field-content", "市民反映工地夜间十一点后仍在施工,噪声扰民。")
	o.pick("field-item", "施工噪声", "02.02.001")
	o.click("field-category-complaint")
	o.click("field-nature-help")
	o.click("field-urgency-normal")
	o.click("field-confidential")
	o.do("a unit is proposed", chromedp.WaitVisible(chromedp.CSS(`[data-testid="proposal"][data-unit="SUB-001"]`)))
	o.click("submit-ticket")
}

// citizenHeard looks for the tone in what the phone wrote down: at least two
// seconds of it, each ±5 Hz and 20 dB above the floor.
func citizenHeard(t *testing.T, all []int16, hz float64) {
	t.Helper()
	const second = 8000
	good := 0
	for at := 0; at+second <= len(all); at += second / 2 {
		part := all[at : at+second]
		peak, _ := tone.Peak(part, 8000)
		if math.Abs(peak-hz) <= 5 && tone.Hears(part, hz) {
			good++
		}
	}
	if good < 4 {
		t.Errorf("the citizen heard %.0f Hz in %d half seconds of %d, want 4 or more", hz, good, 2*len(all)/second)
	}
	t.Logf("the citizen heard %.0f Hz in %d of %d half seconds", hz, good, 2*len(all)/second)
}

// checkTicket compares what the unit got, field by field.
func checkTicket(t *testing.T, c *city, number string, r record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.unit.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	got := c.unit.Received()
	if len(got) != 1 || !got[0].SignatureOK || got[0].Number != number || !tickets.ValidNumber(number) {
		t.Fatalf("the unit has %+v, want one signed %s", got, number)
	}
	var event struct {
		Type    string         `json:"type"`
		Subject string         `json:"subject"`
		Data    map[string]any `json:"data"`
	}
	if err := json.Unmarshal(got[0].Body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != "cn.hotline.ticket.dispatched.v1" || event.Subject != number {
		t.Errorf("event %s of %s", event.Type, event.Subject)
	}
	want := map[string]any{
		"schema": "citizen-ticket/1", "ticket_no": number, "channel": "phone", "line": "citizen", "source_hotline": "12315",
		"accepted_by": "1001", "title": "工地夜间施工噪声", "content": "市民反映工地夜间十一点后仍在施工,噪声扰民。",
		"category": "complaint", "nature": "help", "item_code": "02.02.001", "urgency": "normal", "disposition": "dispatched",
		"lead_unit": "SUB-001", "deadline_class": "D7", "state": "handed_off", "round": 1.0,
	}
	for field, value := range want {
		if event.Data[field] != value {
			t.Errorf("field %s is %v, want %v", field, event.Data[field], value)
		}
	}
	place, _ := event.Data["place"].(map[string]any)
	if place["address"] != "柳荫路12号南侧工地" || place["division_code"] != "990101001001" {
		t.Errorf("place %v", place)
	}
	who, _ := event.Data["requester"].(map[string]any)
	if who["confidential"] != true || who["kind"] != "natural" || who["ref"] == "" || who["phone"] == "+8613812345678" {
		t.Errorf("requester %v: want confidential, with a pseudonym, without the number", who)
	}
	if sessions, _ := event.Data["session_ids"].([]any); len(sessions) != 1 || sessions[0] != r.Contact {
		t.Errorf("session_ids %v, want %s", event.Data["session_ids"], r.Contact)
	}
	for _, field := range []string{"seq", "created_at", "updated_at", "item_path", "state_since", "history", "due_at", "ack_due_at", "dispatch", "followup_state"} {
		if event.Data[field] == nil {
			t.Errorf("field %s is missing", field)
		}
	}
}
