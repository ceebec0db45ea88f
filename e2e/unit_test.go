package e2e

import (
	"context"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/node"
	"hotline/tickets/fakeunit"
	"hotline/tickets/ticketstest"
)

// TestTicketSurvivesUnitDown: three citizens' tickets are written while the unit
// refuses everything for an hour (of the dispatcher's clock). Back again, it gets
// each of them once, in order, with the bytes of the first attempt.
func TestTicketSurvivesUnitDown(t *testing.T) {
	clock := ticketstest.NewClock(time.Now())
	c := startCityOn(t, clock, func(cfg *node.Config) { cfg.Lines[0].Greeting = "" })
	c.unit.Break(fakeunit.Unavailable, 0)
	rest := c.supervisor()
	agent := c.agent(headless.Options{Account: "1001", AnswerAfter: 50 * time.Millisecond, WrapUp: 50 * time.Millisecond, Form: noise()})

	var numbers []string
	for range 3 {
		c.callAndHangUp()
		r := c.report(agent)
		if r.Ticket == "" || r.Err != "" {
			t.Fatalf("no ticket in %+v", r)
		}
		numbers = append(numbers, r.Ticket)
	}
	for passed := time.Duration(0); passed < time.Hour; passed += 6 * time.Minute {
		c.refused(rest, numbers[0])
		clock.Advance(6 * time.Minute) // longer than the longest pause between attempts
	}
	c.refused(rest, numbers[0])
	if got := c.unit.Received(); len(got) != 0 || c.unit.Attempts() < 10 {
		t.Fatalf("after an hour the unit has %d events from %d attempts", len(got), c.unit.Attempts())
	}

	c.unit.Repair()
	clock.Advance(6 * time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.unit.Wait(ctx, 3); err != nil {
		t.Fatal(err)
	}
	got := c.unit.Received()
	if len(got) != 3 {
		t.Fatalf("the unit has %d events, want 3", len(got))
	}
	for i, d := range got {
		if d.Number != numbers[i] || !d.SignatureOK || d.Repeats != 0 || d.BytesChanged {
			t.Errorf("event %d is %+v, want %s, signed, once", i+1, d, numbers[i])
		}
	}
	for _, number := range numbers {
		c.delivery(rest, number, func(d delivery) bool { return d.State == "delivered" })
	}
}

func noise() map[string]any {
	return map[string]any{
		"title": "工地夜间施工噪声", "content": "市民反映工地夜间施工。", "item_code": "02.02.001", "category": "complaint",
		"urgency": "normal", "disposition": "dispatched", "lead_unit": "SUB-001", "deadline_class": "D7",
		"requester": map[string]any{"kind": "natural"},
		"place":     map[string]any{"address": "柳荫路12号", "division_code": "990101001001"},
	}
}

// callAndHangUp is a citizen who leaves two seconds after the answer.
func (c *city) callAndHangUp() {
	c.t.Helper()
	if r := c.call(phone.Options{Target: c.dial("12345"), HangupAfter: 2 * time.Second}); r.Answered.IsZero() {
		c.t.Fatalf("the call ended as %+v", r)
	}
}

// delivery is how far a ticket's hand-off has come.
type delivery struct {
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
}

// delivery asks until the ticket's hand-off satisfies so.
func (c *city) delivery(rest *headless.REST, number string, so func(delivery) bool) delivery {
	c.t.Helper()
	type ticket struct {
		Delivery delivery `json:"delivery"`
	}
	return ask(c.t, rest, "/tickets/"+number, "in that state", func(t ticket) bool { return so(t.Delivery) }).Delivery
}

// refused waits until the unit has refused the ticket once more than before.
func (c *city) refused(rest *headless.REST, number string) {
	c.t.Helper()
	c.refusals = c.delivery(rest, number, func(d delivery) bool {
		return d.State == "failed" && d.Attempts > c.refusals
	}).Attempts
}
