package redisdrafts_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/redisserver/redistest"
	"hotline/tickets"
	"hotline/tickets/redisdrafts"
	"hotline/tickets/ticketstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDrafts(t *testing.T) {
	t.Parallel()
	ticketstest.TestDrafts(t, func(t *testing.T) tickets.Drafts {
		t.Helper()
		return redisdrafts.New(redistest.Start(t), "hall")
	})
}

func TestADraftLivesSevenDaysUnderTheHallsTag(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redisdrafts.New(client, "hall")
	if _, err := s.Save(t.Context(), tickets.Draft{Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"}); err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"{hall}:draft:01JDG3Z4V7Q8W9X0Y1Z2A3B4C5"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	left, err := client.PTTL(t.Context(), keys[0]).Result()
	if err != nil || left > redisdrafts.Lifetime || left < redisdrafts.Lifetime-time.Minute {
		t.Errorf("it lives %s, %v; want 7 days", left, err)
	}
}

func TestADraftSurvivesACrashOfRedis(t *testing.T) {
	t.Parallel()
	r := redistest.StartServer(t)
	s := redisdrafts.New(r.Client, "hall")
	want, err := s.Save(t.Context(), tickets.Draft{Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Fields: tickets.Fields{Title: "停水"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Crash(t)
	got, err := s.Load(t.Context(), want.Contact)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the crash (-want +got):\n%s", diff)
	}
	if _, err := s.Save(t.Context(), want); err != nil { // the script has to be loaded anew
		t.Error(err)
	}
}
