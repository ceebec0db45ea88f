package tickets_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/tickets"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outbox is an outbox in memory, to run on synctest's clock.
type outbox struct {
	mu    sync.Mutex
	rows  []*box
	fails int // of the next calls
}

type box struct {
	tickets.Parcel
	state         tickets.DeliveryState
	why           tickets.Failure
	next, claimed time.Time
}

var errDown = errors.New("the database is away")

func (o *outbox) add(unit string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for range n {
		id := fmt.Sprintf("%s-%d", unit, len(o.rows))
		o.rows = append(o.rows, &box{state: tickets.Pending, Parcel: tickets.Parcel{
			Unit: unit, ID: id, Number: id, Contact: contact.ID("C-" + id), Body: []byte(id), Position: int64(len(o.rows)), Queued: time.Now(),
		}})
	}
}

func (o *outbox) head(unit string) *box {
	i := slices.IndexFunc(o.rows, func(b *box) bool {
		return b.Unit == unit && b.state != tickets.Delivered && b.state != tickets.DeadLetter
	})
	if i < 0 {
		return nil
	}
	return o.rows[i]
}

func (o *outbox) broken() bool {
	o.fails--
	return o.fails >= 0
}

func (o *outbox) Heads(context.Context) ([]tickets.Head, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken() {
		return nil, errDown
	}
	var heads []tickets.Head
	for _, b := range o.rows {
		if o.head(b.Unit) == b {
			due := b.next
			if b.claimed.After(due) {
				due = b.claimed
			}
			heads = append(heads, tickets.Head{Unit: b.Unit, Due: due, Attempts: b.Attempts})
		}
	}
	return heads, nil
}

func (o *outbox) Claim(_ context.Context, c tickets.Claim) (tickets.Parcel, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken() {
		return tickets.Parcel{}, false, errDown
	}
	b := o.head(c.Unit)
	if b == nil || b.next.After(c.Now) || b.claimed.After(c.Now) {
		return tickets.Parcel{}, false, nil
	}
	b.state, b.claimed = tickets.Sent, c.Until
	b.Attempts++
	b.Token++
	return b.Parcel, true, nil
}

func (o *outbox) end(p tickets.Parcel, change func(*box)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken() {
		return errDown
	}
	for _, b := range o.rows {
		if b.ID == p.ID && b.Token == p.Token && b.state == tickets.Sent {
			b.claimed = time.Time{}
			change(b)
			return nil
		}
	}
	return tickets.ErrClaimLost
}

func (o *outbox) Delivered(_ context.Context, p tickets.Parcel, _ string, _ time.Time) error {
	return o.end(p, func(b *box) { b.state = tickets.Delivered })
}

func (o *outbox) Failed(_ context.Context, p tickets.Parcel, why tickets.Failure, next time.Time) error {
	return o.end(p, func(b *box) { b.state, b.why, b.next = tickets.Failed, why, next })
}

func (o *outbox) Bury(_ context.Context, p tickets.Parcel, why tickets.Failure, _ time.Time) error {
	return o.end(p, func(b *box) { b.state, b.why = tickets.DeadLetter, why })
}

// first is a copy of the first row.
func (o *outbox) first() box {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *o.rows[0]
}

// count tells how many parcels of a unit are in a state.
func (o *outbox) count(unit string, s tickets.DeliveryState) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, b := range o.rows {
		if b.Unit == unit && b.state == s {
			n++
		}
	}
	return n
}

// units are sinks by function; those without one are unknown.
type units map[string]func(ctx context.Context, p tickets.Parcel) error

func (u units) Sink(unit string) (tickets.Sink, bool) {
	f, ok := u[unit]
	return sink(f), ok
}

type sink func(ctx context.Context, p tickets.Parcel) error

func (s sink) Deliver(ctx context.Context, p tickets.Parcel) (string, error) {
	return "ack of " + p.ID, s(ctx, p)
}

func fine(context.Context, tickets.Parcel) error { return nil }

func hang(ctx context.Context, _ tickets.Parcel) error {
	<-ctx.Done()
	return ctx.Err()
}

func refuse(r tickets.Refusal) func(context.Context, tickets.Parcel) error {
	return func(context.Context, tickets.Parcel) error { return &r }
}

// start runs a dispatcher until the test ends.
func start(t *testing.T, o *outbox, u units, change func(*tickets.DispatcherOptions)) *tickets.Dispatcher {
	t.Helper()
	options := tickets.DispatcherOptions{Outbox: o, Sinks: u, Node: "node-1", Registerer: prometheus.NewRegistry()}
	if change != nil {
		change(&options)
	}
	d, err := tickets.NewDispatcher(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	return d
}

func TestAnHourOfRefusalsThenOnceEachInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		o.add("A", 5)
		var mu sync.Mutex
		var tried []time.Duration
		var got []string
		began := time.Now()
		start(t, &o, units{"A": func(_ context.Context, p tickets.Parcel) error {
			mu.Lock()
			defer mu.Unlock()
			if time.Since(began) < time.Hour {
				tried = append(tried, time.Since(began))
				return &tickets.Refusal{Why: tickets.UnitFault, Status: 503}
			}
			got = append(got, string(p.Body))
			return nil
		}}, nil)
		pass(time.Hour + 5*time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]string{"A-0", "A-1", "A-2", "A-3", "A-4"}, got); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		checkPauses(t, tried)
	})
}

// checkPauses: 1 s, 2 s, 4 s … 5 min, each between half and whole.
func checkPauses(t *testing.T, tried []time.Duration) {
	t.Helper()
	span := time.Second
	for i := 1; i < len(tried); i++ {
		if pause := tried[i] - tried[i-1]; pause < span/2 || pause > span {
			t.Errorf("pause %d is %s, want between %s and %s", i, pause, span/2, span)
		}
		span = min(2*span, 5*time.Minute)
	}
	if len(tried) < 15 {
		t.Errorf("%d attempts in an hour, want at least 15", len(tried))
	}
}

func TestWhatARefusalLeadsTo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sink  func(context.Context, tickets.Parcel) error
		after time.Duration
		state tickets.DeliveryState
		why   tickets.Failure
	}{
		"rejected":             {refuse(tickets.Refusal{Why: tickets.Rejected, Permanent: true}), time.Second, tickets.DeadLetter, tickets.Rejected},
		"busy":                 {refuse(tickets.Refusal{Why: tickets.Busy}), time.Hour, tickets.Failed, tickets.Busy},
		"our own fault":        {func(context.Context, tickets.Parcel) error { return errDown }, time.Hour, tickets.Failed, tickets.Faulty},
		"never answers":        {hang, 30*time.Second + 100*time.Millisecond, tickets.Failed, tickets.TimedOut},
		"no address":           {nil, time.Second, tickets.DeadLetter, tickets.NoEndpoint},
		"in vain for 72 hours": {refuse(tickets.Refusal{Why: tickets.UnitFault}), 72*time.Hour + 6*time.Minute, tickets.DeadLetter, tickets.TooOld},
		"not yet for 72 hours": {refuse(tickets.Refusal{Why: tickets.UnitFault}), 71 * time.Hour, tickets.Failed, tickets.UnitFault},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var o outbox
				o.add("A", 1)
				u := units{}
				if tt.sink != nil {
					u["A"] = tt.sink
				}
				start(t, &o, u, nil)
				pass(tt.after)
				synctest.Wait()
				if b := o.first(); b.state != tt.state || b.why != tt.why {
					t.Errorf("it is %s for %s, want %s for %s", b.state, b.why, tt.state, tt.why)
				}
			})
		})
	}
}

func TestLaterOnesFollowADeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		o.add("A", 3)
		start(t, &o, units{"A": func(_ context.Context, p tickets.Parcel) error {
			if p.ID == "A-1" {
				return &tickets.Refusal{Why: tickets.Rejected, Permanent: true}
			}
			return nil
		}}, nil)
		synctest.Wait()
		if o.count("A", tickets.Delivered) != 2 || o.count("A", tickets.DeadLetter) != 1 {
			t.Errorf("%d delivered, %d dead; want 2 and 1 at once", o.count("A", tickets.Delivered), o.count("A", tickets.DeadLetter))
		}
	})
}

func TestRetryAfterIsHonouredWithinReason(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ asked, least, most time.Duration }{
		"two minutes": {2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
		"a year":      {365 * 24 * time.Hour, time.Hour, time.Hour},
		"nothing":     {0, time.Second / 2, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var o outbox
				o.add("A", 1)
				times := make(chan time.Time, 2)
				start(t, &o, units{"A": func(context.Context, tickets.Parcel) error {
					times <- time.Now()
					if len(times) == 2 {
						return nil
					}
					return &tickets.Refusal{Why: tickets.Busy, RetryAfter: tt.asked}
				}}, nil)
				pass(2 * time.Hour)
				if len(times) != 2 {
					t.Fatalf("%d attempts, want 2", len(times))
				}
				first := <-times
				if pause := (<-times).Sub(first); pause < tt.least || pause > tt.most {
					t.Errorf("the pause is %s, want %s to %s", pause, tt.least, tt.most)
				}
			})
		})
	}
}

// TestUnitsThatHangDelayNobody: a tenth of the units never answer, more than
// there are couriers for units in trouble.
func TestUnitsThatHangDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		u := units{}
		for n := range 40 {
			name := fmt.Sprintf("down-%02d", n)
			u[name] = hang
			o.add(name, 3)
		}
		u["well"] = fine
		d := start(t, &o, u, nil)
		pass(10 * time.Minute) // by now all of them are known to be in trouble
		for n := range 20 {
			o.add("well", 1)
			d.Wake()
			synctest.Wait()
			if got := o.count("well", tickets.Delivered); got != n+1 {
				t.Fatalf("%d of %d delivered at once", got, n+1)
			}
			pass(7 * time.Second)
		}
	})
}

func TestOneInFlightPerUnitAndNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		var mu sync.Mutex
		now, most, perUnit := 0, 0, map[string]int{}
		slow := func(_ context.Context, p tickets.Parcel) error {
			mu.Lock()
			now++
			most = max(most, now)
			perUnit[p.Unit]++
			if perUnit[p.Unit] > 1 {
				t.Errorf("two at once for %s", p.Unit)
			}
			mu.Unlock()
			pass(time.Second)
			mu.Lock()
			defer mu.Unlock()
			now--
			perUnit[p.Unit]--
			return nil
		}
		u := units{}
		for n := range 20 {
			name := fmt.Sprint(n)
			u[name] = slow
			o.add(name, 4)
		}
		start(t, &o, u, func(d *tickets.DispatcherOptions) { d.Concurrency = 8 })
		pass(time.Minute)
		synctest.Wait()
		for n := range 20 {
			if got := o.count(fmt.Sprint(n), tickets.Delivered); got != 4 {
				t.Errorf("unit %d has %d of 4", n, got)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if most != 8 {
			t.Errorf("%d at once, want 8", most)
		}
	})
}

func TestABrokenStoreDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		o.add("A", 2)
		o.fails = 5
		start(t, &o, units{"A": fine}, nil)
		pass(4 * time.Second)
		if o.count("A", tickets.Pending) != 2 {
			t.Error("something was delivered while the store was away")
		}
		pass(5 * time.Minute)
		synctest.Wait()
		if got := o.count("A", tickets.Delivered); got != 2 {
			t.Errorf("%d of 2 delivered after the store came back", got)
		}
	})
}

func TestStoppingGivesTheClaimBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		o.add("A", 1)
		d, err := tickets.NewDispatcher(tickets.DispatcherOptions{Outbox: &o, Sinks: units{"A": hang}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run returned %v", err)
		}
		if b := o.first(); b.state != tickets.Failed || b.why != tickets.Interrupted || !b.claimed.IsZero() || b.next.After(time.Now()) {
			t.Errorf("left as %+v: want due now, unclaimed", b)
		}
	})
}

func TestNewsIsToldOfEachOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o outbox
		o.add("A", 1)
		o.add("B", 1)
		var mu sync.Mutex
		var news []string
		tries := 0
		start(t, &o, units{"A": func(context.Context, tickets.Parcel) error {
			if tries++; tries == 1 {
				return &tickets.Refusal{Why: tickets.UnitFault}
			}
			return nil
		}}, func(d *tickets.DispatcherOptions) {
			d.OnDelivery = func(number string, id contact.ID, s tickets.DeliveryState) {
				mu.Lock()
				defer mu.Unlock()
				news = append(news, fmt.Sprintf("%s %s %s", number, id, s))
			}
		})
		pass(time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(news)
		if diff := cmp.Diff([]string{"A-0 C-A-0 delivered", "A-0 C-A-0 failed", "B-1 C-B-1 dead_letter"}, news); diff != "" {
			t.Errorf("news (-want +got):\n%s", diff)
		}
	})
}

// pass lets time go by on synctest's clock.
func pass(d time.Duration) { <-time.After(d) }
