package redisserver

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Sentinels are asked who the primary is. Without any, nobody agrees.
type Sentinels struct {
	master string
	all    []*redis.SentinelClient
}

// NewSentinels makes clients of those whom the URL names (see NewClient); for a
// URL without a master_name there are none.
func NewSentinels(url string) (*Sentinels, error) {
	if !watched(url) {
		return &Sentinels{}, nil
	}
	o, err := redis.ParseFailoverURL(url)
	if err != nil {
		return nil, ErrURL
	}
	s := &Sentinels{master: o.MasterName}
	for _, addr := range o.SentinelAddrs {
		s.all = append(s.all, redis.NewSentinelClient(&redis.Options{
			Addr: addr, Username: o.SentinelUsername, Password: o.SentinelPassword,
			DialTimeout: dialTimeout, ReadTimeout: ioTimeout, WriteTimeout: ioTimeout,
			PoolSize: 2, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
		}))
	}
	return s, nil
}

// Agree asks all at once whether the server that the client speaks to is the
// primary; true when more than half of them say so. It blocks until all have
// answered or ctx ends. The server must know itself by the address that the
// Sentinels know it by.
func (s *Sentinels) Agree(ctx context.Context, client redis.UniversalClient) bool {
	if len(s.all) == 0 {
		return false
	}
	info, err := client.ClientInfo(ctx).Result()
	if err != nil {
		return false
	}
	var agree atomic.Int32
	var asked sync.WaitGroup
	for _, one := range s.all {
		asked.Go(func() {
			at, err := one.GetMasterAddrByName(ctx, s.master).Result()
			if err == nil && len(at) == 2 && net.JoinHostPort(at[0], at[1]) == info.LAddr {
				agree.Add(1)
			}
		})
	}
	asked.Wait()
	return int(agree.Load()) > len(s.all)/2
}

// Close ends the connections.
func (s *Sentinels) Close() error {
	var errs []error
	for _, one := range s.all {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}
