package e2e

import (
	"testing"
	"time"

	"hotline/contact"
	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/node"
	"hotline/routing"
)

// TestVoiceAndChatOneQueue: conversations and a call wait in one order. A desk
// that has one contact at a time serves them as they came; one that has room for
// both has them at once.
func TestVoiceAndChatOneQueue(t *testing.T) {
	t.Run("one at a time, as they came", oneAtATime)
	t.Run("both at once", bothAtOnce)
}

func oneAtATime(t *testing.T) {
	c := startCity(t, func(cfg *node.Config) {
		withChat(cfg)
		cfg.Routing.Channels = map[contact.Class]routing.Capacity{ // each fills the seat
			contact.Voice: {Slots: 1, Excludes: []contact.Class{contact.Text}},
			contact.Text:  {Slots: 1, Excludes: []contact.Class{contact.Voice}},
		}
	})
	rest := c.supervisor()
	first, last := c.chatter(), c.chatter()
	first.writes("路灯坏了")
	c.await(rest, "of the first conversation", func(r record) bool { return r.Contact == first.id })
	gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", citizenHz)
	call := c.await(rest, "of the call", func(r record) bool { return r.Source == "12345" })
	last.writes("噪声扰民")
	c.await(rest, "of the last conversation", func(r record) bool { return r.Contact == last.id })

	chats := make(chan headless.ChatReport, 2)
	agent := c.agent(headless.Options{
		Account: "1001", AnswerAfter: 50 * time.Millisecond, TalkFor: time.Second, WrapUp: 50 * time.Millisecond, Form: noise(),
		Write: func(_ string, m headless.Message) (string, bool) { return "收到:" + m.Text, true },
		Chats: func(r headless.ChatReport) { chats <- r },
	})
	if r := c.report(agent); !r.Answered || r.Ticket == "" || r.Contact != call.Contact {
		t.Errorf("the call: %+v", r)
	}
	for _, v := range []*chatter{first, last} {
		r := <-chats
		if r.Contact != v.id || r.Heard != 1 || r.Said != 1 || r.Cause != "agent_ended" || r.Ticket == "" {
			t.Errorf("the conversation: %+v", r)
		}
	}
	var served []record
	for _, id := range []string{first.id, call.Contact, last.id} {
		served = append(served, c.await(rest, "that ended", func(r record) bool { return r.Contact == id && !r.Ended.IsZero() }))
	}
	for i, r := range served {
		if r.Agent != "1001" || r.Offers != 1 || i > 0 && r.Connected.Before(served[i-1].Ended) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if said := c.hears(first, 1); said[0].Text != "收到:路灯坏了" || said[0].Agent != "1001" {
		t.Errorf("the citizen reads %+v", said)
	}
}

func bothAtOnce(t *testing.T) {
	c := startCity(t, withChat)
	rest := c.supervisor()
	chats := make(chan headless.ChatReport, 1)
	agent := c.agent(headless.Options{
		Account: "1001", AnswerAfter: 50 * time.Millisecond, WrapUp: 50 * time.Millisecond,
		Play: headless.Sine(1004), Chats: func(r headless.ChatReport) { chats <- r },
	})
	v := c.chatter()
	v.writes("路灯坏了")
	c.hears(v, 1)
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", citizenHz)
	talk := c.await(rest, "of the talk", func(r record) bool { return connected(r) && r.Source == "12345" && r.Ended.IsZero() })
	v.writes("在人民路")
	c.hears(v, 2) // in the middle of the talk
	pause(t, 3*time.Second)
	citizenHeard(t, citizen.Heard(), 1004)
	if r := c.report(agent); r.Contact != talk.Contact || r.Cause != "citizen_ended" {
		t.Errorf("the call: %+v", r)
	}
	v.writes("谢谢")
	c.hears(v, 3)
	v.closes()
	if r := <-chats; r.Heard != 3 || r.Said != 3 || r.Cause != "citizen_ended" {
		t.Errorf("the conversation: %+v", r)
	}
	done := c.await(rest, "of the conversation", func(r record) bool { return r.Contact == v.id && !r.Ended.IsZero() })
	if done.Agent != "1001" || done.Cause != "citizen_ended" || done.Offers != 1 || done.Source != "" {
		t.Errorf("record %+v", done)
	}
}

// TestAConversationOutlivesItsNode: the node that has a conversation goes; the
// agent's desk is at another. The conversation goes on there with the same
// agent, nothing that was written is lost, and it has one record.
func TestAConversationOutlivesItsNode(t *testing.T) {
	h := newHouse(t)
	chatting := func(name string) *city {
		return startCity(t, func(cfg *node.Config) { h.shared(name)(cfg); withChat(cfg) })
	}
	north, south := chatting("north"), chatting("south")
	chats := make(chan headless.ChatReport, 8)
	south.agent(headless.Options{
		Account: "1001", AnswerAfter: 50 * time.Millisecond, WrapUp: 50 * time.Millisecond,
		Write: func(_ string, m headless.Message) (string, bool) { return "收到:" + m.Text, m.Text == "谢谢" },
		Chats: func(r headless.ChatReport) { chats <- r },
	})
	v := north.chatter()
	v.writes("路灯坏了")
	north.hears(v, 1)
	v.writes("在人民路")
	north.hears(v, 2)
	north.drain()
	v.url = south.url() + "/chat/v1"
	v.writes("有人吗")
	if said := south.hears(v, 3); said[2].Text != "收到:有人吗" || said[2].Agent != "1001" {
		t.Errorf("the citizen reads %+v", said)
	}
	v.writes("谢谢")
	south.hears(v, 4)
	rest := south.supervisor()
	r := south.await(rest, "of the conversation", func(r record) bool { return r.Contact == v.id && !r.Ended.IsZero() })
	if r.Agent != "1001" || r.Cause != "agent_ended" || r.Offers != 1 {
		t.Errorf("record %+v", r)
	}
	if n := len(south.hears(v, 4)); n != 4 {
		t.Errorf("%d answers, want 4", n)
	}
}
