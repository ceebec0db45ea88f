package redisstore_test

import (
	"slices"
	"testing"
	"time"

	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

func TestLiving(t *testing.T) {
	t.Parallel()
	clock := routingtest.NewClock()
	client := redistest.Start(t)
	s := open(t, redisstore.Config{Client: client, Hall: "12345", Now: clock.Now})
	living := func(s *redisstore.Store, want ...string) {
		t.Helper()
		if got, err := s.Living(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("living %v, %v; want %v", got, err, want)
		}
	}
	living(s)
	for _, n := range []string{"n1", "n2"} {
		if err := s.Beat(t.Context(), routing.NodeID(n)); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Second)
	}
	living(s, "n1", "n2")
	clock.Advance(3500 * time.Millisecond)
	living(s, "n2")
	clock.Advance(time.Hour)
	living(s)
	live := open(t, redisstore.Config{Client: client, Hall: "another"})
	if err := live.Beat(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	living(live, "n3")
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Living(t.Context()); err == nil {
		t.Error("a closed client is no empty hall")
	}
}
