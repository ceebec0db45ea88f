package desk_test

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/contact"
	"hotline/desk"
	"hotline/desk/headless"
	"hotline/gateway/webrtc"
	"hotline/media/prompt"
	"hotline/media/tone"
	"hotline/routing"
	"hotline/session"
)

// These tests run one after another: audio needs the machine's time.

// studio is a gateway with its wheel.
type studio struct {
	gateway *webrtc.Gateway
	wheel   *prompt.Wheel
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
	g, err := webrtc.New(webrtc.Options{
		Config: webrtc.Config{Listen: "127.0.0.1:0"}, Log: slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(), Wheel: wheel,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Close(ctx); err != nil {
			t.Error(err)
		}
		wheel.Close()
	})
	return &studio{g, wheel}
}

// citizen lets the agent hear hz, and returns what the agent says.
func (s *studio) citizen(t *testing.T, agent contact.AgentID, hz float64) *tone.Ear {
	t.Helper()
	seat, err := s.gateway.SeatMedia(agent)
	if err != nil {
		t.Fatal(err)
	}
	source := seat.Out().NewSource()
	seat.Out().Select(source)
	playing := s.wheel.Play(source, prompt.Tone(hz, time.Second, 0.3), true)
	t.Cleanup(playing.Stop)
	ear := tone.NewEar(16000)
	seat.Forward(ear)
	return ear
}

func form() map[string]any {
	return map[string]any{
		"requester": map[string]any{"kind": "natural", "reply_wanted": true},
		"place":     map[string]any{"address": "幸福路 1 号", "division_code": "110105001001"},
		"title":     "暖气不热", "content": "家里暖气三天不热", "category": "complaint",
		"item_code": "01.02.003", "urgency": "normal", "disposition": "dispatched",
	}
}

func TestAHeadlessAgentServesACall(t *testing.T) {
	rooms := newStudio(t)
	w := newWorldWith(t, desk.WebRTC(rooms.gateway))
	a, err := headless.Dial(w.ctx(), headless.Options{
		URL: w.server.URL, Account: "1001", Password: "secret", Log: slog.New(slog.DiscardHandler),
		TalkFor: 2 * time.Second, Play: headless.Sine(880), Form: form(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.awaitQueue("1001", routing.Ready)
	c := newCall(1)
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	ear := rooms.citizen(t, "1001", 620)
	heard, err := ear.Await(w.ctx(), 8000)
	if err != nil {
		t.Fatal(err)
	}
	if hz, _ := tone.Peak(heard[len(heard)-1600:], 8000); math.Abs(hz-880) > 5 {
		t.Errorf("the citizen hears %.1f Hz, want 880", hz)
	}
	r := <-a.Reports()
	if r.Contact != string(c.Contact.ID) || !r.Answered || r.Cause != "agent_ended" || r.Ticket != "20261124-0000001-3" || r.Err != "" {
		t.Errorf("report is %+v", r)
	}
	if math.Abs(r.HeardHz-620) > 5 || r.Level < 0.1 || r.Packets < 50 || r.Talked < 2*time.Second {
		t.Errorf("report is %+v, want 620 Hz heard", r)
	}
	// It is ready again, and a ring that stops is reported as well.
	w.awaitQueue("1001", routing.Ready)
	if err := a.Close(w.ctx()); err != nil {
		t.Error(err)
	}
	w.awaitQueue("1001", routing.Offline)
}

func TestAHeadlessAgentReportsARingThatStopped(t *testing.T) {
	w := newWorldWith(t, desk.WebRTC(newStudio(t).gateway))
	a, err := headless.Dial(w.ctx(), headless.Options{
		URL: w.server.URL, Account: "1001", Password: "secret", Log: slog.New(slog.DiscardHandler),
		AnswerAfter: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := newCall(1)
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	w.desk.Tell("1001", session.News{
		Kind: session.RingStopped, Contact: c.Contact.ID, Token: 1, Why: session.RingUnanswered,
	})
	if r := <-a.Reports(); r.Answered || r.Cause != "unanswered" || r.Caller != "+86138****5678" {
		t.Errorf("report is %+v", r)
	}
	w.awaitQueue("1001", routing.Away) // who lets it ring stays away
	if err := a.Close(w.ctx()); err != nil {
		t.Error(err)
	}
	w.awaitQueue("1001", routing.Offline)
	w.queue.mu.Lock()
	defer w.queue.mu.Unlock()
	if told := slices.Compact(w.queue.told["1001"]); told[len(told)-2] != routing.Away {
		t.Errorf("the queue was told %v", told)
	}
}

func TestAHeadlessAgentComesBack(t *testing.T) {
	w := newWorldWith(t, desk.WebRTC(newStudio(t).gateway))
	a, err := headless.Dial(w.ctx(), headless.Options{
		URL: w.server.URL, Account: "1001", Password: "secret", Log: slog.New(slog.DiscardHandler), TalkFor: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Drain(0)
	w.awaitMetric("hotline_desk_socket_joins_total", "resumed", 1)
	w.staff.mu.Lock()
	clear(w.staff.tokens) // as after a restart of the store
	w.staff.mu.Unlock()
	w.awaitMetric("hotline_desk_socket_joins_total", "resumed", 2)
	c := newCall(1)
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	if r := <-a.Reports(); !r.Answered || r.Contact != string(c.Contact.ID) {
		t.Errorf("report is %+v", r)
	}
	if err := a.Close(w.ctx()); err != nil {
		t.Error(err)
	}
}

func TestAHeadlessAgentThatIsNotWanted(t *testing.T) {
	w := newWorld(t)
	tests := map[string]headless.Options{
		"a wrong password": {Account: "1001", Password: "guess"},
		"a desk elsewhere": {Account: "1002", Password: "secret"},
	}
	w.sit("1002")
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			o.URL, o.Log = w.server.URL, slog.New(slog.DiscardHandler)
			if a, err := headless.Dial(w.ctx(), o); err == nil {
				_ = a.Close(w.ctx())
				t.Error("dialled")
			}
		})
	}
}

func TestAHeadlessAgentAnswersMessages(t *testing.T) {
	w := newWorldWith(t, desk.WebRTC(newStudio(t).gateway))
	w.hall.thread = []contact.Message{
		{ID: "1", Seq: 1, From: contact.ByCitizen, Text: "在吗"},
		{ID: "2", Seq: 2, From: contact.ByAgent, Agent: "1002", Text: "在"},
		{ID: "3", Seq: 3, From: contact.ByCitizen, Text: "路灯坏了"},
	}
	w.hall.seq = 3
	chats := make(chan headless.ChatReport, 1)
	a, err := headless.Dial(w.ctx(), headless.Options{
		URL: w.server.URL, Account: "1001", Password: "secret", Log: slog.New(slog.DiscardHandler), Form: form(),
		Write: func(_ string, m headless.Message) (string, bool) { return "收到:" + m.Text, m.Text == "谢谢" },
		Chats: func(r headless.ChatReport) { chats <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := newText(1)
	if err := <-w.offer("1001", c); err != nil {
		t.Fatalf("offer: %v", err)
	}
	w.awaitDid("say 收到:路灯坏了")
	w.hall.mu.Lock()
	thanks := contact.Message{ID: "5", Seq: 5, From: contact.ByCitizen, Text: "谢谢"}
	w.hall.thread = append(w.hall.thread, contact.Message{Seq: 4, From: contact.ByAgent, Agent: "1001"}, thanks)
	w.hall.mu.Unlock()
	w.desk.Tell("1001", session.News{Kind: session.Said, Contact: c.Contact.ID, Token: 1, Message: thanks})
	r := <-chats
	if r.Contact != string(c.Contact.ID) || r.Heard != 2 || r.Said != 2 || r.Cause != "agent_ended" || r.Ticket == "" ||
		r.Account != "portal" || r.Accepted.IsZero() || r.Err != "" {
		t.Errorf("report is %+v", r)
	}
	if w.hall.count("say 收到:路灯坏了") != 1 || w.hall.count("say 收到:谢谢") != 1 || w.hall.count("say 收到:在吗") != 0 {
		t.Errorf("the session was told %v", w.hall.log)
	}
	if err := a.Close(w.ctx()); err != nil {
		t.Error(err)
	}
}
