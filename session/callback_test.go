package session_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/callbacks"
	"hotline/callbacks/callbackstest"
	"hotline/contact"
	"hotline/gateway"
	"hotline/media/prompt"
	"hotline/records"
	"hotline/routing"
	"hotline/session"
)

// promising is a house that calls citizens back; the key is offered after a
// minute.
type promising struct {
	*house

	promises *callbackstest.Store
	forecast *forecast
	book     *callbacks.Book
	dialled  chan *fakeOutgoing // as they are to be dialled
}

// forecast is a queue that tells what the test wants told.
type forecast struct {
	*flaky

	mu      sync.Mutex
	outlook routing.Outlook
	asked   int
}

func (f *forecast) Outlook(context.Context, contact.ID) (routing.Outlook, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.outlook, nil
}

func (f *forecast) tell(o routing.Outlook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outlook = o
}

// in says that so many are before and a wait of about that long is measured.
func in(place int, wait time.Duration) routing.Outlook {
	return routing.Outlook{Place: place, Staffed: 10, LastWait: wait, LastAge: time.Second}
}

// fakeOutgoing is a citizen who is called.
type fakeOutgoing struct {
	*fakeVoice

	answers chan error // nil: picks up
}

func (o *fakeOutgoing) Dial(ctx context.Context, agent contact.AgentID) error {
	o.did <- "dial " + string(agent)
	select {
	case err := <-o.answers:
		return err
	case <-ctx.Done():
		o.did <- "stop"
		return ctx.Err()
	}
}

// ends waits for the last order, and says whether the dialling was stopped.
func (o *fakeOutgoing) ends(t *testing.T, last string, stopped bool) {
	t.Helper()
	synctest.Wait()
	all := map[string]bool{}
	for len(o.did) > 0 {
		all[<-o.did] = true
	}
	if !all[last] || all["stop"] != stopped {
		t.Errorf("the session ordered %v, want %q, stop %v", all, last, stopped)
	}
}

func inPromising(t *testing.T, test func(*promising), agents ...contact.AgentID) {
	t.Helper()
	inPatience(t, routing.Patience{}, test, agents...)
}

// inPatience is inPromising with bounds of waiting.
func inPatience(t *testing.T, wait routing.Patience, test func(*promising), agents ...contact.AgentID) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &promising{house: newHouse(t), promises: &callbackstest.Store{}, dialled: make(chan *fakeOutgoing, 16)}
		lines := promisingLines(t, wait)
		p.forecast = &forecast{flaky: p.store}
		cfg := callbacks.Defaults()
		cfg.Trunk = "carrier"
		p.book = callbacks.NewBook(callbacks.BookOptions{
			Config: cfg, Store: p.promises, Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		})
		p.hall = session.NewHall(session.Options{
			Node: node, Queue: p.forecast, Seats: p.seats, Lines: lines, Records: p.records,
			RefKey: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.DiscardHandler),
			Registerer: prometheus.NewRegistry(), Callbacks: p.book,
		})
		ctx, stop := context.WithCancel(context.Background())
		p.orders = make(chan routing.Command)
		ran := make(chan struct{})
		go func() { defer close(ran); p.hall.Run(merged(p.queue.Commands(ctx, node), p.orders)) }()
		for _, a := range agents {
			p.ready(a)
		}
		test(p)
		stop()
		<-ran
		if n := p.hall.Open(); n != 0 {
			t.Errorf("%d sessions are left open", n)
		}
	})
}

func promisingLines(t *testing.T, wait routing.Patience) *routing.Book {
	t.Helper()
	l := line()
	l.Skill, l.Queue = "", "public"
	lines, err := routing.NewBook(routing.Config{
		Lines: []routing.Line{l},
		Policy: routing.Policy{
			Skills: []string{"general"}, Callbacks: routing.CallbackRule{After: time.Minute},
			Queues: map[string]routing.QueueRule{"public": {Need: []string{"general"}, Wait: wait}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// merged ends with the first.
func merged(one <-chan routing.Command, other chan routing.Command) <-chan routing.Command {
	all := make(chan routing.Command)
	go func() {
		defer close(all)
		for {
			select {
			case c, open := <-one:
				if !open {
					return
				}
				all <- c
			case c := <-other:
				all <- c
			}
		}
	}()
	return all
}

// run keeps promises until the returned function.
func (p *promising) run() (stop func()) {
	r := callbacks.NewRunner(callbacks.RunnerOptions{
		Rule: always{}, Store: p.promises, By: string(node), Log: slog.New(slog.DiscardHandler),
		Registerer: prometheus.NewRegistry(), Book: p.book,
		Serve: func(_ context.Context, c *callbacks.Call) {
			v := newVoice("12345")
			v.arrival.Caller = c.Promise().Citizen
			o := &fakeOutgoing{v, make(chan error, 1)}
			p.dialled <- o
			p.hall.CallBack(p.life, o, c)
		},
	})
	until, done := make(chan struct{}), make(chan struct{})
	go func() { defer close(done); r.Run(context.Background(), until) }()
	return func() { close(until); <-done }
}

// always is a rule of two attempts at all hours.
type always struct{}

func (always) Again(attempts int, now time.Time) time.Time {
	if attempts > 1 {
		return time.Time{}
	}
	return now.Add(5 * time.Minute)
}

func (always) Quiet(time.Time) bool { return false }

// from lets a citizen of that number dial and hear the greeting to its end.
func (p *promising) from(number string) *fakeVoice {
	p.t.Helper()
	pass(time.Millisecond)
	v := newVoice("12345")
	v.arrival.Caller = contact.NewAddress(number)
	p.hall.Receive(p.life, v)
	v.wants(p.t, "answer", "play greeting")
	close(v.greeted)
	v.wants(p.t, "hold")
	return v
}

// promised is the one promise there is.
func (p *promising) promised() callbacks.Promise {
	p.t.Helper()
	synctest.Wait()
	all := p.promises.All()
	if len(all) != 1 {
		p.t.Fatalf("%d promises, want 1", len(all))
	}
	return all[0]
}

func (p *promising) press(v *fakeVoice, key rune) {
	v.events <- contact.Event{Kind: contact.Pressed, Digit: key}
	synctest.Wait()
}

const (
	one = "+8613800000001"
	two = "+8613800000002"
)

func TestAKeyKeepsThePlace(t *testing.T) {
	inPromising(t, func(p *promising) {
		v := p.from(one)
		entered := time.Now()
		p.press(v, '1') // nobody has heard of it yet
		v.wants(t, "play callback-offer", "hold")
		if waited := time.Since(entered); waited < time.Minute || waited > 75*time.Second {
			t.Errorf("offered after %s", waited)
		}
		p.press(v, '2')
		p.press(v, '1')
		v.wants(t, "play callback-taken", "close callback_taken")
		r := p.records.end(t)
		if r.Cause != contact.CallbackTaken || r.Contact != v.id {
			t.Errorf("record %+v", r)
		}
		got := p.promised()
		if got.Contact != v.id || !got.Since.Equal(r.Queued) || got.Why != callbacks.Asked || got.Citizen.Reveal() != one || got.Line != "citizen" {
			t.Errorf("promise %+v", got)
		}
		p.ready("1001")
		synctest.Wait()
		if len(p.seats.rings) != 0 {
			t.Error("a desk rings for who has hung up")
		}
	})
}

func TestAPromiseThatIsNotStoredIsNotMade(t *testing.T) {
	inPromising(t, func(p *promising) {
		v := p.from(one)
		v.wants(t, "play callback-offer", "hold")
		p.promises.SetAway(errors.New("away"))
		p.press(v, '1')
		v.wants(t, "play callback-failed", "hold")
		p.promises.SetAway(nil)
		p.press(v, '1')
		v.wants(t, "play callback-taken", "close callback_taken")
		p.promised()
	})
}

func TestWhoGivesUpIsCalledBack(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		number string
		after  time.Duration
		want   int
	}{
		"after a wait": {one, 6 * time.Second, 1},
		"at once":      {one, 4 * time.Second, 0},
		"anonymous":    {"", 6 * time.Second, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inPromising(t, func(p *promising) {
				v := p.from(c.number)
				pass(c.after)
				v.gone(contact.CitizenEnded)
				p.records.end(t)
				synctest.Wait()
				all := p.promises.All()
				if len(all) != c.want {
					t.Fatalf("%d promises, want %d", len(all), c.want)
				}
				if c.want > 0 && all[0].Why != callbacks.Abandoned {
					t.Errorf("promise %+v", all[0])
				}
			})
		})
	}
}

// TestWhoRingsAgainHasTheOldPlace, and the promise is off.
func TestWhoRingsAgainHasTheOldPlace(t *testing.T) {
	inPromising(t, func(p *promising) {
		gaveUp := p.from(one)
		pass(10 * time.Second)
		gaveUp.gone(contact.CitizenEnded)
		p.records.end(t)
		other := p.from(two)
		pass(10 * time.Second)
		again := p.from(one)
		if got := p.promised(); got.State != callbacks.Cancelled {
			t.Errorf("the promise is %s", got.State)
		}
		synctest.Wait()
		p.ready("1001")
		r := p.seats.ringing(t)
		if r.call.Contact.ID != again.id || r.call.Callback {
			t.Errorf("%+v rings first, want who has waited longest", r.call)
		}
		again.gone(contact.CitizenEnded)
		other.gone(contact.CitizenEnded)
		p.records.end(t)
		p.records.end(t)
	})
}

// TestACallOfADeadNode becomes a call-back at its place; called off when it
// turns out to live.
func TestACallOfADeadNode(t *testing.T) {
	inPromising(t, func(p *promising) {
		dead := newVoice("12345")
		queued := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
		ref := contact.NewAddress(two).Ref([]byte("0123456789abcdef0123456789abcdef"))
		p.must(p.records.Save(p.life, records.Record{
			Contact: dead.id, Line: "citizen", Citizen: contact.NewAddress(two), CitizenRef: ref, Queued: queued,
		}))
		for range 2 { // at least once
			p.orders <- routing.Command{Kind: routing.Orphan, Contact: dead.id}
		}
		p.orders <- routing.Command{Kind: routing.Orphan, Contact: newVoice("1").id} // of which nobody knows
		got := p.promised()
		if got.Contact != dead.id || !got.Since.Equal(queued) || got.Why != callbacks.NodeLost || got.State != callbacks.Waiting {
			t.Errorf("promise %+v", got)
		}
	})
}

func TestACallThatLivesIsNotCalledBack(t *testing.T) {
	inPromising(t, func(p *promising) {
		v := p.from(one)
		synctest.Wait()
		rec := p.records
		pass(time.Second) // it is filed
		rec.mu.Lock()
		filed := rec.saved[v.id]
		rec.mu.Unlock()
		_, err := p.book.Promise(p.life, callbacks.Request{
			Contact: v.id, Citizen: filed.Citizen, CitizenRef: filed.CitizenRef, Line: "citizen", Since: filed.Queued, Why: callbacks.NodeLost,
		})
		p.must(err)
		p.must(p.queue.Beat(p.life, "node-2"))
		p.hall.Rename(p.life, "node-2")
		if got := p.promised(); got.State != callbacks.Cancelled {
			t.Errorf("the promise of a living call is %s", got.State)
		}
		v.gone(contact.CitizenEnded)
		p.records.end(t)
	})
}

// keeps makes a promise that a minute ago one citizen was given.
func (p *promising) keeps() callbacks.Promise {
	p.t.Helper()
	kept, err := p.book.Promise(p.life, callbacks.Request{
		Contact: newVoice("1").id, Citizen: contact.NewAddress(one), CitizenRef: "ref-1", Line: "citizen",
		Source: "12345", Since: time.Now().Add(-time.Minute), Why: callbacks.Asked,
	})
	p.must(err)
	return kept
}

func (p *promising) next() *fakeOutgoing {
	p.t.Helper()
	select {
	case o := <-p.dialled:
		return o
	case <-time.After(guard):
		p.t.Fatal("no promise is kept")
		return nil
	}
}

// rung is the promise's contact at the desk of an agent who has accepted.
func (p *promising) rung() (*fakeOutgoing, ring) {
	p.t.Helper()
	o := p.next()
	r := p.seats.ringing(p.t)
	if !r.call.Callback || r.call.Contact.ID != o.id || r.call.Contact.Citizen.Reveal() != one {
		p.t.Errorf("the desk rings for %+v", r.call)
	}
	p.must(p.hall.Accept(p.life, o.id, r.agent, r.call.Token))
	p.seats.told(p.t, session.Connected)
	o.wants(p.t, "dial "+string(r.agent))
	return o, r
}

func TestAPromiseIsKept(t *testing.T) {
	inPromising(t, func(p *promising) {
		later := p.from(two)
		kept := p.keeps()
		stop := p.run()
		pass(time.Second)
		p.ready("1001")
		o, r := p.rung() // before who called later
		o.quiet(t)
		o.answers <- nil
		o.wants(t, "connect 1001")
		if got := p.promised(); got.State != callbacks.Done || got.Attempts != 1 {
			t.Errorf("the promise is %+v", got)
		}
		pass(time.Second)
		o.gone(contact.CitizenEnded)
		p.seats.told(t, session.Ended)
		p.must(p.hall.FinishWrapUp(p.life, o.id, r.agent))
		rec := p.records.end(t)
		if rec.Origin != kept.Contact || rec.Cause != contact.CitizenEnded || rec.Connected.IsZero() || rec.Agent != "1001" {
			t.Errorf("record %+v", rec)
		}
		later.gone(contact.CitizenEnded)
		p.records.end(t)
		stop()
	})
}

// TestNotReached: the agent is free at once, the promise is due again later.
func TestNotReached(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		do   func(*promising, *fakeOutgoing, ring)
		told []session.NewsKind
		free bool
	}{
		"busy": {func(_ *promising, o *fakeOutgoing, _ ring) { o.answers <- gateway.ErrNotReached }, []session.NewsKind{session.Ended, session.Finished}, true},
		"the agent hangs up": {func(p *promising, o *fakeOutgoing, r ring) {
			p.must(p.hall.Hangup(p.life, o.id, r.agent))
		}, []session.NewsKind{session.Ended, session.Finished}, true},
		"the desk is gone": {func(p *promising, o *fakeOutgoing, r ring) {
			p.must(p.hall.SeatLost(p.life, o.id, r.agent))
		}, []session.NewsKind{session.TakenBack}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inPromising(t, func(p *promising) {
				p.keeps()
				stop := p.run()
				o, r := p.rung()
				c.do(p, o, r)
				for _, k := range c.told {
					p.seats.told(t, k)
				}
				o.ends(t, "close unreached", name != "busy")
				rec := p.records.end(t)
				if rec.Cause != contact.Unreached || !rec.Connected.IsZero() {
					t.Errorf("record %+v", rec)
				}
				got := p.promised()
				if got.State != callbacks.Waiting || got.Attempts != 1 || time.Until(got.NextAt) < 4*time.Minute {
					t.Errorf("the promise is %+v", got)
				}
				synctest.Wait()
				if seat := p.queue.Hall().Seats["1001"]; (seat.Status == routing.Ready) != c.free {
					t.Errorf("the agent is %+v", seat)
				}
				stop()
			}, "1001")
		})
	}
}

// TestARecalledPromiseRingsNobody: the citizen has rung again, or a supervisor
// has called it off, while it waits or while a desk rings.
func TestARecalledPromiseRingsNobody(t *testing.T) {
	inPromising(t, func(p *promising) {
		kept := p.keeps()
		stop := p.run()
		o := p.next()
		synctest.Wait()
		_, err := p.book.Cancel(p.life, kept.ID)
		p.must(err)
		o.wants(t, "close recalled")
		if rec := p.records.end(t); rec.Cause != contact.Recalled || rec.Offers != 0 {
			t.Errorf("record %+v", rec)
		}
		p.ready("1001")
		pass(time.Second)
		if len(p.seats.rings) != 0 {
			t.Error("a desk rings for a promise that is off")
		}
		stop()
	})
}

// TestAClaimThatIsLostDialsNobody: the agent who accepted is free at once.
func TestAClaimThatIsLostDialsNobody(t *testing.T) {
	inPromising(t, func(p *promising) {
		kept := p.keeps()
		stop := p.run()
		o := p.next()
		r := p.seats.ringing(t)
		_, err := p.promises.Cancel(p.life, kept.ID, time.Now())
		p.must(err)
		p.must(p.hall.Accept(p.life, o.id, r.agent, r.call.Token))
		p.seats.told(t, session.Connected)
		p.seats.told(t, session.Ended)
		p.seats.told(t, session.Finished)
		o.wants(t, "close unreached")
		p.records.end(t)
		stop()
	}, "1001")
}

func TestANodeThatLeavesGivesPromisesBack(t *testing.T) {
	inPromising(t, func(p *promising) {
		p.keeps()
		stop := p.run()
		o := p.next()
		stop()
		o.wants(t, "close recalled")
		if got := p.promised(); got.State != callbacks.Waiting {
			t.Errorf("the promise is %s", got.State)
		}
	})
}

func TestAPlaceIsAnnounced(t *testing.T) {
	inPromising(t, func(p *promising) {
		p.forecast.tell(in(3, 5*time.Minute))
		v := p.from("")
		began := time.Now()
		v.wants(t, "play wait-before", "play n3", "play wait-people", "play wait-time", "play n3", "play wait-to", "play n7", "play wait-minutes", "hold")
		if after := time.Since(began); after > 5*time.Second {
			t.Errorf("announced after %s", after)
		}
		p.forecast.tell(in(1, 20*time.Minute)) // it has risen: nothing is said
		pass(2 * time.Minute)
		v.quiet(t)
		p.forecast.tell(in(5, 40*time.Second)) // others have come before: the place does not grow
		v.wants(t, "play wait-before", "play n3", "play wait-people", "play wait-time", "play n1", "play wait-within", "hold")
		p.forecast.tell(in(0, 30*time.Second))
		last := time.Now()
		v.wants(t, "play wait-next")
		if gap := time.Since(last); gap < 50*time.Second {
			t.Errorf("again after %s", gap)
		}
		v.wants(t, "play wait-time", "play n1", "play wait-within", "hold")
		p.forecast.tell(routing.Outlook{}) // nothing is known: silence
		pass(3 * time.Minute)
		v.quiet(t)
		p.forecast.mu.Lock()
		most := int(time.Since(began)/(10*time.Second)) + 1
		if p.forecast.asked > most {
			t.Errorf("the queue was asked %d times, want at most %d", p.forecast.asked, most)
		}
		p.forecast.mu.Unlock()
		v.gone(contact.CitizenEnded)
		p.records.end(t)
	})
}

// TestEveryPartIsAPrompt that comes with the program.
func TestEveryPartIsAPrompt(t *testing.T) {
	t.Parallel()
	library, err := prompt.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range session.Spoken() {
		if _, ok := library.Get(name); !ok {
			t.Errorf("there is no prompt %q", name)
		}
	}
}

// TestALostDatabaseLosesNoPromise of who gave up meanwhile.
func TestALostDatabaseLosesNoPromise(t *testing.T) {
	inPromising(t, func(p *promising) {
		p.promises.SetAway(errors.New("away"))
		v := p.from(one)
		pass(6 * time.Second)
		v.gone(contact.CitizenEnded)
		p.records.end(t)
		pass(time.Minute)
		p.promises.SetAway(nil)
		pass(6 * time.Second)
		if got := p.promised(); got.Why != callbacks.Abandoned || got.Contact != v.id {
			t.Errorf("promise %+v", got)
		}
	})
}

// TestNobodyWaitsLongerThanTheLineLets: with a call-back at the end, or a
// goodbye for who cannot be called.
func TestNobodyWaitsLongerThanTheLineLets(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]struct {
		prompt string
		cause  contact.Cause
		made   int
	}{
		one: {"callback-taken", contact.CallbackTaken, 1},
		"":  {"goodbye", contact.RefusedFull, 0},
	} {
		t.Run(want.prompt, func(t *testing.T) {
			inPatience(t, routing.Patience{Max: 100 * time.Second, Then: "callback"}, func(p *promising) {
				v := p.from(number)
				began := time.Now()
				if number != "" {
					v.wants(t, "play callback-offer", "hold")
				}
				for last := ""; last != "play "+want.prompt; last = <-v.did {
				}
				v.wants(t, "close "+want.cause.String())
				if after := time.Since(began); after < 100*time.Second || after > 115*time.Second {
					t.Errorf("ended after %s", after)
				}
				if r := p.records.end(t); r.Cause != want.cause {
					t.Errorf("record %+v", r)
				}
				synctest.Wait()
				if all := p.promises.All(); len(all) != want.made || want.made > 0 && all[0].Why != callbacks.MaxWait {
					t.Errorf("promises %+v", all)
				}
			})
		})
	}
}
