package redisserver

import (
	"errors"
	neturl "net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a client does when Redis does not answer: a call waits for Redis at
// most once or twice, and never ties up more than the pool.
const (
	dialTimeout = time.Second
	ioTimeout   = time.Second
	poolSize    = 32
	poolTimeout = time.Second
)

// ErrURL says that the address cannot be read; it does not show it, since it
// may hold a password.
var ErrURL = errors.New("cannot be read as redis://… or unix://…")

// NewClient makes a client for the URL, with the timeouts of a house whose
// callers wait; what the URL itself names goes before. A URL with a master_name
// names Sentinels, redis://one:26379?addr=two:26379&addr=three:26379&master_name=hotline:
// the client follows whom they call the primary.
func NewClient(url string) (*redis.Client, error) {
	if watched(url) {
		return newFollower(url)
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, ErrURL
	}
	o.ContextTimeoutEnabled = true
	orDefault(&o.DialTimeout, dialTimeout)
	orDefault(&o.ReadTimeout, ioTimeout)
	orDefault(&o.WriteTimeout, ioTimeout)
	orDefault(&o.PoolSize, poolSize)
	orDefault(&o.PoolTimeout, poolTimeout)
	orDefault(&o.MaxRetries, 1)    // a connection that died unnoticed
	orDefault(&o.DialerRetries, 1) // who asks repeats by itself
	return redis.NewClient(o), nil
}

func newFollower(url string) (*redis.Client, error) {
	o, err := redis.ParseFailoverURL(url)
	if err != nil {
		return nil, ErrURL
	}
	o.ContextTimeoutEnabled = true
	orDefault(&o.DialTimeout, dialTimeout)
	orDefault(&o.ReadTimeout, ioTimeout)
	orDefault(&o.WriteTimeout, ioTimeout)
	orDefault(&o.PoolSize, poolSize)
	orDefault(&o.PoolTimeout, poolTimeout)
	orDefault(&o.MaxRetries, 1)
	orDefault(&o.DialerRetries, 1)
	return redis.NewFailoverClient(o), nil
}

// watched says that the URL names Sentinels.
func watched(url string) bool {
	u, err := neturl.Parse(url)
	return err == nil && u.Query().Has("master_name")
}

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
