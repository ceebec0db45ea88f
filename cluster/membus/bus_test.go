package membus_test

import (
	"testing"

	"go.uber.org/goleak"

	"hotline/cluster"
	"hotline/cluster/clustertest"
	"hotline/cluster/membus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBus(t *testing.T) {
	t.Parallel()
	clustertest.Buses(t, func(*testing.T) func(cluster.Node) (clustertest.Bus, error) {
		var net membus.Net
		return func(n cluster.Node) (clustertest.Bus, error) { return net.Join(n) }
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	clustertest.Leases(t, func(*testing.T) cluster.Leases { return new(membus.Leases) })
}
