package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"hotline/routing/memstore"
	"hotline/routing/routingtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	t.Parallel()
	routingtest.Run(t, func(*testing.T) routingtest.Harness {
		clock := routingtest.NewClock()
		s := memstore.New(clock.Now)
		return routingtest.Harness{Store: s, Clock: clock, Restart: s.Restart}
	})
}
