package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/redisserver/redistest"
)

// failoverWithin is how long the queue may stand still when its primary dies.
const failoverWithin = 15 * time.Second

// failover is a house of two nodes before its primary dies.
type failover struct {
	*house
	north, south *city
	rest         *headless.REST
	called       []string // masked, in the order of their calls
	rung         rung
	before       *redistest.Member // the primary that is lost
	thaw         func()            // nil: it is dead
}

// rung notes each ring of each desk.
type rung struct {
	mu  sync.Mutex
	all []string // contacts
}

func (r *rung) note(rep headless.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rep.Contact)
}

func (r *rung) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

func newFailover(t *testing.T) *failover {
	t.Helper()
	h := newWatchedHouse(t)
	f := &failover{house: h, north: h.node("north"), south: h.node("south")}
	f.rest = f.south.supervisor()
	return f
}

// calls lets one more citizen call one of the nodes in turn, and wait.
func (f *failover) calls() {
	f.t.Helper()
	n := len(f.called)
	at := []*city{f.north, f.south}[n%2]
	at.places(phone.Options{Target: at.dial(plainNumber), From: fmt.Sprintf("1390000001%d", n)})
	f.called = append(f.called, fmt.Sprintf("+86139****001%d", n))
	pause(f.t, 20*time.Millisecond) // nobody comes in the same millisecond
}

// queued waits until all who called wait.
func (f *failover) queued() {
	f.t.Helper()
	for _, masked := range f.called {
		f.south.caller(f.rest, masked)
	}
	pause(f.t, time.Second) // they are in the queue, and replicas know
}

// kills the primary, and returns the moment.
func (f *failover) kills() time.Time {
	f.t.Helper()
	f.before = f.watched.Primary(f.t)
	f.before.Kill(f.t)
	return time.Now()
}

// strands the primary: it stands still until another is named, then it goes on
// and believes that it still is the primary, for a while.
func (f *failover) strands() time.Time {
	f.t.Helper()
	f.before = f.watched.Primary(f.t)
	f.thaw = f.before.Freeze(f.t)
	return time.Now()
}

// back waits until another primary takes writes, and both nodes are with it.
func (f *failover) back(lost time.Time) {
	f.t.Helper()
	f.watched.Replaced(f.t, f.before)
	if f.thaw != nil {
		f.thaw()
	}
	for _, c := range []*city{f.north, f.south} {
		c.until("the outage is seen", func() bool { return c.metric("hotline_redis_outages_total") > 0 }, func() string { return c.admin("/healthz") })
		c.until("the queue is back", func() bool { return c.metric("hotline_redis_away") == 0 }, func() string { return c.admin("/healthz") })
	}
	f.t.Logf("the queue is back after %s", time.Since(lost).Round(10*time.Millisecond))
}

// served wants every caller served once by the agent, in the order of calls.
func (f *failover) served(agent string) []record {
	f.t.Helper()
	var all []record
	for n, masked := range f.called {
		r := f.south.await(f.rest, "of "+masked+" that was served", func(r record) bool {
			return r.Caller == masked && connected(r) && !r.Ended.IsZero()
		})
		if r.Agent != agent || r.Offers != 1 || r.Cause != "agent_ended" {
			f.t.Errorf("caller %d: %+v, want one offer, to %s", n, r, agent)
		}
		if n > 0 && !all[n-1].Connected.Before(r.Connected) {
			f.t.Errorf("caller %d was served at %s, the one before at %s", n, r.Connected, all[n-1].Connected)
		}
		all = append(all, r)
	}
	return all
}

// onceEach wants every contact to have rung once.
func (f *failover) onceEach(served []record) {
	f.t.Helper()
	var want []string
	for _, r := range served {
		want = append(want, r.Contact)
	}
	if got := f.rung.list(); !slices.Equal(got, want) {
		f.t.Errorf("desks rang for %v, want %v", got, want)
	}
}

// clean wants nothing left behind, no node declared dead, and nothing mended.
func (f *failover) clean() {
	f.t.Helper()
	for _, c := range []*city{f.north, f.south} {
		for _, name := range []string{"hotline_routing_nodes_lost_total", "hotline_session_strays_total", "hotline_node_queue_breaches_total"} {
			if n := c.metric(name); n != 0 {
				f.t.Errorf("%s is %v", name, n)
			}
		}
	}
	f.south.until("nothing is left", func() bool { return len(leftBehind(f.t, f.keys)) == 0 }, func() string {
		return fmt.Sprint(leftBehind(f.t, f.keys))
	})
}

// TestSentinelFailover: the queue's primary is lost while a citizen talks and
// others wait. The talk goes on; who waits is served in the old order by an
// agent who comes after, then who called meanwhile, then who called after.
func TestSentinelFailover(t *testing.T) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "the queue's primary is killed",
		"a talk across two nodes goes on, with audio both ways, while Sentinels name another primary")
	losesPrimary(t, (*failover).kills)
}

// TestSentinelFailoverFromAStrandedPrimary: as before, but the primary only
// stands still, with all connections open, and comes back once it is replaced.
func TestSentinelFailoverFromAStrandedPrimary(t *testing.T) {
	losesPrimary(t, (*failover).strands)
}

func losesPrimary(t *testing.T, loses func(*failover) time.Time) {
	f := newFailover(t)
	heard := make(chan []int16, 1)
	talker := f.south.agent(headless.Options{
		Account: "1001", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(440), Keep: 2 * time.Minute,
		Heard: func(_ headless.Report, samples []int16) { heard <- samples },
	})
	citizen := gatewaytest.StartBaresip(t, f.north.dial(plainNumber), "13800000001", 600)
	talk := f.south.await(f.rest, "of the talk", connected1)
	for range 4 {
		f.calls()
	}
	f.queued()

	lost := loses(f)
	pause(t, 500*time.Millisecond)
	f.calls() // the queue is away
	f.back(lost)
	f.calls()
	f.north.agent(headless.Options{
		Account: "1002", AnswerAfter: time.Millisecond, TalkFor: 300 * time.Millisecond, WrapUp: time.Millisecond, Rings: f.rung.note,
	})
	served := f.served("1002")
	if took := served[0].Connected.Sub(lost); took > failoverWithin {
		t.Errorf("the first was served %s after the loss", took)
	}
	f.onceEach(served)
	lasted := time.Since(talk.Connected)
	toned(t, "the citizen", citizen.Heard(), 440, lasted)
	if r := f.south.report(talker); r.Contact != talk.Contact || r.Cause != "citizen_ended" || r.Lost*50 > r.Packets {
		t.Errorf("the talker reports %+v", r)
	}
	toned(t, "the agent", <-heard, 600, lasted)
	f.clean()
}

// TestSentinelFailoverInARing: the primary is killed while a desk rings, which
// a replica has confirmed. The ring goes on, and is answered; nobody else rings
// for the same citizen.
func TestSentinelFailoverInARing(t *testing.T) {
	f := newFailover(t)
	rings := make(chan headless.Report, 16)
	f.south.agent(headless.Options{
		Account: "1001", AnswerAfter: 10 * time.Second, TalkFor: 300 * time.Millisecond, WrapUp: time.Millisecond,
		Rings: func(r headless.Report) { f.rung.note(r); rings <- r },
	})
	f.calls()
	select {
	case <-rings:
	case <-time.After(patience):
		t.Fatal("no desk rings")
	}
	f.north.until("the agent's audio comes to the caller's node", func() bool {
		return f.north.metric(`hotline_webrtc_answers_total{result="ok"}`) == 1
	}, func() string { return "" })
	killed := f.kills() // before it is there
	f.back(killed)
	f.north.agent(headless.Options{
		Account: "1002", AnswerAfter: time.Millisecond, TalkFor: 300 * time.Millisecond, WrapUp: time.Millisecond, Rings: f.rung.note,
	})
	served := f.served("1001")
	f.onceEach(served)
	f.clean()
}
