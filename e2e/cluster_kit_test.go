package e2e

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/config"
	"hotline/database/databasetest"
	"hotline/node"
	"hotline/redisserver"
	"hotline/redisserver/redistest"
	"hotline/tickets"
)

// house is what the nodes of one hall share.
type house struct {
	t     *testing.T
	redis *redisProcess
	db    string
	keys  *redis.Client

	watched *redistest.Watched // instead of redis: Sentinels watch it
}

const houseKey = "the same key of pseudonyms on all nodes"

func newHouse(t *testing.T) *house {
	t.Helper()
	r := startRedis(t)
	keys := redis.NewClient(&redis.Options{Network: "unix", Addr: r.socket})
	t.Cleanup(func() { _ = keys.Close() })
	return &house{t: t, redis: r, db: databasetest.PostgresURL(t), keys: keys}
}

// newWatchedHouse is one whose Redis has replicas and Sentinels. A desk rings
// once a replica knows of it.
func newWatchedHouse(t *testing.T) *house {
	t.Helper()
	w := redistest.StartSentinels(t)
	keys, err := redisserver.NewClient(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	return &house{t: t, watched: w, db: databasetest.PostgresURL(t), keys: keys}
}

// shared makes a node's settings those of the house.
func (h *house) shared(name string) func(*node.Config) {
	return func(cfg *node.Config) {
		withPlainLine(cfg)
		cfg.Node.Name, cfg.Node.RefKey = name, config.NewSecret(houseKey)
		cfg.Database.URL = h.db
		if h.watched != nil {
			cfg.Redis.URL, cfg.Redis.Confirm = config.NewSecret(h.watched.URL()), 1
			return
		}
		cfg.Redis.URL = config.NewSecret(h.redis.url())
	}
}

// node starts one in this process, for headless agents.
func (h *house) node(name string) *city {
	h.t.Helper()
	return startCity(h.t, h.shared(name))
}

// on is the same node, for a test within the test.
func (c *city) on(t *testing.T) *city { return &city{t: t, at: c.at, unit: c.unit, ui: c.ui} }

// pause lets time pass in which nothing may happen.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// nodeWithDesk starts one that serves real browsers.
func (h *house) nodeWithDesk(name string) *city {
	h.t.Helper()
	return start(&city{t: h.t, ui: browserDesk(h.t)}, tickets.SystemClock{}, h.shared(name))
}
