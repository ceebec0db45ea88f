package callbacks_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"hotline/callbacks"
	"hotline/callbacks/callbackstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a runner on a store in memory, in a bubble whose clock begins at
// midnight UTC: 08:00 in Beijing, the end of the quiet hours.
type world struct {
	t      *testing.T
	store  *callbackstest.Store
	book   *callbacks.Book
	calls  chan *callbacks.Call // as they are served
	given  chan callbacks.Promise
	answer func(*callbacks.Call) // what serving does; nil: wait for the recall
}

func inWorld(t *testing.T, test func(*world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: &callbackstest.Store{}, calls: make(chan *callbacks.Call, 64), given: make(chan callbacks.Promise, 4)}
		w.book = callbacks.NewBook(callbacks.BookOptions{
			Config: config(), Store: w.store, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		})
		test(w)
	})
}

func config() callbacks.Config {
	c := callbacks.Defaults()
	c.Trunk = "carrier"
	return c
}

// rule is three attempts, by day in Beijing.
type rule struct{}

func (rule) Again(attempts int, now time.Time) time.Time {
	if attempts > 2 {
		return time.Time{}
	}
	return now.Add([]time.Duration{5 * time.Minute, 30 * time.Minute}[attempts-1])
}

func (rule) Quiet(at time.Time) bool { return at.UTC().Hour() >= 13 }

// run starts a node's runner; the returned function drains it.
func (w *world) run(by string) (stop func()) {
	r := callbacks.NewRunner(callbacks.RunnerOptions{
		Rule: rule{}, Store: w.store, By: by, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		Book: w.book, Serve: w.serve, OnGivenUp: func(p callbacks.Promise) { w.given <- p },
	})
	until, done := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(w.t.Context())
	go func() { defer close(done); r.Run(ctx, until) }()
	return func() { close(until); <-done; cancel() }
}

func (w *world) serve(ctx context.Context, c *callbacks.Call) {
	w.calls <- c
	if w.answer != nil {
		w.answer(c)
		return
	}
	select {
	case <-c.Recalled():
	case <-ctx.Done():
	}
}

func (w *world) promise(n int) callbacks.Promise {
	w.t.Helper()
	p := callbackstest.Of(n)
	kept, err := w.book.Promise(w.t.Context(), callbacks.Request{
		Contact: p.Contact, Citizen: p.Citizen, CitizenRef: p.CitizenRef, Line: p.Line, Since: time.Now().Add(-time.Minute), Why: p.Why,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return kept
}

func (w *world) stateOf(p callbacks.Promise) callbacks.State {
	synctest.Wait()
	for _, q := range w.store.All() {
		if q.ID == p.ID {
			return q.State
		}
	}
	return ""
}

func TestAPromiseIsKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answer = func(c *callbacks.Call) {
			if err := c.Dial(t.Context()); err != nil {
				t.Error(err)
			}
			c.Reached()
		}
		p := w.promise(1)
		stop := w.run("a")
		if c := <-w.calls; c.Promise().ID != p.ID {
			t.Errorf("served %s", c.Promise().ID)
		}
		if got := w.stateOf(p); got != callbacks.Done {
			t.Errorf("the promise is %s", got)
		}
		stop()
	})
}

// TestThreeAttempts: at once, after 5 and after 30 minutes; then it is given up.
func TestThreeAttempts(t *testing.T) {
	inWorld(t, func(w *world) {
		var dialled []time.Duration
		begin := time.Now()
		w.answer = func(c *callbacks.Call) {
			if err := c.Dial(t.Context()); err != nil {
				t.Error(err)
			}
			dialled = append(dialled, time.Since(begin))
		}
		p := w.promise(1)
		stop := w.run("a")
		if given := <-w.given; given.ID != p.ID {
			t.Errorf("given up %s", given.ID)
		}
		want := []time.Duration{0, 5 * time.Minute, 35 * time.Minute}
		if len(dialled) != len(want) {
			t.Fatalf("dialled after %v, want %v", dialled, want)
		}
		for i := range want {
			if late := dialled[i] - want[i]; late < 0 || late > 3*time.Second {
				t.Errorf("attempt %d after %s, want %s", i+1, dialled[i], want[i])
			}
		}
		if got := w.stateOf(p); got != callbacks.GivenUp {
			t.Errorf("the promise is %s", got)
		}
		stop()
	})
}

func TestQuietHours_NobodyIsServed(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.promise(1)
		stop := w.run("a")
		first := <-w.calls
		time.Sleep(13*time.Hour + 2*time.Second) //nolint:forbidigo // the bubble's clock: it is 21:00 in Beijing
		select {
		case <-first.Recalled():
		default:
			t.Error("still in the queue at night")
		}
		if got := w.stateOf(p); got != callbacks.Waiting {
			t.Errorf("the promise is %s at night", got)
		}
		again := <-w.calls
		if h := time.Now().UTC().Hour(); h != 0 {
			t.Errorf("served again at %d:00 UTC, want 0:00", h)
		}
		if again.Promise().Attempts != 0 || !again.Promise().Since.Equal(first.Promise().Since) {
			t.Errorf("the place is another: %+v", again.Promise())
		}
		stop()
	})
}

func TestACancelledPromiseIsRecalled(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.promise(1)
		stop := w.run("a")
		c := <-w.calls
		got, ok, err := w.book.Returning(t.Context(), p.CitizenRef)
		if err != nil || !ok || !got.Since.Equal(p.Since) {
			t.Fatalf("the place of who rings again: %+v, %v, %v", got, ok, err)
		}
		if err := c.Dial(t.Context()); !errors.Is(err, callbacks.ErrClaimLost) {
			t.Errorf("dials though cancelled: %v", err)
		}
		<-c.Recalled()
		if _, ok, err := w.book.Returning(t.Context(), p.CitizenRef); ok || err != nil {
			t.Errorf("the place is given twice: %v", err)
		}
		stop()
	})
}

// TestAnotherNodeTakesOver what a dead one had; the dead one's claim is void.
func TestAnotherNodeTakesOver(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.promise(1)
		now := time.Now()
		dead, err := w.store.Claim(t.Context(), callbacks.Claim{By: "dead", Now: now, Until: now.Add(15 * time.Second), Limit: 1})
		if err != nil || len(dead) != 1 {
			t.Fatal(dead, err)
		}
		stop := w.run("b")
		c := <-w.calls
		if after := time.Since(now); after < 15*time.Second || after > 17*time.Second || c.Promise().ID != p.ID {
			t.Errorf("taken over after %s", after)
		}
		if err := w.store.Dial(t.Context(), dead[0].Held()); !errors.Is(err, callbacks.ErrClaimLost) {
			t.Errorf("the dead node dials: %v", err)
		}
		stop()
	})
}

// TestWhoDiedWhileItRang spent an attempt: the citizen is not dialled again at once.
func TestWhoDiedWhileItRang(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.promise(1)
		now := time.Now()
		dead, err := w.store.Claim(t.Context(), callbacks.Claim{By: "dead", Now: now, Until: now.Add(15 * time.Second), Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.Dial(t.Context(), dead[0].Held()); err != nil {
			t.Fatal(err)
		}
		stop := w.run("b")
		c := <-w.calls
		if after := time.Since(now); after < 5*time.Minute || c.Promise().Attempts != 1 || c.Promise().ID != p.ID {
			t.Errorf("served after %s: %+v", after, c.Promise())
		}
		stop()
	})
}

// TestADatabaseThatIsAway: nobody is dialled meanwhile, nothing is lost.
func TestADatabaseThatIsAway(t *testing.T) {
	inWorld(t, func(w *world) {
		p := w.promise(1)
		stop := w.run("a")
		c := <-w.calls
		w.store.SetAway(errors.New("away"))
		if err := c.Dial(t.Context()); err == nil {
			t.Error("dials without the database")
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		w.store.SetAway(nil)
		if got := w.stateOf(p); got != callbacks.Queued {
			t.Errorf("the promise is %s", got)
		}
		stop()
		if got := w.stateOf(p); got != callbacks.Waiting {
			t.Errorf("the promise is %s after the node has left", got)
		}
	})
}

func TestABookThatIsOff(t *testing.T) {
	t.Parallel()
	var none *callbacks.Book
	if none.Enabled() || none.Follows(time.Hour) {
		t.Error("no book promises")
	}
	if _, ok, err := none.Returning(t.Context(), "ref"); ok || err != nil {
		t.Error("no book knows who returns")
	}
	if err := none.Alive(t.Context(), callbackstest.Of(1).Contact); err != nil {
		t.Error(err)
	}
	if all, err := none.Open(t.Context(), 10); len(all) != 0 || err != nil {
		t.Error("no book has promises")
	}
}
