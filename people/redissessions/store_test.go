package redissessions_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/people"
	"hotline/people/redissessions"
	"hotline/redisserver/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSessions(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redissessions.New(client, "12345")
	for key, account := range map[string]contact.AgentID{"k1": "1001", "k2": "1001", "k3": "1002"} {
		if err := s.Put(t.Context(), key, account, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Get(t.Context(), "k1"); err != nil || got != "1001" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := s.Delete(t.Context(), "k1"); err != nil || got != "1001" {
		t.Errorf("deleted %q, %v", got, err)
	}
	if err := s.DeleteAll(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"k1", "k2", "never"} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, people.ErrNoSession) {
			t.Errorf("%s: got %v, want ErrNoSession", key, err)
		}
		if _, err := s.Delete(t.Context(), key); !errors.Is(err, people.ErrNoSession) {
			t.Errorf("delete %s: got %v, want ErrNoSession", key, err)
		}
	}
	if got, err := s.Get(t.Context(), "k3"); err != nil || got != "1002" {
		t.Errorf("another's session: %q, %v", got, err)
	}
	if err := s.DeleteAll(t.Context(), "nobody"); err != nil {
		t.Error(err)
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redissessions.New(client, "12345")
	if err := s.Put(t.Context(), "short", "1001", 30*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		_, err := s.Get(t.Context(), "short")
		return errors.Is(err, people.ErrNoSession)
	})
	if err := s.Put(t.Context(), "next", "1001", time.Hour); err != nil {
		t.Fatal(err)
	}
	kept, err := client.ZRange(t.Context(), "{12345}:sessions:1001", 0, -1).Result()
	if err != nil || len(kept) != 1 || kept[0] != "next" {
		t.Errorf("the account's set holds %v, %v; want next", kept, err)
	}
	for _, key := range []string{"{12345}:session:next", "{12345}:sessions:1001"} {
		if left, err := client.PTTL(t.Context(), key).Result(); err != nil || left <= 59*time.Minute || left > time.Hour {
			t.Errorf("%s lives %v, %v; want an hour", key, left, err)
		}
	}
}

// until asks until it is so; what it waits for is Redis's own clock.
func until(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it never was so")
		}
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redissessions.New(client, "12345")
	take := func(key string) people.Attempt {
		t.Helper()
		a, err := s.Take(t.Context(), key, 3, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for want := 1; want <= 3; want++ {
		if a := take("a"); a.Number != want || a.Wait != 0 {
			t.Errorf("got %+v, want number %d", a, want)
		}
	}
	for range 2 { // a refused attempt does not count
		if a := take("a"); a.Number != 4 || a.Wait <= 59*time.Second || a.Wait > time.Minute {
			t.Errorf("got %+v, want a lock of a minute", a)
		}
	}
	if left, err := s.Locked(t.Context(), "a", 3); err != nil || left <= 59*time.Second {
		t.Errorf("locked for %v, %v", left, err)
	}
	if left, err := s.Locked(t.Context(), "b", 3); err != nil || left != 0 {
		t.Errorf("an unused key is locked for %v, %v", left, err)
	}
	if err := s.Clear(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	if a := take("a"); a.Number != 1 {
		t.Errorf("after Clear: %+v", a)
	}
}

func TestALockEndsWithItsWindow(t *testing.T) {
	t.Parallel()
	s := redissessions.New(redistest.Start(t), "12345")
	if _, err := s.Take(t.Context(), "a", 1, 40*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		left, err := s.Locked(t.Context(), "a", 1)
		return err == nil && left == 0
	})
	if a, err := s.Take(t.Context(), "a", 1, time.Minute); err != nil || a.Number != 1 || a.Wait != 0 {
		t.Errorf("got %+v, %v; want a new count", a, err)
	}
}

func TestACountWithoutAnEndIsGivenOne(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redissessions.New(client, "12345")
	for key, value := range map[string]int{"full": 9, "half": 1} {
		if err := client.Set(t.Context(), "{12345}:tries:"+key, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Take(t.Context(), key, 3, time.Minute); err != nil {
			t.Fatal(err)
		}
		if left, err := client.PTTL(t.Context(), "{12345}:tries:"+key).Result(); err != nil || left <= 0 {
			t.Errorf("%s lives %v, %v; want a minute", key, left, err)
		}
	}
}

func TestTakeIsAtomic(t *testing.T) {
	t.Parallel()
	s := redissessions.New(redistest.Start(t), "12345")
	var all sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 50 {
		all.Go(func() {
			a, err := s.Take(t.Context(), "a", 5, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			} else if a.Wait == 0 {
				allowed++
			}
		})
	}
	all.Wait()
	if allowed != 5 {
		t.Errorf("%d were allowed, want 5", allowed)
	}
}

func TestHallsAreApart(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	one, two := redissessions.New(client, "one"), redissessions.New(client, "two")
	if err := one.Put(t.Context(), "k", "1001", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Get(t.Context(), "k"); !errors.Is(err, people.ErrNoSession) {
		t.Errorf("got %v, want ErrNoSession", err)
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "{one}:") {
			t.Errorf("%s lacks the hall's hash tag", key)
		}
	}
}

func TestRedisAwayIsNoMissingSession(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	s := redissessions.New(client, "12345")
	_, get := s.Get(t.Context(), "k")
	_, del := s.Delete(t.Context(), "k")
	_, take := s.Take(t.Context(), "k", 1, time.Minute)
	_, locked := s.Locked(t.Context(), "k", 1)
	errs := map[string]error{
		"put": s.Put(t.Context(), "k", "1001", time.Hour), "get": get, "delete": del,
		"delete all": s.DeleteAll(t.Context(), "1001"), "take": take, "locked": locked, "clear": s.Clear(t.Context(), "k"),
	}
	for name, err := range errs {
		if err == nil || errors.Is(err, people.ErrNoSession) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
