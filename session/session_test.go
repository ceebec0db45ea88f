package session_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/contact"
	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
	"hotline/routing/memstore"
	"hotline/session"
)

const node = routing.NodeID("node-1")

// house is a hall on the model queue, in a bubble with its own clock.
type house struct {
	lines    *routing.Book
	t        *testing.T
	hall     *session.Hall
	queue    *memstore.Store
	store    *flaky // the queue as the hall sees it
	seats    *fakeSeats
	records  *fakeRecords
	platform *fakePlatform
	life     context.Context
	orders   chan routing.Command // besides the queue's
	metrics  *prometheus.Registry
	primary  atomic.Bool // those who watch still name this store
}

// inHouse runs a test with two agents, 1001 the longer idle, and stops all.
func inHouse(t *testing.T, test func(*house), agents ...contact.AgentID) {
	inHouseOf(t, routing.Config{Lines: []routing.Line{line()}}, test, agents...)
}

// inHouseOf is inHouse under another policy.
func inHouseOf(t *testing.T, policy routing.Config, test func(*house), agents ...contact.AgentID) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouseOf(t, policy)
		ctx, stop := context.WithCancel(context.Background())
		ran := make(chan struct{})
		commands := h.queue.Commands(ctx, node)
		go func() { defer close(ran); h.hall.Run(commands) }()
		for _, a := range agents {
			h.ready(a)
		}
		test(h)
		stop()
		<-ran
		if n := h.hall.Open(); n != 0 {
			t.Errorf("%d sessions are left open", n)
		}
	})
}

func newHouse(t *testing.T) *house {
	return newHouseOf(t, routing.Config{Lines: []routing.Line{line()}})
}

func newHouseOf(t *testing.T, policy routing.Config) *house {
	lines, err := routing.NewBook(policy)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		t: t, lines: lines, queue: memstore.New(time.Now), seats: newSeats(), records: newRecords(), life: t.Context(),
		metrics: prometheus.NewRegistry(),
	}
	if err := h.queue.Beat(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	h.platform = &fakePlatform{}
	h.store = &flaky{Store: h.queue}
	h.hall = session.NewHall(session.Options{
		Node: node, Queue: h.store, Seats: h.seats, Lines: lines, Records: h.records,
		RefKey: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.DiscardHandler),
		Registerer: h.metrics, Conversations: h.platform,
		Primary: func(context.Context) bool { return h.primary.Load() },
	})
	return h
}

func line() routing.Line {
	l := routing.DefaultLine()
	l.Name, l.Skill, l.Greeting = "citizen", "general", "greeting"
	l.Title = routing.Title{ZH: "市民热线", EN: "Citizens' line"}
	l.Numbers = []routing.Number{{Dial: "12345"}, {Dial: "12315", Source: "12315"}}
	l.Accounts = []routing.Account{{Channel: contact.Web, Account: "portal"}}
	l.Message = routing.Manners{Ring: 30 * time.Second, WrapUp: 90 * time.Second}
	return l
}

func (h *house) ready(a contact.AgentID) {
	h.t.Helper()
	time.Sleep(time.Millisecond) //nolint:forbidigo // the bubble's clock: who is ready first is idle longer
	err := h.queue.SetAgent(h.life, routing.Agent{
		ID: a, Node: node, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// call lets a citizen dial and hear the greeting to its end.
func (h *house) call(called string) *fakeVoice {
	h.t.Helper()
	time.Sleep(time.Millisecond) //nolint:forbidigo // the bubble's clock: no two citizens call at the same moment
	v := newVoice(called)
	h.hall.Receive(h.life, v)
	v.wants(h.t, "answer", "play greeting")
	close(v.greeted)
	v.wants(h.t, "hold")
	return v
}

// talk connects a citizen with the first agent.
func (h *house) talk() (*fakeVoice, ring) {
	h.t.Helper()
	v := h.call("12345")
	r := h.seats.ringing(h.t)
	h.must(h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token))
	v.wants(h.t, "connect "+string(r.agent))
	h.seats.told(h.t, session.Connected)
	return v, r
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) wantErr(err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Errorf("got error %v, want %v", err, want)
	}
}

func TestACallFromGreetingToRecord(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		h.must(h.hall.Hold(h.life, id, r.agent))
		v.wants(t, "hold")
		h.seats.told(t, session.Held)
		time.Sleep(7 * time.Second) //nolint:forbidigo // the bubble's clock
		h.must(h.hall.Resume(h.life, id, r.agent))
		v.wants(t, "connect 1001")
		h.seats.told(t, session.Resumed)
		v.gone(contact.CitizenEnded)
		h.seats.told(t, session.Ended)
		h.must(h.hall.FinishWrapUp(h.life, id, r.agent))
		h.seats.told(t, session.Finished)

		rec := h.records.end(t)
		if rec.Cause != contact.CitizenEnded || rec.Agent != "1001" || rec.Offers != 1 || rec.Held != 7*time.Second {
			t.Errorf("record: cause %s, agent %s, %d offers, held %s", rec.Cause, rec.Agent, rec.Offers, rec.Held)
		}
		synctest.Wait() // the queue's orders run beside the session
		want := []records.EventKind{
			records.Accepted, records.Greeted, records.Queued, records.Offered, records.Connected,
			records.Held, records.Resumed, records.TalkEnded, records.Ended,
		}
		if got := h.records.stepsOf(id); !slices.Equal(got, want) {
			t.Errorf("steps %v, want %v", got, want)
		}
		if s := h.queue.Hall().Contacts[id]; s.State != routing.Ended {
			t.Errorf("the queue has the contact as %s", s.State)
		}
	}, "1001")
}

func TestUnansweredRingGoesOnAndKeepsThePlace(t *testing.T) {
	inHouse(t, func(h *house) {
		first := h.call("12345")
		one := h.seats.ringing(t)
		began := time.Now()
		second := h.call("12315")
		two := h.seats.ringing(t)
		h.must(h.hall.Decline(h.life, two.call.Contact.ID, two.agent, two.call.Token))
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingRejected {
			t.Errorf("the ring stopped as %s", n.Why)
		}
		// Both desks are away or ringing; the first call rings out after 15 s.
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingUnanswered || n.Contact != one.call.Contact.ID {
			t.Errorf("ring of %s stopped as %s", n.Contact, n.Why)
		}
		if rang := time.Since(began); rang != 15*time.Second {
			t.Errorf("it rang for %s, want 15s", rang)
		}
		synctest.Wait()
		h.ready("1003")
		again := h.seats.ringing(t)
		if again.call.Contact.ID != one.call.Contact.ID || again.agent != "1003" || again.call.Token <= one.call.Token {
			t.Errorf("%s rings for %s with token %d: the first caller lost the place", again.agent, again.call.Contact.ID, again.call.Token)
		}
		first.gone(contact.CitizenEnded)
		second.gone(contact.CitizenEnded)
		h.records.end(t)
		h.records.end(t)
	}, "1001", "1002")
}

func TestCitizenLeaves(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		leave func(*house) *fakeVoice
		want  contact.Cause
	}{
		"in the greeting": {func(h *house) *fakeVoice {
			v := newVoice("12345")
			h.hall.Receive(h.life, v)
			v.wants(h.t, "answer", "play greeting")
			return v
		}, contact.AbandonedGreeting},
		"in the queue": {func(h *house) *fakeVoice { return h.call("12345") }, contact.AbandonedQueue},
		"while it rings": {func(h *house) *fakeVoice {
			h.ready("1001")
			v := h.call("12345")
			h.seats.ringing(h.t)
			return v
		}, contact.AbandonedRinging},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				v := tt.leave(h)
				synctest.Wait()
				v.gone(contact.CitizenEnded)
				rec := h.records.end(t)
				if rec.Cause != tt.want {
					t.Errorf("cause %s, want %s", rec.Cause, tt.want)
				}
				synctest.Wait()
				if c := h.queue.Hall().Contacts[rec.Contact]; c.State != routing.Ended && c.State != "" {
					t.Errorf("the queue still has the contact as %s", c.State)
				}
				if tt.want == contact.AbandonedRinging {
					if n := h.seats.told(t, session.RingStopped); n.Why != session.RingCitizenGone {
						t.Errorf("the ring stopped as %s", n.Why)
					}
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	inHouse(t, func(h *house) {
		v := newVoice("99999")
		h.hall.Receive(h.life, v)
		v.wants(t, "refuse refused_unknown")
		if rec := h.records.end(t); rec.Cause != contact.RefusedUnknown {
			t.Errorf("cause %s", rec.Cause)
		}
	})
}

func TestCallThatEndsUnanswered(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ medium, want contact.Cause }{
		"the citizen cancels": {contact.CitizenEnded, contact.AbandonedGreeting},
		"no port is free":     {contact.RefusedOverload, contact.RefusedOverload},
		"the ACK never comes": {contact.MediaLost, contact.MediaLost},
		"nobody knows":        {contact.Internal, contact.Internal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				v := newVoice("12345")
				v.answer = errors.New("the call has ended")
				v.gone(tt.medium)
				h.hall.Receive(h.life, v)
				if rec := h.records.end(t); rec.Cause != tt.want {
					t.Errorf("cause %s, want %s", rec.Cause, tt.want)
				}
			})
		})
	}
}

func TestLostAnswerOfTheQueueLeavesNobodyBehind(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		r := h.seats.ringing(t)
		h.store.lost = errors.New("connection reset")
		if err := h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token); err == nil {
			t.Error("accepted without an answer of the queue")
		}
		h.store.lost = nil
		h.seats.told(t, session.RingStopped)
		next := h.seats.ringing(t)
		if next.agent != "1002" || next.call.Contact.ID != r.call.Contact.ID {
			t.Errorf("%s rings for %s", next.agent, next.call.Contact.ID)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001", "1002")
}

func TestDeskThatDoesNotShowTheRing(t *testing.T) {
	inHouse(t, func(h *house) {
		h.seats.offer = func(ctx context.Context, a contact.AgentID) error {
			if a == "1001" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		v := h.call("12345")
		began := time.Now()
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingUnreachable {
			t.Errorf("the ring stopped as %s", n.Why)
		}
		if r := h.seats.ringing(t); r.agent != "1002" {
			t.Errorf("%s rings, want the next agent", r.agent)
		}
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("the next desk rang after %s, want 2s", waited)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001", "1002")
}

func TestWhoMayDoWhat(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		r := h.seats.ringing(t)
		id := r.call.Contact.ID
		h.wantErr(h.hall.Accept(h.life, id, "1002", r.call.Token), routing.ErrStale)
		h.wantErr(h.hall.Accept(h.life, id, r.agent, r.call.Token+1), routing.ErrStale)
		h.wantErr(h.hall.Hangup(h.life, id, r.agent), session.ErrState)
		h.must(h.hall.Accept(h.life, id, r.agent, r.call.Token))
		h.wantErr(h.hall.Accept(h.life, id, r.agent, r.call.Token), routing.ErrStale)
		h.wantErr(h.hall.Hangup(h.life, id, "1002"), session.ErrNotYours)
		h.wantErr(h.hall.FinishWrapUp(h.life, id, r.agent), session.ErrState)
		h.wantErr(h.hall.Hangup(h.life, "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", r.agent), session.ErrNotYours)
		v.gone(contact.CitizenEnded)
		h.must(h.hall.FinishWrapUp(h.life, id, r.agent))
		h.records.end(t)
	}, "1001")
}

func TestAgentHangsUp(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		h.must(h.hall.Hangup(h.life, id, r.agent))
		v.wants(t, "hold", "play goodbye", "close agent_ended")
		ended := h.seats.told(t, session.Ended)
		if left := time.Until(ended.Until); left != time.Minute {
			t.Errorf("wrap-up has %s, want 1m", left)
		}
		h.must(h.hall.ExtendWrapUp(h.life, id, r.agent))
		h.must(h.hall.ExtendWrapUp(h.life, id, r.agent))
		h.wantErr(h.hall.ExtendWrapUp(h.life, id, r.agent), session.ErrState)
		h.seats.told(t, session.WrappingUp)
		if n := h.seats.told(t, session.WrappingUp); n.Extended != 2 {
			t.Errorf("extended %d times, want 2", n.Extended)
		}
		h.seats.told(t, session.Finished) // by the clock
		if rec := h.records.end(t); rec.Cause != contact.AgentEnded {
			t.Errorf("cause %s", rec.Cause)
		}
	}, "1001")
}

func TestMuteReachesTheCitizen(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		id := r.call.Contact.ID
		h.must(h.hall.Mute(h.life, id, r.agent, true))
		v.wants(t, "mute")
		h.seats.told(t, session.Muted)
		h.must(h.hall.Mute(h.life, id, r.agent, false))
		v.wants(t, "unmute")
		h.seats.told(t, session.Unmuted)
		v.gone(contact.CitizenEnded)
		h.must(h.hall.FinishWrapUp(h.life, id, r.agent))
		h.records.end(t)
	}, "1001")
}

func TestBridgeThatFailsGoesToTheNextAgent(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		r := h.seats.ringing(t)
		v.connect = errors.New("no audio")
		if err := h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token); err == nil {
			t.Error("accepted without audio")
		}
		v.wants(t, "connect 1001")
		h.seats.told(t, session.RingStopped)
		if next := h.seats.ringing(t); next.agent != "1002" || next.call.Contact.ID != r.call.Contact.ID {
			t.Errorf("%s rings for %s", next.agent, next.call.Contact.ID)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001", "1002")
}

// TestAHangUpThatCrossesTheAccept: the call has ended, and the news of it comes
// after the agent's accept. The agent is not to blame, and stays ready.
func TestAHangUpThatCrossesTheAccept(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		r := h.seats.ringing(t)
		v.connect = gateway.ErrGone
		h.wantErr(h.hall.Accept(h.life, r.call.Contact.ID, r.agent, r.call.Token), routing.ErrStale)
		v.gone(contact.CitizenEnded)
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingCitizenGone {
			t.Errorf("the ring stopped as %s", n.Why)
		}
		if rec := h.records.end(t); rec.Cause != contact.AbandonedRinging {
			t.Errorf("cause %s", rec.Cause)
		}
		synctest.Wait()
		if a := h.queue.Hall().Seats[r.agent]; a.Status != routing.Ready {
			t.Errorf("the agent is %s", a.Status)
		}
	}, "1001")
}

func TestRecordIsWrittenOnceTheDatabaseIsBack(t *testing.T) {
	inHouse(t, func(h *house) {
		h.records.setAway(errors.New("away"))
		v := h.call("12345")
		v.gone(contact.CitizenEnded)
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		h.records.setAway(nil)
		rec := h.records.end(t)
		if rec.Cause != contact.AbandonedQueue || len(h.records.stepsOf(rec.Contact)) != 4 {
			t.Errorf("cause %s, steps %v", rec.Cause, h.records.stepsOf(rec.Contact))
		}
	})
}

func TestNodeThatStopsEndsWhatIsOpen(t *testing.T) {
	inHouse(t, func(h *house) {
		ctx, stop := context.WithCancel(h.life)
		h.life = ctx
		v, _ := h.talk()
		stop()
		v.wants(t, "close node_lost")
		h.seats.told(t, session.Ended)
		h.seats.told(t, session.Finished)
		if rec := h.records.end(t); rec.Cause != contact.NodeLost {
			t.Errorf("cause %s", rec.Cause)
		}
	}, "1001")
}
