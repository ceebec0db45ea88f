package redisdrafts

import (
	"context"
	"crypto/sha256"
	_ "embed" // save.lua
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/tickets"
)

// Lifetime of a draft after its last save.
const Lifetime = 7 * 24 * time.Hour

//go:embed save.lua
var saveScript string

// Store is tickets.Drafts on Redis. All methods may be called from many
// goroutines and nodes, and block for Redis.
type Store struct {
	client redis.UniversalClient
	hall   string
	save   *redis.Script
}

// New makes a store of the hall's drafts. The caller closes the client.
func New(client redis.UniversalClient, hall string) *Store {
	return &Store{client: client, hall: hall, save: redis.NewScript(saveScript)}
}

// key of a draft; all keys of a hall share one hash tag.
func (s *Store) key(id contact.ID) string { return "{" + s.hall + "}:draft:" + string(id) }

// Load returns the saved form, or tickets.ErrNotFound.
func (s *Store) Load(ctx context.Context, id contact.ID) (tickets.Draft, error) {
	text, err := s.client.HGet(ctx, s.key(id), "draft").Result()
	if errors.Is(err, redis.Nil) {
		return tickets.Draft{}, tickets.ErrNotFound
	}
	if err != nil {
		return tickets.Draft{}, fmt.Errorf("redisdrafts: load: %w", err)
	}
	return read(text)
}

// Save stores d over revision d.Revision as the next one, or returns a
// *tickets.Conflict.
func (s *Store) Save(ctx context.Context, d tickets.Draft) (tickets.Draft, error) {
	mark, err := mark(d)
	if err != nil {
		return tickets.Draft{}, err
	}
	base := d.Revision
	d.Revision++
	text, err := json.Marshal(d)
	if err != nil {
		return tickets.Draft{}, fmt.Errorf("redisdrafts: write: %w", err)
	}
	answer, err := s.save.Run(ctx, s.client, []string{s.key(d.Contact)}, base, mark, text, Lifetime.Milliseconds()).StringSlice()
	if err != nil {
		return tickets.Draft{}, fmt.Errorf("redisdrafts: save: %w", err)
	}
	return outcome(answer, d)
}

func outcome(answer []string, d tickets.Draft) (tickets.Draft, error) {
	if len(answer) != 2 {
		return tickets.Draft{}, errors.New("redisdrafts: save: the script's answer is strange")
	}
	if answer[0] == "saved" {
		return d, nil
	}
	stored, err := read(answer[1])
	if err != nil || answer[0] == "repeat" {
		return stored, err
	}
	return tickets.Draft{}, &tickets.Conflict{Current: stored}
}

func read(text string) (tickets.Draft, error) {
	var d tickets.Draft
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return tickets.Draft{}, errors.New("redisdrafts: the stored draft cannot be read") // err may quote it
	}
	return d, nil
}

// mark tells a repeat from another save over the same revision.
func mark(d tickets.Draft) (string, error) {
	b, err := json.Marshal(struct {
		Agent  contact.AgentID
		Fields tickets.Fields
	}{d.Agent, d.Fields})
	if err != nil {
		return "", fmt.Errorf("redisdrafts: write: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
