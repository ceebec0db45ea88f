package redisstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"hotline/redisserver/redistest"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	var halls atomic.Int64
	routingtest.Run(t, func(t *testing.T) routingtest.Harness {
		hall := fmt.Sprintf("hall-%d", halls.Add(1))
		clock := routingtest.NewClock()
		return routingtest.Harness{
			Store: open(t, redisstore.Config{Client: client, Hall: hall, Now: clock.Now}), Clock: clock,
			Restart: func() { pretendRestart(t, client, hall) },
		}
	})
}

func open(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pretendRestart lets the next script find another run_id than the last.
func pretendRestart(t testing.TB, client redis.UniversalClient, hall string) {
	t.Helper()
	if err := client.Set(t.Context(), "{"+hall+"}:run", "another", 0).Err(); err != nil {
		t.Fatal(err)
	}
}
