package clustertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hotline/cluster"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// Bus is a bus that can be ended.
type Bus interface {
	cluster.Bus
	Close(ctx context.Context) error
}

// Buses runs the suite; join lets a further node of one house be reached. A bus
// that was not closed before is closed at the end of its test.
func Buses(t *testing.T, house func(t *testing.T) (join func(cluster.Node) (Bus, error))) {
	t.Helper()
	for name, test := range map[string]func(*nodes){
		"an answer comes back":             (*nodes).answers,
		"an error keeps its code":          (*nodes).faults,
		"nobody serves":                    (*nodes).unserved,
		"no such node":                     (*nodes).missing,
		"no answer in time":                (*nodes).late,
		"questions do not wait in line":    (*nodes).abreast,
		"what is told comes in order":      (*nodes).order,
		"a node speaks with itself":        (*nodes).itself,
		"a renamed node has both names":    (*nodes).renamed,
		"a node that is closed is gone":    (*nodes).gone,
		"the nodes are listed":             (*nodes).listed,
		"a message that is too long":       (*nodes).long,
		"octets arrive as they are":        (*nodes).octets,
		"the last one named takes it":      (*nodes).last,
		"a name that cannot be is refused": (*nodes).names,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&nodes{t, house(t)})
		})
	}
}

type nodes struct {
	t    *testing.T
	open func(cluster.Node) (Bus, error)
}

func (n *nodes) join(name cluster.Node) Bus {
	n.t.Helper()
	b, err := n.open(name)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			n.t.Error(err)
		}
	})
	return b
}

func (n *nodes) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	n.t.Cleanup(cancel)
	return ctx
}

func (n *nodes) ask(from cluster.Bus, to cluster.Node, want string) {
	n.t.Helper()
	got, err := from.Ask(n.ctx(), to, "echo", []byte("hello"))
	if err != nil || string(got) != want {
		n.t.Errorf("%s answers %q, %v; want %q", to, got, err, want)
	}
}

// echo answers with who asked and what.
func echo(_ context.Context, from cluster.Node, body []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s: %s", from, body), nil
}

func (n *nodes) answers() {
	a, b := n.join("a"), n.join("b")
	b.Serve("echo", echo)
	n.ask(a, "b", "a: hello")
}

func (n *nodes) faults() {
	a, b := n.join("a"), n.join("b")
	for _, code := range cluster.Codes() {
		b.Serve("fail", func(context.Context, cluster.Node, []byte) ([]byte, error) {
			return nil, fmt.Errorf("around: %w", &cluster.Fault{Code: code, Text: "why"})
		})
		_, err := a.Ask(n.ctx(), "b", "fail", nil)
		var f *cluster.Fault
		if !errors.As(err, &f) || f.Code != code || f.Text != "why" {
			n.t.Errorf("the error is %v, want code %s", err, code)
		}
	}
	b.Serve("fail", func(context.Context, cluster.Node, []byte) ([]byte, error) { return nil, errors.New("disk") })
	_, err := a.Ask(n.ctx(), "b", "fail", nil)
	var f *cluster.Fault
	if !errors.As(err, &f) || *f != (cluster.Fault{Code: cluster.Internal, Text: "disk"}) {
		n.t.Errorf("a plain error is %v", err)
	}
}

func (n *nodes) unserved() {
	a := n.join("a")
	n.join("b")
	_, err := a.Ask(n.ctx(), "b", "echo", nil)
	var f *cluster.Fault
	if !errors.As(err, &f) || f.Code != cluster.Unserved {
		n.t.Errorf("the error is %v, want unserved", err)
	}
	if err := a.Tell(n.ctx(), "b", "echo", nil); err != nil {
		n.t.Errorf("telling what nobody takes: %v", err)
	}
}

func (n *nodes) missing() {
	a := n.join("a")
	if _, err := a.Ask(n.ctx(), "nobody", "echo", nil); !errors.Is(err, cluster.ErrNoNode) {
		n.t.Errorf("ask: %v", err)
	}
	if err := a.Tell(n.ctx(), "nobody", "echo", nil); !errors.Is(err, cluster.ErrNoNode) {
		n.t.Errorf("tell: %v", err)
	}
}

func (n *nodes) late() {
	a, b := n.join("a"), n.join("b")
	over := make(chan struct{})
	b.Serve("slow", func(ctx context.Context, _ cluster.Node, _ []byte) ([]byte, error) {
		defer close(over)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := a.Ask(ctx, "b", "slow", nil)
	var f *cluster.Fault
	late := errors.As(err, &f) && f.Code == cluster.Late
	if !errors.Is(err, cluster.ErrNoAnswer) && !late {
		n.t.Errorf("the error is %v", err)
	}
	n.soon(over, "the handler is told that nobody waits")
}

func (n *nodes) soon(done <-chan struct{}, what string) {
	n.t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		n.t.Fatalf("not so: %s", what)
	}
}

// abreast: each of four handlers waits for the others.
func (n *nodes) abreast() {
	a, b := n.join("a"), n.join("b")
	var all sync.WaitGroup
	all.Add(4)
	b.Serve("meet", func(context.Context, cluster.Node, []byte) ([]byte, error) {
		all.Done()
		all.Wait()
		return nil, nil
	})
	var asked sync.WaitGroup
	for range 4 {
		asked.Go(func() {
			if _, err := a.Ask(n.ctx(), "b", "meet", nil); err != nil {
				n.t.Error(err)
			}
		})
	}
	asked.Wait()
}

func (n *nodes) order() {
	a, b := n.join("a"), n.join("b")
	got := make(chan string, 300)
	b.Serve("news", func(_ context.Context, _ cluster.Node, body []byte) ([]byte, error) {
		got <- string(body)
		return nil, nil
	})
	for i := range 300 {
		if err := a.Tell(n.ctx(), "b", "news", fmt.Append(nil, i)); err != nil {
			n.t.Fatal(err)
		}
	}
	for i := range 300 {
		select {
		case s := <-got:
			if s != fmt.Sprint(i) {
				n.t.Fatalf("message %d is %s", i, s)
			}
		case <-time.After(patience):
			n.t.Fatalf("message %d did not come", i)
		}
	}
}

func (n *nodes) itself() {
	a := n.join("a")
	a.Serve("echo", echo)
	n.ask(a, "a", "a: hello")
}

func (n *nodes) renamed() {
	a, b := n.join("a"), n.join("b")
	a.Serve("echo", echo)
	b.Serve("echo", echo)
	if err := b.Rename(n.ctx(), "b2"); err != nil {
		n.t.Fatal(err)
	}
	n.ask(a, "b", "a: hello")
	n.ask(a, "b2", "a: hello")
	n.ask(b, "a", "b2: hello")
	n.lists(a, "a", "b2")
}

func (n *nodes) lists(by cluster.Bus, want ...cluster.Node) {
	n.t.Helper()
	got, err := by.Nodes(n.ctx())
	if err != nil || !slices.Equal(got, want) {
		n.t.Errorf("the nodes are %v, %v; want %v", got, err, want)
	}
}

func (n *nodes) gone() {
	a, b := n.join("a"), n.join("b")
	if err := b.Rename(n.ctx(), "b2"); err != nil {
		n.t.Fatal(err)
	}
	if err := b.Close(n.ctx()); err != nil {
		n.t.Fatal(err)
	}
	for _, name := range []cluster.Node{"b", "b2"} {
		if err := a.Tell(n.ctx(), name, "news", nil); !errors.Is(err, cluster.ErrNoNode) {
			n.t.Errorf("%s: %v", name, err)
		}
	}
	n.lists(a, "a")
}

func (n *nodes) listed() {
	c, a := n.join("c"), n.join("a")
	n.lists(c, "a", "c")
	n.lists(a, "a", "c")
}

func (n *nodes) long() {
	a := n.join("a")
	a.Serve("echo", echo)
	if err := a.Tell(n.ctx(), "a", "echo", make([]byte, cluster.MaxBody+1)); err == nil {
		n.t.Error("a message that is too long was told")
	}
	if _, err := a.Ask(n.ctx(), "a", "echo", make([]byte, cluster.MaxBody+1)); err == nil {
		n.t.Error("a message that is too long was asked")
	}
}

func (n *nodes) octets() {
	a := n.join("a")
	a.Serve("same", func(_ context.Context, _ cluster.Node, body []byte) ([]byte, error) { return body, nil })
	all := make([]byte, cluster.MaxBody)
	for i := range all {
		all[i] = byte(i)
	}
	for _, body := range [][]byte{all, {}, []byte("市民\x00\r\n")} {
		got, err := a.Ask(n.ctx(), "a", "same", body)
		if err != nil || !bytes.Equal(got, body) {
			n.t.Errorf("%d octets came back as %d, %v", len(body), len(got), err)
		}
	}
}

func (n *nodes) last() {
	a := n.join("a")
	a.Serve("echo", func(context.Context, cluster.Node, []byte) ([]byte, error) { return nil, errors.New("not I") })
	a.Serve("echo", echo)
	n.ask(a, "a", "a: hello")
}

func (n *nodes) names() {
	for _, name := range []cluster.Node{"", "a b", "a:b"} {
		if _, err := n.open(name); err == nil {
			n.t.Errorf("%q was let in", name)
		}
	}
	a := n.join("a")
	if err := a.Rename(n.ctx(), "no good"); err == nil {
		n.t.Error("renamed to what cannot be a name")
	}
	if err := a.Tell(n.ctx(), "no good", "news", nil); !errors.Is(err, cluster.ErrNoNode) {
		n.t.Errorf("told what cannot be a name: %v", err)
	}
}
