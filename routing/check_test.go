package routing_test

import (
	"errors"
	"testing"
	"time"

	"hotline/contact"
	"hotline/routing"
)

func TestEntryValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*routing.Entry)
		ok     bool
	}{
		"good":             {func(*routing.Entry) {}, true},
		"highest band":     {func(e *routing.Entry) { e.Band = routing.HighestBand }, true},
		"key injection":    {func(e *routing.Entry) { e.Contact = "01JDG3Z4V7Q8W9X0Y1{2A3}*4C" }, false},
		"no class":         {func(e *routing.Entry) { e.Class = "" }, false},
		"no buckets":       {func(e *routing.Entry) { e.Buckets = nil }, false},
		"bucket twice":     {func(e *routing.Entry) { e.Buckets = []routing.Bucket{"a", "a"} }, false},
		"bucket injection": {func(e *routing.Entry) { e.Buckets = []routing.Bucket{"a,b"} }, false},
		"negative band":    {func(e *routing.Entry) { e.Band = -1 }, false},
		"huge band":        {func(e *routing.Entry) { e.Band = routing.HighestBand + 1 }, false},
		"negative credit":  {func(e *routing.Entry) { e.Credit = -1 }, false},
		"huge credit":      {func(e *routing.Entry) { e.Credit = routing.LargestCredit + 1 }, false},
		"no ring":          {func(e *routing.Entry) { e.Ring = 0 }, false},
		"no anchor":        {func(e *routing.Entry) { e.Anchor = "" }, false},
		"anchor injection": {func(e *routing.Entry) { e.Anchor = "n1\n" }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := routing.Entry{
				Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Class: contact.Voice,
				Buckets: []routing.Bucket{"general", "tax"}, Anchor: "node-1", Ring: 15 * time.Second,
			}
			tt.change(&e)
			verdict(t, e.Validate(), tt.ok)
		})
	}
}

func TestAssertionValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*routing.Assertion)
		ok     bool
	}{
		"talking":          {func(*routing.Assertion) {}, true},
		"waiting":          {func(a *routing.Assertion) { a.State, a.Agent, a.Token = routing.Wait, "", 0 }, true},
		"wrapping":         {func(a *routing.Assertion) { a.State = routing.Wrapping }, true},
		"a waiting agent":  {func(a *routing.Assertion) { a.State = routing.Wait }, false},
		"nobody talks":     {func(a *routing.Assertion) { a.Agent = "" }, false},
		"agent injection":  {func(a *routing.Assertion) { a.Agent = "1001}:c:*" }, false},
		"a talk, no token": {func(a *routing.Assertion) { a.Token = 0 }, false},
		"a huge token":     {func(a *routing.Assertion) { a.Token = 1<<53 + 1 }, false},
		"on offer":         {func(a *routing.Assertion) { a.State = routing.Offered }, false},
		"a bad entry":      {func(a *routing.Assertion) { a.Buckets = nil }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := routing.Assertion{
				Entry: routing.Entry{
					Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Class: contact.Voice,
					Buckets: []routing.Bucket{"general"}, Anchor: "node-1", Ring: 15 * time.Second,
				},
				State: routing.Talking, Agent: "1001", Token: 3,
			}
			tt.change(&a)
			verdict(t, a.Validate(), tt.ok)
		})
	}
}

func TestAgentValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*routing.Agent)
		ok     bool
	}{
		"good":           {func(*routing.Agent) {}, true},
		"no skills":      {func(a *routing.Agent) { a.Buckets, a.Slots = nil, nil }, true},
		"no id":          {func(a *routing.Agent) { a.ID = "" }, false},
		"id injection":   {func(a *routing.Agent) { a.ID = "1001}:c:*" }, false},
		"no status":      {func(a *routing.Agent) { a.Status = "" }, false},
		"no node":        {func(a *routing.Agent) { a.Node = "" }, false},
		"negative tier":  {func(a *routing.Agent) { a.Buckets["general"] = -1 }, false},
		"bad bucket":     {func(a *routing.Agent) { a.Buckets["a=b"] = 0 }, false},
		"negative slots": {func(a *routing.Agent) { a.Slots[contact.Voice] = -1 }, false},
		"unknown class":  {func(a *routing.Agent) { a.Slots["fax"] = 1 }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := routing.Agent{
				ID: "1001", Node: "node-1", Status: routing.Ready,
				Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
			}
			tt.change(&a)
			verdict(t, a.Validate(), tt.ok)
		})
	}
}

func TestReasonValidate(t *testing.T) {
	t.Parallel()
	for _, r := range []routing.DeclineReason{routing.Rejected, routing.Unanswered, routing.Unreachable, routing.Disconnected} {
		verdict(t, r.Validate(), true)
	}
	verdict(t, routing.DeclineReason("bored").Validate(), false)
}

func verdict(t *testing.T, err error, ok bool) {
	t.Helper()
	if (err == nil) != ok || (err != nil && !errors.Is(err, routing.ErrBad)) {
		t.Errorf("error %v, want ok=%v", err, ok)
	}
}
