package clustertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"hotline/cluster"
)

// Leases runs the suite for leases; each call of fresh makes a keeper that has
// given none.
func Leases(t *testing.T, fresh func(t *testing.T) cluster.Leases) {
	t.Helper()
	for name, test := range map[string]func(*keeper){
		"one holder at a time":           (*keeper).one,
		"the token rises":                (*keeper).rises,
		"names are apart":                (*keeper).apart,
		"renewed, it outlives its time":  (*keeper).renewed,
		"lost, it cannot be renewed":     (*keeper).lost,
		"a late release changes nothing": (*keeper).late,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&keeper{t, fresh(t)})
		})
	}
}

type keeper struct {
	t *testing.T
	cluster.Leases
}

const long, short = time.Minute, 50 * time.Millisecond

func (k *keeper) take(name, holder string, ttl time.Duration) (uint64, bool) {
	k.t.Helper()
	token, ok, err := k.Acquire(context.Background(), name, holder, ttl)
	if err != nil {
		k.t.Fatal(err)
	}
	return token, ok
}

func (k *keeper) must(name, holder string, ttl time.Duration) uint64 {
	k.t.Helper()
	token, ok := k.take(name, holder, ttl)
	if !ok {
		k.t.Fatalf("%s did not get %s", holder, name)
	}
	return token
}

func (k *keeper) one() {
	first := k.must("sweep", "a", long)
	if _, ok := k.take("sweep", "b", long); ok {
		k.t.Error("two have it")
	}
	if again := k.must("sweep", "a", long); again != first {
		k.t.Errorf("the holder's token went from %d to %d", first, again)
	}
	k.release("sweep", first)
	k.must("sweep", "b", long)
}

func (k *keeper) release(name string, token uint64) {
	k.t.Helper()
	if err := k.Release(context.Background(), name, token); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keeper) rises() {
	last := uint64(0)
	for _, holder := range []string{"a", "b", "b", "a"} {
		token := k.must("sweep", holder, long)
		if token <= last {
			k.t.Errorf("the token went from %d to %d", last, token)
		}
		last = token
		k.release("sweep", token)
	}
}

func (k *keeper) apart() {
	k.must("sweep", "a", long)
	k.must("dial", "b", long)
}

func (k *keeper) renewed() {
	token := k.must("sweep", "a", short)
	if err := k.Renew(context.Background(), "sweep", token, long); err != nil {
		k.t.Fatal(err)
	}
	select { // until the first time is over
	case <-time.After(2 * short):
	case <-k.t.Context().Done():
	}
	if _, ok := k.take("sweep", "b", long); ok {
		k.t.Error("a renewed lease was given to another")
	}
}

func (k *keeper) lost() {
	token := k.must("sweep", "a", short)
	next := k.eventually("sweep", "b")
	if next <= token {
		k.t.Errorf("the token went from %d to %d", token, next)
	}
	if err := k.Renew(context.Background(), "sweep", token, long); !errors.Is(err, cluster.ErrLost) {
		k.t.Errorf("renewed after it was lost: %v", err)
	}
	if err := k.Renew(context.Background(), "never", 1, long); !errors.Is(err, cluster.ErrLost) {
		k.t.Errorf("renewed what nobody had: %v", err)
	}
}

func (k *keeper) eventually(name, holder string) uint64 {
	k.t.Helper()
	late := time.After(patience)
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for {
		if token, ok := k.take(name, holder, long); ok {
			return token
		}
		select {
		case <-every.C:
		case <-late:
			k.t.Fatalf("%s never got %s", holder, name)
		}
	}
}

func (k *keeper) late() {
	token := k.must("sweep", "a", short)
	next := k.eventually("sweep", "b")
	k.release("sweep", token)
	if _, ok := k.take("sweep", "c", long); ok {
		k.t.Error("a late release freed the next holder's lease")
	}
	if err := k.Renew(context.Background(), "sweep", next, long); err != nil {
		k.t.Error(err)
	}
}
