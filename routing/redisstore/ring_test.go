package redisstore_test

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/redisstore"
)

// replicate makes the second Redis a replica of the first and returns once it
// has caught up.
func replicate(t *testing.T, primary, replica *redis.Client) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, set := range [][2]string{{"bind", "127.0.0.1"}, {"repl-diskless-sync-delay", "0"}, {"port", port}} {
		if err := primary.ConfigSet(ctx, set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := replica.Do(ctx, "REPLICAOF", "127.0.0.1", port).Err(); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(patience); ; {
		if n, err := primary.Wait(ctx, 1, 200*time.Millisecond).Result(); err == nil && n == 1 {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("the replica does not catch up")
		}
	}
}

// ringing brings call 1 to an offer.
func ringing(t *testing.T, cfg redisstore.Config) (*house, routing.Command) {
	t.Helper()
	h := openHouse(t, cfg)
	h.must(h.SetAgent(t.Context(), seat("1001")))
	h.must(h.Enqueue(t.Context(), call(1)))
	return h, h.offer(1)
}

func TestNobodyRingsWithoutAReplica(t *testing.T) {
	t.Parallel()
	h, cmd := ringing(t, redisstore.Config{Client: redistest.Start(t), Confirm: 1})
	if err := h.Ring(t.Context(), cmd.Contact, cmd.Token); !errors.Is(err, routing.ErrUnconfirmed) {
		t.Errorf("error %v, want ErrUnconfirmed", err)
	}
	if err := h.Ring(t.Context(), cmd.Contact, cmd.Token+1); !errors.Is(err, routing.ErrStale) {
		t.Errorf("error %v, want ErrStale", err)
	}
	if err := h.Ring(t.Context(), "nonsense", 1); !errors.Is(err, routing.ErrBad) {
		t.Errorf("error %v, want ErrBad", err)
	}
}

func TestAReplicaConfirmsARing(t *testing.T) {
	t.Parallel()
	primary, replica := redistest.StartServer(t), redistest.StartServer(t)
	replicate(t, primary.NewClient(t), replica.NewClient(t))
	h, cmd := ringing(t, redisstore.Config{Client: primary.Client, Confirm: 1})
	for range 2 {
		h.must(h.Ring(t.Context(), cmd.Contact, cmd.Token))
	}
	if state, err := replica.Client.HGet(t.Context(), "{12345}:c:"+string(cmd.Contact), "state").Result(); err != nil || state != "offered" {
		t.Errorf("the replica has %q (%v), want offered", state, err)
	}
	thaw := replica.Freeze(t)
	if err := h.Ring(t.Context(), cmd.Contact, cmd.Token); !errors.Is(err, routing.ErrUnconfirmed) {
		t.Errorf("error %v of a frozen replica, want ErrUnconfirmed", err)
	}
	thaw()
	h.must(h.Accept(t.Context(), cmd.Contact, cmd.Token))
	if err := h.Ring(t.Context(), cmd.Contact, cmd.Token); !errors.Is(err, routing.ErrStale) {
		t.Errorf("error %v of a talk, want ErrStale", err)
	}
}
