package redisstore

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/routing"
)

// Config says which hall the store keeps, and where.
type Config struct {
	Client redis.UniversalClient // kept and closed by the caller
	Hall   string                // the house's number, such as 12345: the hash tag of all keys
	Log    *slog.Logger          // nil is silent
	// Registerer takes the metrics; nil keeps them out of sight.
	Registerer Registerer
	// Confirm is how many replicas must confirm before a desk rings; 0 asks none.
	Confirm int
	// Now replaces the queue's clock in tests; nil is Redis's TIME.
	Now func() time.Time
	// Alter rewrites a script, linked and without comments, before it is used, so that a test can switch a
	// protection off and see that it is missed; nil leaves them as they are.
	Alter func(name, text string) string
}

// Store implements routing.Queue and routing.Member. Its methods may be
// called from any goroutine and block for one round trip.
type Store struct {
	client  redis.UniversalClient
	keys    keys
	scripts scripts
	log     *slog.Logger
	metrics *metrics
	confirm int
	now     func() time.Time
}

var (
	_ routing.Queue  = (*Store)(nil)
	_ routing.Member = (*Store)(nil)
)

// New makes a store; it does not talk to Redis yet. See redisserver.Check for
// what Redis must be.
func New(cfg Config) (*Store, error) {
	if cfg.Client == nil {
		return nil, fmt.Errorf("redisstore: client: missing")
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`).MatchString(cfg.Hall) {
		return nil, fmt.Errorf("redisstore: hall: %q is no name: 1 to 32 of A-Z a-z 0-9 _ -", cfg.Hall)
	}
	if cfg.Confirm < 0 {
		return nil, fmt.Errorf("redisstore: confirm: %d is below 0", cfg.Confirm)
	}
	all, err := loadScripts(cfg.Alter)
	if err != nil {
		return nil, err
	}
	s := &Store{client: cfg.Client, keys: newKeys(cfg.Hall), scripts: all, log: cfg.Log, confirm: cfg.Confirm, now: cfg.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics, err = newMetrics(cfg.Registerer, s); err != nil {
		return nil, err
	}
	return s, nil
}
