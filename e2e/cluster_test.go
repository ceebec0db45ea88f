package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
)

// TestTwoNodesShareQueue: a citizen dials one node, the only agent's desk is at
// the other; and the other way round. Both hear each other, each call has one
// record, and who talks there gets no second call from here.
func TestTwoNodesShareQueue(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "two nodes, one queue",
		"a citizen of one node talks with an agent whose desk is at the other, with audio both ways; the record is whole")
	h := newHouse(t)
	a, b := h.node("north"), h.node("south")
	for name, side := range map[string]struct{ called, seated *city }{
		"called north, answered south": {a, b},
		"called south, answered north": {b, a},
	} {
		t.Run(name, func(t *testing.T) { acrossNodes(t, h, side.called, side.seated) })
	}
}

func acrossNodes(t *testing.T, h *house, called, seated *city) {
	called = called.on(t)
	heard := make(chan []int16, 1)
	agent := seated.on(t).agent(headless.Options{
		Account: "1001", AnswerAfter: 200 * time.Millisecond, WrapUp: 10 * time.Millisecond,
		Play: headless.Sine(1004), Heard: func(_ headless.Report, samples []int16) { heard <- samples },
	})
	rest := called.supervisor()
	citizen := gatewaytest.StartBaresip(t, called.dial(plainNumber), "13800000001", citizenHz)
	talk := called.await(rest, "of the talk", func(r record) bool { return connected(r) && r.Ended.IsZero() })

	second := gatewaytest.StartBaresip(t, called.dial(plainNumber), "13800000002", citizenHz)
	waiting := called.await(rest, "that waits", func(r record) bool { return r.Contact != talk.Contact && r.Ended.IsZero() })
	pause(t, 4*time.Second) // nobody is free for it
	second.Stop()
	if r := called.await(rest, "that gave up", func(r record) bool { return r.Contact == waiting.Contact && !r.Ended.IsZero() }); r.Offers != 0 {
		t.Errorf("an agent in a talk was offered another call: %+v", r)
	}

	citizenHeard(t, citizen.Heard(), 1004)
	r := called.report(agent)
	if r.Contact != talk.Contact || r.Cause != "citizen_ended" || math.Abs(r.HeardHz-citizenHz) > 5 || r.Lost*50 > r.Packets {
		t.Errorf("the agent reports %+v", r)
	}
	citizenHeard(t, <-heard, citizenHz)
	done := called.await(rest, "that ended", func(r record) bool { return r.Contact == talk.Contact && !r.Ended.IsZero() })
	if done.Agent != "1001" || done.Cause != "citizen_ended" || done.Offers != 1 {
		t.Errorf("record %+v", done)
	}
	called.until("nothing is left", func() bool { return len(leftBehind(t, h.keys)) == 0 }, func() string { return "" })
}

// TestABrowserAtAnotherNode: an operator at a real browser serves a caller of
// another node, with audio both ways, then one of the own node, then one of the
// other again, over the connection that was kept.
func TestABrowserAtAnotherNode(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerChromium, "two nodes, one queue",
		"a browser brings its audio to a caller's node at the ring, keeps it, and serves callers of both nodes in turn")
	h := newHouse(t)
	far, own := h.node("north"), h.nodeWithDesk("south")
	o := newOperator(t, 1004)
	o.signIn(own, "1001")
	for i, called := range []*city{far, own, far} {
		citizen := gatewaytest.StartBaresip(t, called.dial(plainNumber), fmt.Sprintf("1380000000%d", i), citizenHz)
		o.answers()
		o.hears(citizenHz)
		pause(t, 2*time.Second)
		o.hangsUp()
		citizenHeard(t, citizen.Heard(), 1004)
	}
	if n := far.metric(`hotline_webrtc_answers_total{result="ok"}`); n != 1 {
		t.Errorf("the other node answered %v offers of the desk, want 1: the connection is kept", n)
	}
}

// TestADrainedNode: a node of two drains while one of its agents talks. The talk
// goes on to its end, then the desk is at the other node, ready, and serves there.
func TestADrainedNode(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "a node of two drains",
		"its talk goes on to its end; its agents' desks go to the other node and serve there")
	h := newHouse(t)
	north, south := h.node("north"), h.node("south")
	rest := south.supervisor()
	agent := north.agent(headless.Options{
		Account: "1001", Others: []string{south.url()}, AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(1004),
	})
	idle := north.agent(headless.Options{Account: "1002", Others: []string{south.url()}, AnswerAfter: time.Millisecond, WrapUp: time.Millisecond})
	citizen := gatewaytest.StartBaresip(t, north.dial(plainNumber), "13800000001", citizenHz)
	talk := south.await(rest, "of the talk", connected)
	at := map[string]*headless.Agent{"1001": agent, "1002": idle}
	talks := at[talk.Agent]
	delete(at, talk.Agent)

	north.drain()
	next := gatewaytest.StartBaresip(t, south.dial(plainNumber), "13800000002", citizenHz)
	served := south.await(rest, "that the idle agent serves", func(r record) bool { return r.Contact != talk.Contact && connected(r) })
	if served.Agent == talk.Agent || !served.Ended.IsZero() {
		t.Errorf("record %+v", served)
	}
	next.Stop()
	for _, other := range at {
		if r := south.report(other); !r.Answered || r.Cause != "citizen_ended" {
			t.Errorf("the idle agent reports %+v", r)
		}
		if err := other.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	citizen.Stop()
	if r := south.report(talks); r.Contact != talk.Contact || r.Cause != "citizen_ended" {
		t.Errorf("the talker reports %+v", r)
	}
	last := gatewaytest.StartBaresip(t, south.dial(plainNumber), "13800000003", citizenHz)
	south.await(rest, "that the talker serves elsewhere", func(r record) bool { return r.Caller == "+86138****0003" && connected(r) })
	last.Stop()
	if r := south.report(talks); !r.Answered {
		t.Errorf("the talker reports %+v", r)
	}
}
