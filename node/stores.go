package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/redis/go-redis/v9"

	"hotline/audit"
	"hotline/database"
	"hotline/people"
	"hotline/people/redissessions"
	recordsql "hotline/records/sqlstore"
	"hotline/redisserver"
)

func (n *Node) openData(context.Context) error {
	if err := os.MkdirAll(n.cfg.Node.Data, 0o700); err != nil {
		return err
	}
	key, err := refKey(n.cfg.Node)
	n.refKey = key
	return err
}

// go-redis keeps one logger a process and writes to stderr by default; what it
// says reaches us as errors anyway.
//
//nolint:gochecknoglobals // the logger is go-redis's; this is only its lock
var quietRedis = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// openRedis connects to the configured server, or supervises a private one,
// and refuses a server that may lose what it holds.
func (n *Node) openRedis(ctx context.Context) error {
	url := n.cfg.Redis.URL.Reveal()
	if url == "" {
		private, err := redisserver.Start(ctx, redisserver.Config{
			Dir: filepath.Join(n.cfg.Node.Data, "redis"), Appendfsync: n.cfg.Redis.Appendfsync, Log: n.log,
		})
		if err != nil {
			return err
		}
		n.down.add("redis server", private.Stop)
		url = private.URL()
	}
	quietRedis()
	client, err := redisserver.NewClient(url)
	if err != nil {
		return fmt.Errorf("redis.url: %w", err)
	}
	n.redis = client
	n.down.add("redis client", func(context.Context) error { return client.Close() })
	if n.sentinels, err = redisserver.NewSentinels(url); err != nil {
		return fmt.Errorf("redis.url: %w", err)
	}
	n.down.add("sentinels", func(context.Context) error { return n.sentinels.Close() })
	if n.guard, err = redisserver.NewGuard(n.log, n.metrics); err != nil {
		return err
	}
	client.AddHook(n.guard)
	n.health.away = n.guard.Away
	return redisserver.Check(ctx, n.redis)
}

func (n *Node) openDatabase(ctx context.Context) error {
	db, err := database.Open(ctx, n.cfg.Database)
	if err != nil {
		return err
	}
	n.db = db
	n.down.add("database", func(context.Context) error { return db.Close() })
	n.records, err = recordsql.New(ctx, db)
	return err
}

func (n *Node) openAccounts(ctx context.Context) error {
	log, err := audit.Open(ctx, audit.Options{DB: n.db, Node: string(n.name), Now: n.now})
	if err != nil {
		return err
	}
	n.audit = log
	sessions := redissessions.New(n.redis, n.cfg.Redis.Hall)
	n.staff, err = people.Open(ctx, people.Options{
		Config: n.cfg.People, DB: n.db, Sessions: sessions, Attempts: sessions, Journal: journal{log}, Now: n.now,
	})
	if err != nil {
		return err
	}
	n.running.Go(func() { n.witness(n.life) })
	return nil
}

// journal writes what happens to accounts into the audit.
type journal struct{ log *audit.Log }

func (j journal) Record(ctx context.Context, e people.Event) error {
	who := string(e.By)
	if who == "" {
		who = "system"
	}
	return j.log.Append(ctx, audit.Entry{
		Who: who, Role: string(e.Role), Action: audit.Action(e.Kind),
		Kind: "account", ID: string(e.Account), IP: e.Remote,
	})
}
