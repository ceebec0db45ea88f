package redissessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/people"
)

// Store is people.Sessions and people.Attempts. All its keys share the hall's
// hash tag:
//
//	{hall}:session:<hash of token>   string  account, until the session's end
//	{hall}:sessions:<account>        zset    the account's hashes by their end
//	{hall}:tries:<hash>              string  wrong passwords, until the window's end
type Store struct {
	client redis.UniversalClient
	prefix string
	put    *redis.Script
	del    *redis.Script
	all    *redis.Script
	take   *redis.Script
	locked *redis.Script
}

var (
	_ people.Sessions = (*Store)(nil)
	_ people.Attempts = (*Store)(nil)
)

// New uses the client, which stays its caller's, for one hall.
func New(client redis.UniversalClient, hall string) *Store {
	return &Store{
		client: client, prefix: "{" + hall + "}:",
		put: redis.NewScript(putScript), del: redis.NewScript(deleteScript), all: redis.NewScript(deleteAllScript),
		take: redis.NewScript(takeScript), locked: redis.NewScript(lockedScript),
	}
}

func (s *Store) session(key string) string { return s.prefix + "session:" + key }
func (s *Store) sessions(account contact.AgentID) string {
	return s.prefix + "sessions:" + string(account)
}
func (s *Store) tries(key string) string { return s.prefix + "tries:" + key }

// Put keeps a session for life.
func (s *Store) Put(ctx context.Context, key string, account contact.AgentID, life time.Duration) error {
	keys := []string{s.session(key), s.sessions(account)}
	if err := s.put.Run(ctx, s.client, keys, string(account), key, life.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("redissessions: put: %w", err)
	}
	return nil
}

// Get tells whose session it is.
func (s *Store) Get(ctx context.Context, key string) (contact.AgentID, error) {
	account, err := s.client.Get(ctx, s.session(key)).Result()
	return owner(account, err, "get")
}

// Delete ends a session and tells whose it was.
func (s *Store) Delete(ctx context.Context, key string) (contact.AgentID, error) {
	account, err := s.del.Run(ctx, s.client, []string{s.session(key)}, s.sessions(""), key).Text()
	return owner(account, err, "delete")
}

func owner(account string, err error, doing string) (contact.AgentID, error) {
	if errors.Is(err, redis.Nil) {
		return "", people.ErrNoSession
	}
	if err != nil {
		return "", fmt.Errorf("redissessions: %s: %w", doing, err)
	}
	return contact.AgentID(account), nil
}

// DeleteAll ends every session of the account.
func (s *Store) DeleteAll(ctx context.Context, account contact.AgentID) error {
	if err := s.all.Run(ctx, s.client, []string{s.sessions(account)}, s.session("")).Err(); err != nil {
		return fmt.Errorf("redissessions: delete all: %w", err)
	}
	return nil
}

// Take counts one more attempt, if the limit allows.
func (s *Store) Take(ctx context.Context, key string, limit int, window time.Duration) (people.Attempt, error) {
	got, err := s.take.Run(ctx, s.client, []string{s.tries(key)}, limit, window.Milliseconds()).Int64Slice()
	if err != nil || len(got) != 2 {
		return people.Attempt{}, fmt.Errorf("redissessions: take: %w", err)
	}
	return people.Attempt{Number: int(got[0]), Wait: milliseconds(got[1])}, nil
}

// Locked tells how long the lock still holds.
func (s *Store) Locked(ctx context.Context, key string, limit int) (time.Duration, error) {
	left, err := s.locked.Run(ctx, s.client, []string{s.tries(key)}, limit).Int64()
	if err != nil {
		return 0, fmt.Errorf("redissessions: locked: %w", err)
	}
	return milliseconds(left), nil
}

// Clear forgets the keys.
func (s *Store) Clear(ctx context.Context, keys ...string) error {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = s.tries(key)
	}
	if err := s.client.Del(ctx, names...).Err(); err != nil {
		return fmt.Errorf("redissessions: clear: %w", err)
	}
	return nil
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
