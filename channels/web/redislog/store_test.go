package redislog_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"go.uber.org/goleak"

	"hotline/channels"
	"hotline/channels/web"
	"hotline/channels/web/redislog"
	"hotline/contact"
	"hotline/redisserver/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hall = "12345"
	ref  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func post(text string) web.Post {
	return web.Post{
		Ref: ref, Visitor: "visitor", Account: "portal", CMID: ulid.Make().String(), Text: text,
		Message: ulid.Make().String(), Candidate: contact.ID(ulid.Make().String()), Node: "n1", At: time.UnixMilli(1).UTC(),
	}
}

func TestOneOpenConversationAVisitor(t *testing.T) {
	t.Parallel()
	s := redislog.New(redistest.Start(t), hall)
	var all sync.WaitGroup
	var mu sync.Mutex
	ids, opened := map[contact.ID]int{}, 0
	for range 40 {
		all.Go(func() {
			got, err := s.Append(t.Context(), post("好"))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			ids[got.Event.Conversation]++
			if got.Opened {
				opened++
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || opened != 1 {
		t.Errorf("%d opened, conversations %v", opened, ids)
	}
	for id := range ids {
		events, err := s.Read(t.Context(), id, 0, 100)
		if err != nil || len(events) != 40 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for i, e := range events {
			if e.Seq != int64(i+1) || e.Message.Seq != int64(i+1) {
				t.Errorf("event %d is %+v", i+1, e)
			}
		}
	}
}

func TestAConversationEndsSomewhere(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redislog.New(client, hall)
	first, err := s.Append(t.Context(), post("好"))
	if err != nil {
		t.Fatal(err)
	}
	key := "{" + hall + "}:web:c:" + string(first.Event.Conversation)
	if err := client.HSet(t.Context(), key, "said", redislog.MostMessages).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), post("再")); !errors.Is(err, web.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if err := s.End(t.Context(), first.Anchor, contact.AgentEnded, time.UnixMilli(2)); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{key, strings.Replace(key, ":c:", ":l:", 1)} {
		if left := client.PTTL(t.Context(), k).Val(); left < 7*24*time.Hour-time.Minute {
			t.Errorf("%s lives %v, want 7 days", k, left)
		}
	}
	if open, err := s.Open(t.Context(), "", 10); err != nil || len(open) != 0 {
		t.Errorf("open %v, %v", open, err)
	}
	next, err := s.Append(t.Context(), post("再"))
	if err != nil || !next.Opened {
		t.Errorf("got %+v, %v: what comes later begins a new one", next, err)
	}
}

func TestKeysHoldNoAddressAndShareTheHall(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	s := redislog.New(client, hall)
	p := post("路灯坏了")
	p.Visitor = "+8613812345678"
	got, err := s.Append(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(t.Context(), web.Saying{Anchor: got.Anchor, Outgoing: channels.Outgoing{CMID: p.CMID, Text: "您好"}, Message: "m"}); err != nil {
		t.Fatal(err)
	}
	for i, err := range []error{
		s.Enter(t.Context(), ref, "socket", 5), s.PutTicket(t.Context(), "hash", web.Ticket{Visitor: p.Visitor}, time.Minute),
	} {
		if err != nil {
			t.Fatal(i, err)
		}
	}
	keys := client.Keys(t.Context(), "*").Val()
	if len(keys) != 8 {
		t.Errorf("keys %v", keys)
	}
	for _, k := range keys {
		if !strings.HasPrefix(k, "{"+hall+"}:web:") || strings.Contains(k, "138") {
			t.Errorf("key %s", k)
		}
	}
}

func TestOpenIsReadInPages(t *testing.T) {
	t.Parallel()
	s := redislog.New(redistest.Start(t), hall)
	const many = 25
	for i := range many {
		p := post("好")
		p.Ref = ref[:25] + string(rune('a'+i))
		if _, err := s.Append(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[contact.ID]bool{}
	for after := contact.ID(""); ; {
		some, err := s.Open(t.Context(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range some {
			if seen[o.ID] || o.ID <= after || o.Node != "n1" {
				t.Errorf("got %+v after %s", o, after)
			}
			seen[o.ID], after = true, o.ID
		}
		if len(some) < 10 {
			break
		}
	}
	if len(seen) != many {
		t.Errorf("%d of %d were found", len(seen), many)
	}
}

// What was acknowledged is there after Redis was killed.
func TestAcceptedIsKept(t *testing.T) {
	t.Parallel()
	r := redistest.StartServer(t)
	s := redislog.New(r.Client, hall)
	var ids []string
	var id contact.ID
	for range 20 {
		got, err := s.Append(t.Context(), post("好"))
		if err != nil {
			t.Fatal(err)
		}
		ids, id = append(ids, got.Event.Message.ID), got.Event.Conversation
	}
	r.Crash(t)
	events, err := s.Read(t.Context(), id, 0, 100)
	if err != nil || len(events) != len(ids) {
		t.Fatalf("%d events, %v", len(events), err)
	}
	for i, e := range events {
		if e.Message.ID != ids[i] {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	s := redislog.New(redistest.Start(t), hall)
	news, err := s.Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), post("好")); err != nil {
		t.Fatal(err)
	}
	if p := <-news; p.Ref != ref || p.Signal != nil || p.Replaced != "" {
		t.Errorf("got %+v", p)
	}
	if err := s.Signal(t.Context(), ref, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if p := <-news; p.Ref != ref || string(p.Signal) != "{}" {
		t.Errorf("got %+v", p)
	}
	for _, socket := range []string{"a", "b"} {
		if err := s.Enter(t.Context(), ref, socket, 1); err != nil {
			t.Fatal(err)
		}
	}
	if p := <-news; p.Ref != ref || p.Replaced != "a" {
		t.Errorf("got %+v", p)
	}
	for socket, want := range map[string]bool{"a": false, "b": true} {
		if in, err := s.Inside(t.Context(), ref, socket); err != nil || in != want {
			t.Errorf("%s inside: %v, %v", socket, in, err)
		}
	}
	heads, err := s.Heads(t.Context(), []string{ref, "none"})
	if err != nil || len(heads) != 2 || heads[0] != 1 || heads[1] != 0 {
		t.Errorf("heads %v, %v", heads, err)
	}
}

// Redis away is an error of its own: no message is refused for good, no ticket
// is taken for missing.
func TestRedisAwayIsNoVerdict(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	s := redislog.New(client, hall)
	ctx := t.Context()
	a := web.Anchor{ID: "x", Term: 1}
	failures := map[string]error{}
	note := func(name string, err error) { failures[name] = err }
	_, err := s.Append(ctx, post("x"))
	note("append", err)
	_, err = s.Say(ctx, web.Saying{})
	note("say", err)
	_, err = s.Adopt(ctx, web.Opened{ID: "x"}, "n")
	note("adopt", err)
	_, err = s.Read(ctx, "x", 0, 1)
	note("read", err)
	_, err = s.Current(ctx, ref)
	note("current", err)
	_, err = s.Find(ctx, ref, "x")
	note("find", err)
	_, err = s.Open(ctx, "", 1)
	note("open", err)
	_, err = s.Heads(ctx, []string{ref})
	note("heads", err)
	_, err = s.TakeTicket(ctx, "x")
	note("ticket", err)
	_, err = s.Inside(ctx, ref, "x")
	note("inside", err)
	_, err = s.Mark(ctx, ref, "x", 1)
	note("mark", err)
	_, err = s.Subscribe(ctx)
	note("subscribe", err)
	note("wait", s.Wait(ctx, a))
	note("join", s.Join(ctx, a, "1001", time.Now()))
	note("end", s.End(ctx, a, contact.Internal, time.Now()))
	note("leave", s.Leave(ctx, ref, "x", time.Now()))
	note("see", s.See(ctx, a, 1))
	note("show", s.Show(ctx, a, channels.Place{}))
	note("rename", s.Rename(ctx, a, "n"))
	note("enter", s.Enter(ctx, ref, "x", 1))
	note("exit", s.Exit(ctx, ref, "x"))
	note("put ticket", s.PutTicket(ctx, "x", web.Ticket{}, time.Second))
	for name, err := range failures {
		if err == nil || strings.Contains(err.Error(), "visitor") {
			t.Errorf("%s: %v", name, err)
		}
		for _, verdict := range []error{channels.ErrClosed, channels.ErrReused, web.ErrMoved, web.ErrFull, web.ErrUnknown, web.ErrNoTicket} {
			if errors.Is(err, verdict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
