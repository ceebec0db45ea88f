package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"hotline/contact"
	"hotline/redisserver/redistest"
	"hotline/routing"
	"hotline/routing/redisstore"
	"hotline/routing/routingtest"
)

const (
	hallName = "12345"
	node     = routing.NodeID("node-a")
	patience = 20 * time.Second
)

func call(n int) routing.Entry {
	return routing.Entry{
		Contact: routingtest.ContactID(n), Class: contact.Voice, Buckets: []routing.Bucket{"general"},
		Anchor: node, Ring: 15 * time.Second,
	}
}

func seat(id contact.AgentID) routing.Agent {
	return routing.Agent{
		ID: id, Node: node, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	}
}

// house is a store on Redis's own clock, with its node alive.
type house struct {
	*redisstore.Store
	t      *testing.T
	orders <-chan routing.Command
}

func openHouse(t *testing.T, cfg redisstore.Config) *house {
	t.Helper()
	cfg.Hall = hallName
	h := &house{Store: open(t, cfg), t: t}
	h.must(h.Beat(t.Context(), node))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	h.orders = h.Commands(ctx, node)
	t.Cleanup(func() {
		cancel()
		for range h.orders {
		}
	})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// offer waits for an offer of the contact; orders may come twice.
func (h *house) offer(n int) routing.Command {
	h.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case cmd := <-h.orders:
			if cmd.Kind == routing.Offer && cmd.Contact == routingtest.ContactID(n) {
				return cmd
			}
		case <-limit:
			h.t.Fatalf("no offer of contact %d", n)
		}
	}
}

func TestTheQueueSurvivesAKilledRedis(t *testing.T) {
	t.Parallel()
	r := redistest.StartServer(t)
	h := openHouse(t, redisstore.Config{Client: r.Client})
	ctx := t.Context()
	h.must(h.SetAgent(ctx, seat("1001")))
	for n := range 3 {
		h.must(h.Enqueue(ctx, call(n)))
	}
	first := h.offer(0)
	r.Crash(t)
	h.must(h.Tick(ctx))
	h.must(h.Accept(ctx, first.Contact, first.Token))
	for n, want := range map[int]int{1: 0, 2: 1} {
		if got, err := h.Outlook(ctx, routingtest.ContactID(n)); err != nil || got.Place != want {
			t.Errorf("contact %d has place %d (%v), want %d", n, got.Place, err, want)
		}
	}
	h.must(h.Finish(ctx, first.Contact, first.Token, contact.CitizenEnded))
	if got := h.offer(1); got.Agent != "1001" {
		t.Errorf("offer %+v, want agent 1001", got)
	}
	for _, breach := range readDump(t, t, r.Client, hallName).breaches() {
		t.Error(breach)
	}
}

func TestNoNodeDiesOfARestartOfRedis(t *testing.T) {
	t.Parallel()
	r := redistest.StartServer(t)
	h := openHouse(t, redisstore.Config{Client: r.Client})
	ctx := t.Context()
	h.must(h.Enqueue(ctx, call(1)))
	// The lease has run out while Redis was away.
	h.must(r.Client.ZAdd(ctx, "{12345}:nodes", redis.Z{Score: 1, Member: string(node)}).Err())
	r.Crash(t)
	h.must(h.Tick(ctx))
	h.must(h.Beat(ctx, node))
	if _, err := h.Outlook(ctx, routingtest.ContactID(1)); err != nil {
		t.Errorf("the waiting call is gone: %v", err)
	}
	// The same without a restart is a death, when others could renew.
	h.must(h.Beat(ctx, "node-b"))
	h.must(r.Client.MSet(ctx, "{12345}:grace", "1").Err())
	h.must(r.Client.ZAdd(ctx, "{12345}:nodes", redis.Z{Score: 1, Member: string(node)}).Err())
	h.must(h.Tick(ctx))
	if err := h.Beat(ctx, node); !errors.Is(err, routing.ErrFenced) {
		t.Errorf("error %v, want ErrFenced", err)
	}
}

func TestRedisKeepsTheTime(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	h := openHouse(t, redisstore.Config{Client: client})
	h.must(h.SetAgent(t.Context(), seat("1001")))
	h.must(h.Enqueue(t.Context(), call(1)))
	cmd := h.offer(1)
	now, err := client.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	if left := cmd.Expires.Sub(now); left > 18*time.Second || left < 18*time.Second-patience {
		t.Errorf("the lease has %s left, want a little under 18s", left)
	}
}

func TestScriptsAreLoadedAgainWhenRedisForgetsThem(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	h := openHouse(t, redisstore.Config{Client: client})
	h.must(client.ScriptFlush(t.Context()).Err())
	h.must(h.Enqueue(t.Context(), call(1)))
	if _, err := h.Outlook(t.Context(), routingtest.ContactID(1)); err != nil {
		t.Error(err)
	}
}

func TestAnOrderThatCannotBeReadDoesNotStopTheRest(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	h := openHouse(t, redisstore.Config{Client: client})
	h.must(client.XAdd(t.Context(), &redis.XAddArgs{Stream: "{12345}:in:node-a", Values: []string{"kind", "dance"}}).Err())
	h.must(h.SetAgent(t.Context(), seat("1001")))
	h.must(h.Enqueue(t.Context(), call(1)))
	h.offer(1)
}

func TestANewerQueueIsRefused(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := open(t, redisstore.Config{Client: client, Hall: hallName})
	for schema, want := range map[int]error{redisstore.Schema + 2: redisstore.ErrSchema, redisstore.Schema + 1: nil, redisstore.Schema: nil} {
		if err := client.Set(t.Context(), "{12345}:schema", schema, 0).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.Beat(t.Context(), node); !errors.Is(err, want) {
			t.Errorf("schema %d: error %v, want %v", schema, err, want)
		}
	}
}

func TestAFailedRedisIsAnErrorThatNamesTheCommand(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: t.TempDir() + "/none", MaxRetries: -1})
	defer func() { _ = client.Close() }()
	s := open(t, redisstore.Config{Client: client, Hall: hallName})
	if err := s.Enqueue(t.Context(), call(1)); err == nil || !strings.Contains(err.Error(), "redisstore: enqueue") {
		t.Errorf("error %v, want it to name the command", err)
	}
	if _, err := s.Counts(t.Context()); err == nil {
		t.Error("counts of nowhere")
	}
	if err := s.Tick(t.Context()); err == nil {
		t.Error("a tick of nowhere")
	}
}

func TestNewNamesTheField(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{})
	defer func() { _ = client.Close() }()
	for want, cfg := range map[string]redisstore.Config{
		"client: ": {Hall: hallName},
		"hall: ":   {Client: client, Hall: "a}b"},
	} {
		if _, err := redisstore.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	h := openHouse(t, redisstore.Config{Client: redistest.Start(t), Registerer: reg})
	ctx := t.Context()
	h.must(h.SetAgent(ctx, seat("1001")))
	h.must(h.SetAgent(ctx, seat("1002")))
	for n := range 3 {
		h.must(h.Enqueue(ctx, call(n)))
	}
	h.must(h.Accept(ctx, routingtest.ContactID(0), 1))
	h.must(h.Accept(ctx, routingtest.ContactID(0), 1)) // a repeat is not a second wait
	h.must(h.Decline(ctx, routingtest.ContactID(1), 1, routing.Rejected))
	got := gather(t, reg)
	for name, want := range map[string]float64{
		"hotline_routing_matches_total":           2,
		"hotline_routing_declines_total rejected": 1,
		"hotline_routing_declines_total expired":  0,
		"hotline_routing_wait_seconds":            1,
		"hotline_routing_waiting general":         2,
		"hotline_routing_offered":                 0,
		"hotline_routing_up":                      1,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s = %v (%v), want %v", name, v, ok, want)
		}
	}
	if _, err := redisstore.New(redisstore.Config{Client: redistest.Start(t), Hall: hallName, Registerer: reg}); err == nil {
		t.Error("the same metrics were registered twice")
	}
}

func TestAScrapeOutlivesRedis(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: t.TempDir() + "/none", MaxRetries: -1})
	defer func() { _ = client.Close() }()
	reg := prometheus.NewRegistry()
	open(t, redisstore.Config{Client: client, Hall: hallName, Registerer: reg})
	if got := gather(t, reg); got["hotline_routing_up"] != 0 || len(got) < 5 {
		t.Errorf("metrics %v, want up 0 and the rest", got)
	}
}

// gather reads metrics by name and label value; of a histogram its count.
func gather(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}
