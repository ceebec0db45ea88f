package e2e

import (
	"context"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/node"
	"hotline/people"
	"hotline/routing"
)

// specialists is a city with two of them and nobody else: public callers may
// borrow one while more than one of them is free.
func specialists(cfg *node.Config) {
	public, enterprise := cfg.Lines[0], cfg.Lines[0]
	public.Skill, public.Queue, public.Greeting = "", "public", ""
	enterprise.Name, enterprise.Skill, enterprise.Queue, enterprise.Greeting = "enterprise", "", "enterprise", ""
	enterprise.Title = routing.Title{ZH: "企业热线", EN: "Enterprise line"}
	enterprise.Numbers, enterprise.Accounts = []routing.Number{{Dial: "1234501"}}, nil
	cfg.Lines = []routing.Line{public, enterprise}
	cfg.Routing = routing.Policy{
		Skills: []string{"general", "enterprise"},
		Queues: map[string]routing.QueueRule{
			"public": {Need: []string{"general"}, Steps: []routing.StepRule{
				{Want: "general"}, {After: time.Second, Add: "enterprise", If: "free(enterprise) > 1"},
			}},
			"enterprise": {Need: []string{"enterprise"}},
		},
	}
	one, two := account("1001", people.Agent), account("1002", people.Agent)
	one.Skills, two.Skills = []string{"enterprise"}, []string{"enterprise=2"}
	cfg.People.Accounts = []people.Seed{one, two, account("2001", people.Supervisor)}
}

// TestEnterpriseReserved: a public caller borrows one specialist of two; the
// next waits, though the other is free, and an enterprise that comes later
// gets that one at once. Once both are free again the public caller is served.
func TestEnterpriseReserved(t *testing.T) {
	c := startCity(t, specialists)
	rest := c.supervisor()
	for _, id := range []string{"1001", "1002"} {
		c.agent(headless.Options{Account: id, AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond})
	}
	served := func(masked string) record {
		return c.await(rest, "served: "+masked, func(r record) bool { return r.Caller == masked && !r.Connected.IsZero() })
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	first := c.places(phone.Options{Target: c.dial("12345"), From: "13800000001"})
	borrowed := served("+86138****0001")
	c.places(phone.Options{Target: c.dial("12345"), From: "13800000002"})
	waiting := c.caller(rest, "+86138****0002")
	firm := c.places(phone.Options{Target: c.dial("1234501"), From: "13800000003"})
	reserved := served("+86138****0003")
	if reserved.Agent == borrowed.Agent {
		t.Errorf("both were served by %s", reserved.Agent)
	}
	if wait := reserved.Connected.Sub(reserved.Accepted); wait > 5*time.Second {
		t.Errorf("the enterprise waited %s for a specialist who was free", wait)
	}

	hangUp := func(call *phone.Call) {
		if err := call.Hangup(ctx); err != nil {
			t.Error(err)
		}
	}
	hangUp(first)
	c.await(rest, "of the first", func(r record) bool { return r.Contact == borrowed.Contact && !r.Ended.IsZero() })
	if r := c.caller(rest, "+86138****0002"); r.Offers != 0 {
		t.Errorf("the second caller was offered the specialist that is reserved: %+v", r)
	}
	hangUp(firm)
	if r := served("+86138****0002"); r.Contact != waiting.Contact || r.Connected.Before(reserved.Connected) {
		t.Errorf("the second caller: %+v", r)
	}
}
