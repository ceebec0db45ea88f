package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/recorder"
	"hotline/media/tone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hall is a call with everything around it.
type hall struct {
	*gateway.Call

	leg     *gatewaytest.Leg
	seats   *gatewaytest.Seats
	metrics *prometheus.Registry
}

func newHall(t *testing.T) *hall {
	t.Helper()
	return recorded(t, nil)
}

// recorded is a call that is written down.
func recorded(t *testing.T, tape *recorder.Recorder) *hall {
	t.Helper()
	prompts, err := prompt.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
	h := &hall{leg: gatewaytest.NewLeg(gateway.Arrival{Trunk: "carrier", Called: "12345"}), seats: &gatewaytest.Seats{}}
	h.metrics = prometheus.NewRegistry()
	h.Call = gateway.NewCall(gateway.CallOptions{
		Metrics: gateway.NewMetrics(h.metrics),
		Leg:     h.leg, Seats: h.seats, Wheel: wheel, Prompts: prompts, Recorder: tape,
		ID: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Log: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() {
		_ = h.Close(context.Background(), contact.AgentEnded)
		wheel.Close()
	})
	return h
}

func answered(t *testing.T) *hall {
	t.Helper()
	h := newHall(t)
	if err := h.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// hears waits for a second of new audio.
func hears(t *testing.T, s *gatewaytest.Stream, n int) []int16 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	samples, err := s.Ear().Await(ctx, n)
	if err != nil {
		t.Fatalf("hears nothing: %v", err)
	}
	return samples
}

const (
	citizenTone = 440.0
	agentTone   = 1000.0
)

func say(s *gatewaytest.Stream, hz float64) {
	s.Say(prompt.Tone(hz, time.Second, 0.3).AppendALaw(nil))
}

func TestNothingIsPlayedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.seats.Sit("1001")
	for name, err := range map[string]error{
		"play":    h.Play(t.Context(), prompt.Greeting),
		"hold":    h.Hold(t.Context()),
		"connect": h.Connect(t.Context(), "1001"),
		"mute":    h.Mute(t.Context(), true),
	} {
		if err == nil {
			t.Errorf("%s worked on an unanswered call", name)
		}
	}
}

func TestTheStreamNeverStopsAfterTheAnswer(t *testing.T) {
	t.Parallel()
	h := answered(t)
	if p := tone.Power(hears(t, h.leg.Stream(), 1600)); p > 1e-6 {
		t.Errorf("power %v after the answer, want silence", p)
	}
	if err := h.Play(t.Context(), prompt.Quiet); err != nil {
		t.Fatal(err)
	}
	hears(t, h.leg.Stream(), 1600)
}

func TestPlayReturnsAtTheEnd(t *testing.T) {
	t.Parallel()
	h := answered(t)
	began := time.Now()
	if err := h.Play(t.Context(), prompt.Quiet); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < 900*time.Millisecond {
		t.Errorf("a second of audio was over after %v", d)
	}
	if err := h.Play(t.Context(), "no such prompt"); err == nil {
		t.Error("an unknown prompt was played")
	}
}

func TestPlayIsCutShort(t *testing.T) {
	t.Parallel()
	h := answered(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Play(ctx, prompt.Music); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context canceled", err)
	}
	time.AfterFunc(20*time.Millisecond, h.leg.GiveUp)
	if err := h.Play(t.Context(), prompt.Music); !errors.Is(err, gateway.ErrGone) {
		t.Errorf("error %v, want that the citizen is gone", err)
	}
	if err := h.Hold(t.Context()); !errors.Is(err, gateway.ErrGone) {
		t.Errorf("error %v after the end, want that the citizen is gone", err)
	}
}

func TestBothHearEachOther(t *testing.T) {
	t.Parallel()
	h := answered(t)
	agent := h.seats.Sit("1001")
	if err := h.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p := tone.Power(hears(t, h.leg.Stream(), 8000)); p < 1e-4 {
		t.Errorf("power %v on hold, want music", p)
	}
	if err := h.Connect(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	h.leg.Stream().Ear().Forget()
	say(h.leg.Stream(), citizenTone)
	say(agent, agentTone)
	if !tone.Hears(agent.Ear().Samples(), citizenTone) {
		t.Error("the agent does not hear the citizen")
	}
	if s := h.leg.Stream().Ear().Samples(); !tone.Hears(s, agentTone) || tone.Share(s[len(s)-4000:], media.SampleRate, agentTone) < 0.95 {
		t.Error("the citizen does not hear the agent alone")
	}
}

// Each join counts the first packet of either party, once.
func TestTimeToTheFirstPacketIsCounted(t *testing.T) {
	t.Parallel()
	h := answered(t)
	agent := h.seats.Sit("1001")
	for range 2 {
		if err := h.Connect(t.Context(), "1001"); err != nil {
			t.Fatal(err)
		}
		say(h.leg.Stream(), citizenTone)
	}
	say(agent, agentTone) // said only after the second join
	families, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, m := range families[0].GetMetric() {
		got[m.GetLabel()[0].GetValue()] = m.GetHistogram().GetSampleCount()
	}
	if want := map[string]uint64{"agent": 2, "citizen": 1}; !maps.Equal(got, want) {
		t.Errorf("%s counted %v, want %v", families[0].GetName(), got, want)
	}
}

func TestMuteSendsSilence(t *testing.T) {
	t.Parallel()
	h := answered(t)
	agent := h.seats.Sit("1001")
	if err := errors.Join(h.Connect(t.Context(), "1001"), h.Mute(t.Context(), true)); err != nil {
		t.Fatal(err)
	}
	say(agent, agentTone)
	say(h.leg.Stream(), citizenTone)
	if p := tone.Power(hears(t, h.leg.Stream(), 3200)); p > 1e-6 {
		t.Errorf("power %v from a muted agent, want silence", p)
	}
	if !tone.Hears(agent.Ear().Samples(), citizenTone) {
		t.Error("the muted agent does not hear the citizen")
	}
	if err := h.Mute(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	h.leg.Stream().Ear().Forget()
	say(agent, agentTone)
	if !tone.Hears(h.leg.Stream().Ear().Samples(), agentTone) {
		t.Error("the agent stays muted")
	}
}

func TestHoldTakesTheAgentOff(t *testing.T) {
	t.Parallel()
	h := answered(t)
	agent := h.seats.Sit("1001")
	if err := errors.Join(h.Connect(t.Context(), "1001"), h.Hold(t.Context())); err != nil {
		t.Fatal(err)
	}
	agent.Ear().Forget()
	h.leg.Stream().Ear().Forget()
	say(h.leg.Stream(), citizenTone)
	say(agent, agentTone)
	if n := agent.Ear().Packets(); n != 0 {
		t.Errorf("the agent hears %d packets of a citizen on hold", n)
	}
	if tone.Hears(h.leg.Stream().Ear().Samples(), agentTone) {
		t.Error("the citizen on hold hears the agent")
	}
}

// A seat that another call has taken meanwhile is left alone.
func TestALateEndSparesTheNextCall(t *testing.T) {
	t.Parallel()
	first, second := answered(t), answered(t)
	agent := first.seats.Sit("1001")
	second.seats = first.seats
	if err := first.Connect(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	other := gateway.NewCall(gateway.CallOptions{
		Leg: second.leg, Seats: first.seats, Wheel: nil, Prompts: nil, ID: second.ID(), Log: slog.New(slog.DiscardHandler),
	})
	if err := other.Connect(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(t.Context(), contact.AgentEnded); err != nil {
		t.Fatal(err)
	}
	say(second.leg.Stream(), citizenTone)
	if !tone.Hears(agent.Ear().Samples(), citizenTone) {
		t.Error("the second call was cut by the end of the first")
	}
	second.leg.GiveUp()
	for range other.Events() {
	}
}

func TestConnectWithoutASeatChangesNothing(t *testing.T) {
	t.Parallel()
	h := answered(t)
	if err := h.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Connect(t.Context(), "1002"); err == nil {
		t.Fatal("connected to nobody")
	}
	if p := tone.Power(hears(t, h.leg.Stream(), 8000)); p < 1e-4 {
		t.Errorf("power %v, want music still", p)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	h := answered(t)
	h.leg.Press('1')
	h.leg.Press('#')
	h.leg.GiveUp()
	var got []contact.Event
	for e := range h.Events() {
		got = append(got, e)
	}
	want := []contact.Event{
		{Kind: contact.Pressed, Digit: '1'},
		{Kind: contact.Pressed, Digit: '#'},
		{Kind: contact.Gone, Cause: contact.CitizenEnded},
	}
	if !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

// Keys that nobody fetches are lost; the end is not.
func TestTheEndArrivesBehindUnreadKeys(t *testing.T) {
	t.Parallel()
	h := answered(t)
	for range 60 {
		h.leg.Press('5')
	}
	h.leg.Lose(contact.MediaLost)
	var last contact.Event
	for e := range h.Events() {
		last = e
	}
	if want := (contact.Event{Kind: contact.Gone, Cause: contact.MediaLost}); last != want {
		t.Errorf("the last event is %v, want %v", last, want)
	}
}

func TestCloseKeepsTheFirstCause(t *testing.T) {
	t.Parallel()
	h := answered(t)
	if err := errors.Join(h.Close(t.Context(), contact.Transferred), h.Close(t.Context(), contact.Internal)); err != nil {
		t.Fatal(err)
	}
	if h.leg.Cause() != contact.Transferred {
		t.Errorf("cause %s, want transferred", h.leg.Cause())
	}
}

func TestMintRises(t *testing.T) {
	t.Parallel()
	m := gateway.NewMint(func() time.Time { return time.UnixMilli(1_700_000_000_000) })
	last := contact.ID("")
	for range 1000 {
		id := m.ID()
		if _, err := contact.ParseID(string(id)); err != nil || id <= last {
			t.Fatalf("ID %s after %s: %v", id, last, err)
		}
		last = id
	}
}
