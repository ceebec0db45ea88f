package redisserver

import (
	"errors"
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
// callers wait; what the URL itself names goes before.
func NewClient(url string) (*redis.Client, error) {
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

func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
