package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/redis/go-redis/v9"

	"hotline/config"
	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/media/tone"
	"hotline/node"
)

// redisProcess is a redis-server of the test's own, which it may stop.
type redisProcess struct {
	t      *testing.T
	dir    string
	socket string
	cmd    *exec.Cmd
}

func startRedis(t *testing.T) *redisProcess {
	t.Helper()
	r := &redisProcess{t: t, dir: t.TempDir()}
	r.socket = filepath.Join(r.dir, "s")
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *redisProcess) url() string { return "unix://" + r.socket }

// start returns once the server has read its file.
func (r *redisProcess) start() {
	r.t.Helper()
	r.cmd = exec.CommandContext(context.Background(), "redis-server", "--port", "0", "--unixsocket", r.socket,
		"--dir", r.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--maxmemory-policy", "noeviction")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: r.socket, MaxRetries: -1})
	defer func() { _ = client.Close() }()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for limit := time.After(patience); client.Ping(context.Background()).Err() != nil; {
		select {
		case <-every.C:
		case <-limit:
			r.t.Fatal("redis does not start")
		}
	}
}

func (r *redisProcess) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// stop ends the server; nobody listens any more.
func (r *redisProcess) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGCONT)
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
}

// TestRedisOutage: Redis is away, as a black hole and as a closed door. Who
// talks goes on talking, who calls waits in order, and what is typed is kept.
func TestRedisOutage(t *testing.T) {
	t.Run("it stands still for 30 s", func(t *testing.T) {
		outage(t, 30*time.Second, func(r *redisProcess) { r.signal(syscall.SIGSTOP) }, func(r *redisProcess) { r.signal(syscall.SIGCONT) })
	})
	t.Run("it is stopped for 12 s", func(t *testing.T) {
		outage(t, 12*time.Second, (*redisProcess).stop, (*redisProcess).start)
	})
}

func outage(t *testing.T, lasts time.Duration, away, back func(*redisProcess)) {
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "the queue's store is away",
		"a talk goes on, with audio both ways, while Redis does not answer")
	r := startRedis(t)
	c := startCity(t, func(cfg *node.Config) {
		withPlainLine(cfg)
		cfg.Redis.URL = config.NewSecret(r.url())
	})
	o := beginOutage(t, c)
	away(r)
	began := time.Now()
	o.during(t)
	<-time.After(time.Until(began.Add(lasts)))
	if health := c.admin("/healthz"); !strings.Contains(health, `"degraded"`) || !strings.Contains(c.admin("/readyz"), "degraded") {
		t.Errorf("health is %s", health)
	}
	if c.metric("hotline_redis_away") != 1 {
		t.Error("hotline_redis_away is not 1")
	}
	back(r)
	o.after(t)
}

// outageTrial is what goes on while Redis is away.
type outageTrial struct {
	*city
	rest    *headless.REST
	talker  *headless.Agent // talks on
	free    *headless.Agent // whose talk ends meanwhile
	heard   chan []int16    // by the talker
	citizen *gatewaytest.Baresip
	talk    record
	ending  *phone.Call
	phone   *phone.Phone
	draft   int // revision
	callers []*phone.Call
	leaver  string
}

func beginOutage(t *testing.T, c *city) *outageTrial {
	t.Helper()
	o := &outageTrial{city: c, rest: c.supervisor(), heard: make(chan []int16, 1)}
	o.talker = c.agent(headless.Options{
		Account: "1001", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, Play: headless.Sine(440), Keep: 2 * time.Minute,
		Heard: func(_ headless.Report, samples []int16) { o.heard <- samples },
	})
	o.citizen = gatewaytest.StartBaresip(t, c.dial(plainNumber), "13800000001", 600)
	o.talk = c.await(o.rest, "of the talk", func(r record) bool { return r.Agent == "1001" && connected(r) })
	o.free = c.agent(headless.Options{Account: "1002", AnswerAfter: time.Millisecond, WrapUp: time.Millisecond, TalkFor: 0})
	p, err := phone.New(t.Context(), c.dial(plainNumber), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	o.phone = p
	o.ending = o.place(t, plainNumber, "13800000002")
	c.await(o.rest, "of the second talk", func(r record) bool { return r.Agent == "1002" && connected(r) })
	o.draft = o.save(t, 0)
	return o
}

func (o *outageTrial) place(t *testing.T, number, from string) *phone.Call {
	t.Helper()
	placed, err := o.phone.Place(t.Context(), phone.Options{Target: o.dial(number), From: from, Record: true})
	if err != nil {
		t.Fatal(err)
	}
	return placed
}

// agentREST is the talker's browser.
func (o *outageTrial) agentREST(t *testing.T) *headless.REST {
	t.Helper()
	return o.talker.REST()
}

func (o *outageTrial) save(t *testing.T, revision int) int {
	t.Helper()
	saved, err := o.trySave(t, revision)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (o *outageTrial) trySave(t *testing.T, revision int) (int, error) {
	var saved struct {
		Revision int `json:"revision"`
	}
	err := o.agentREST(t).Call(t.Context(), http.MethodPut, "/contacts/"+o.talk.Contact+"/draft",
		map[string]any{"revision": revision, "fields": noise()}, &saved)
	return saved.Revision, err
}

func (o *outageTrial) register(t *testing.T, key string) (string, error) {
	var ticket struct {
		Number string `json:"ticket_no"`
	}
	err := o.agentREST(t).CallWith(t.Context(), http.MethodPost, "/contacts/"+o.talk.Contact+"/ticket",
		map[string]any{"fields": noise()}, &ticket, http.Header{"Idempotency-Key": {key}})
	return ticket.Number, err
}

// mayRepeat: the refusal asks the desk to try again, and does not sign it out.
func mayRepeat(t *testing.T, what string, err error) {
	t.Helper()
	var refusal *headless.Error
	if !errors.As(err, &refusal) || refusal.Code != "unavailable" {
		t.Errorf("%s: %v, want it unavailable", what, err)
	}
}

// during: a talk ends, a desk loses its socket, four citizens call, one of them
// gives up, and the agent types.
func (o *outageTrial) during(t *testing.T) {
	t.Helper()
	if err := o.ending.Hangup(t.Context()); err != nil {
		t.Error(err)
	}
	if r := o.report(o.free); r.Cause != "citizen_ended" {
		t.Errorf("the second talk ended as %+v", r)
	}
	if err := o.talker.Cut(t.Context()); err != nil {
		t.Logf("cut: %v", err)
	}
	for n := range 3 {
		o.callers = append(o.callers, o.place(t, "12345", fmt.Sprintf("1380000001%d", n)))
		if n == 0 {
			o.leaver = "+86138****0020"
			left := o.place(t, plainNumber, "13800000020")
			time.AfterFunc(3*time.Second, func() { _ = left.Hangup(context.Background()) })
		}
		<-time.After(time.Second)
	}
	_, err := o.trySave(t, o.draft)
	mayRepeat(t, "a draft", err)
	_, err = o.register(t, ulid.Make().String())
	mayRepeat(t, "a ticket", err)
}

// after: all of it comes right.
func (o *outageTrial) after(t *testing.T) {
	t.Helper()
	began := time.Now()
	served := []record{}
	for n := range o.callers {
		masked := fmt.Sprintf("+86138****001%d", n)
		served = append(served, o.await(o.rest2(t), "of "+masked+" that is served", func(r record) bool { return r.Caller == masked && connected(r) }))
		if n == 0 {
			t.Logf("the first caller was served %s after the return", time.Since(began).Round(time.Millisecond))
		}
		if err := o.callers[n].Hangup(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for n, r := range served {
		if r.Agent != "1002" || n > 0 && !served[n-1].Connected.Before(r.Connected) {
			t.Errorf("caller %d: %+v, want it after the one before, with 1002", n, r)
		}
	}
	o.music(t)
	if r := o.await(o.rest, "of who gave up", func(r record) bool { return r.Caller == o.leaver && !r.Ended.IsZero() }); r.Cause != "abandoned_queue" || r.Offers != 0 {
		t.Errorf("who gave up has %+v", r)
	}
	o.typed(t)
	if lost := o.metric("hotline_routing_nodes_lost_total"); lost != 0 {
		t.Errorf("%v nodes were declared dead", lost)
	}
	o.tones(t)
}

// rest2 is a supervisor whose first calls may still find Redis away.
func (o *outageTrial) rest2(t *testing.T) *headless.REST {
	t.Helper()
	o.until("the sign-in is seen again", func() bool {
		return o.rest.Call(t.Context(), http.MethodGet, "/session", nil, nil) == nil
	}, func() string { return o.admin("/healthz") })
	return o.rest
}

// music: who waited has heard the greeting and music, never silence.
func (o *outageTrial) music(t *testing.T) {
	t.Helper()
	const second = 8000
	first := o.callers[0]
	<-first.Done()
	heard := first.Report().Heard.Linear()
	if len(heard) < 9*second {
		t.Fatalf("the first caller heard %d s", len(heard)/second)
	}
	for at := second; at+second <= 9*second; at += second {
		if tone.Power(heard[at:at+second]) < 1e-4 {
			t.Errorf("second %d is silent", at/second)
		}
	}
}

// typed: the draft is saved over the revision known, and the ticket exists once.
func (o *outageTrial) typed(t *testing.T) {
	t.Helper()
	if got := o.save(t, o.draft); got != o.draft+1 {
		t.Errorf("the draft has revision %d, want %d", got, o.draft+1)
	}
	key := ulid.Make().String()
	first, err := o.register(t, key)
	if err != nil {
		t.Fatal(err)
	}
	again, err := o.register(t, key)
	if err != nil || again != first {
		t.Errorf("the repeat made %q (%v), want %q", again, err, first)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := o.unit.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if got := o.unit.Received(); len(got) != 1 || got[0].Number != first {
		t.Errorf("the unit has %+v, want %s once", got, first)
	}
}

// tones: both sides of the talk were heard all the time.
func (o *outageTrial) tones(t *testing.T) {
	t.Helper()
	lasted := time.Since(o.talk.Connected)
	citizen := o.citizen.Heard() // hangs up
	toned(t, "the citizen", citizen, 440, lasted)
	select {
	case samples := <-o.heard:
		toned(t, "the agent", samples, 600, lasted)
	case <-time.After(patience):
		t.Error("the talker reports no end")
	}
}

// toned wants the tone in all half seconds but a few.
func toned(t *testing.T, who string, heard []int16, hz float64, lasted time.Duration) {
	t.Helper()
	const half = 4000
	good := 0
	for at := 0; at+half <= len(heard); at += half {
		if tone.Hears(heard[at:at+half], hz) {
			good++
		}
	}
	want := int(2*lasted/time.Second) - 8 // the machine is busy, and the ends are cut
	if good < want {
		t.Errorf("%s heard the tone in %d half seconds of a talk of %s, want %d", who, good, lasted.Round(time.Second), want)
	}
	t.Logf("%s heard the tone in %d half seconds of %s", who, good, lasted.Round(time.Second))
}
