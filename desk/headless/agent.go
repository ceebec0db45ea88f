package headless

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/media"
)

// Options of an Agent. Needed are URL, Account, Password and Log.
type Options struct {
	URL      string   // of the node, such as http://127.0.0.1:8080
	Others   []string // nodes to go to when that one is gone or sends its desks away
	Account  string
	Password string
	Log      *slog.Logger

	From        netip.Addr    // of this machine, to sign in from; zero: any
	Phone       string        // ask (default) or take
	AnswerAfter time.Duration // how long it lets the desk ring
	TalkFor     time.Duration // then it hangs up; 0 waits for the citizen
	WrapUp      time.Duration // how long it writes
	Play        []int16       // said in a talk, again and again, 8,000 samples a second; nil is silence
	Keep        time.Duration // how much of a talk it remembers; 0 is 30 s
	// Form is the ticket that it writes in every talk, as docs/desk-protocol.md
	// has it; nil writes none.
	Form map[string]any
	// Heard gets what was heard in each talk, its newest Keep.
	Heard func(r Report, samples []int16)
	// Write answers what a citizen has written, with nothing when it is empty;
	// end closes the conversation then. nil answers each message alike. It must
	// not block.
	Write func(contact string, m Message) (answer string, end bool)
	// Chats is told when a conversation has left the desk; it must not block.
	Chats func(r ChatReport)
	// Rings is told when the desk begins to ring; it must not block.
	Rings func(r Report)
}

// Report tells of one call.
type Report struct {
	Contact  string        `json:"contact"`
	Caller   string        `json:"caller"` // masked
	Source   string        `json:"source"`
	Waited   time.Duration `json:"waited_ns"` // in the queue, until it rang
	Answered bool          `json:"answered"`
	Talked   time.Duration `json:"talked_ns"`
	Cause    string        `json:"cause"` // of the end of the talk, or why the ring stopped
	Ticket   string        `json:"ticket"`
	HeardHz  float64       `json:"heard_hz"` // the loudest frequency of the last second or less
	Level    float64       `json:"level"`    // RMS of the same, of full scale
	Packets  uint64        `json:"packets"`  // heard in the talk
	Lost     uint64        `json:"lost"`     // of those that should have been
	// Accepted is when the agent sent the accept; zero: it never did.
	Accepted time.Time `json:"accepted,omitzero"`
	// HeardAfter is from the accept to the citizen's first packet; 0: never heard.
	HeardAfter time.Duration `json:"heard_after_ns"`
	Err        string        `json:"error,omitempty"`
}

// proofsAtMost is how often the audio is tried before the agent gives up.
const proofsAtMost = 5

// reportsKept is how many reports wait for their reader.
const reportsKept = 256

// Agent is a signed-in agent that serves calls until Close.
type Agent struct {
	o       Options
	rest    *REST
	reports chan Report
	stop    context.CancelFunc
	done    chan struct{}
	err     error // of run; readable once done is closed
	asked   chan func(context.Context)

	// Owned by run.
	client *Client
	line   *line            // to the desk's own node
	far    map[string]*line // to other nodes
	gen    uint64
	proofs int // in vain, one after the other
	node   string
	epoch  string
	seq    uint64
	tab    string
	call   *talk
	chats  map[string]*chat
	answer *time.Timer
	hangup *time.Timer
	finish *time.Timer

	ready     chan struct{} // closed when the agent was ready first
	readyOnce sync.Once
}

// talk is the call at hand.
type talk struct {
	Report
	token    uint64
	node     string // of its audio; empty: the desk's own
	since    time.Time
	before   media.Stats // of the audio heard before the talk
	wrapping bool
}

// Dial signs in, connects, proves the audio and gets ready. It returns once
// the agent is ready, or with the first error.
func Dial(ctx context.Context, o Options) (*Agent, error) {
	if o.Keep <= 0 {
		o.Keep = 30 * time.Second
	}
	if o.Play == nil {
		o.Play = make([]int16, 160)
	}
	rest, err := SignInFrom(ctx, o.From, o.URL, o.Account, o.Password)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.Background())
	a := &Agent{
		o: o, rest: rest, reports: make(chan Report, reportsKept), stop: stop, done: make(chan struct{}),
		tab: ulid.Make().String(), answer: stopped(), hangup: stopped(), finish: stopped(), ready: make(chan struct{}),
		asked: make(chan func(context.Context)), far: make(map[string]*line), chats: make(map[string]*chat),
	}
	a.o.Log = o.Log.With("agent_id", o.Account)
	go a.run(life)
	select {
	case <-a.ready:
		return a, nil
	case <-a.done:
		return nil, a.err
	case <-ctx.Done():
		stop()
		<-a.done
		return nil, fmt.Errorf("headless: %s is not ready: %w", o.Account, ctx.Err())
	}
}

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// Reports brings one report a call, when its wrap-up is over or its ring has
// stopped. It is closed when the agent has ended.
func (a *Agent) Reports() <-chan Report { return a.reports }

// Done is closed when the agent has ended; Err says why.
func (a *Agent) Done() <-chan struct{} { return a.done }

// Err is why the agent ended by itself; nil before, and after Close.
func (a *Agent) Err() error {
	select {
	case <-a.done:
		return a.err
	default:
		return nil
	}
}

// Close signs out and ends the agent. A talk is given up.
func (a *Agent) Close(ctx context.Context) error {
	a.stop()
	select {
	case <-a.done:
	case <-ctx.Done():
		return fmt.Errorf("headless: close: %w", ctx.Err())
	}
	return a.rest.SignOut(ctx)
}

// run is the agent's life: sockets follow each other until it is stopped, or
// the node does not want it any more.
func (a *Agent) run(ctx context.Context) {
	defer close(a.done)
	defer close(a.reports)
	defer func() { a.rest.CloseIdle() }()
	defer func() { a.hang(); a.hangFar() }()
	wait := 500 * time.Millisecond
	for {
		began := time.Now()
		err := a.serve(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case !a.wasReady() || errors.Is(err, errKicked):
			a.err = err
			return
		case time.Since(began) > time.Minute:
			wait = 500 * time.Millisecond
		}
		a.goOn()
		a.o.Log.Warn("desk lost, connecting again", "error", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// goOn turns to the next node, in a circle. A sign-in is good at all of them.
func (a *Agent) goOn() {
	if len(a.o.Others) == 0 {
		return
	}
	a.o.Others = append(a.o.Others, a.o.URL)
	a.o.URL, a.o.Others = a.o.Others[0], a.o.Others[1:]
	a.rest.CloseIdle()
	a.rest = a.rest.at(a.o.URL)
}

func (a *Agent) wasReady() bool {
	select {
	case <-a.ready:
		return true
	default:
		return false
	}
}

// hang ends the audio.
func (a *Agent) hang() {
	if a.line == nil {
		return
	}
	if err := a.line.close(); err != nil {
		a.o.Log.Warn("audio did not end well", "error", err)
	}
	a.line = nil
}

// serve is one socket's life.
func (a *Agent) serve(ctx context.Context) error {
	c, err := Open(ctx, a.o.URL, a.rest.Token(), Hello{
		Epoch: a.epoch, LastSeq: a.seq, Tab: a.tab, Phone: a.o.Phone, Build: "headless",
	})
	if errors.Is(err, ErrUnauthenticated) && a.wasReady() {
		return errors.Join(err, a.signInAgain(ctx))
	}
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	a.client = c
	if err := a.welcomed(ctx, c.Welcome()); err != nil {
		return err
	}
	for {
		select {
		case f, open := <-c.Frames():
			if !open {
				return c.Err()
			}
			if err := a.frame(ctx, f); err != nil {
				return err
			}
		case <-a.answer.C:
			a.accept(ctx)
		case <-a.hangup.C:
			a.try(ctx, "call.hangup", a.contact())
		case <-a.finish.C:
			a.try(ctx, "wrapup.finish", a.contact())
		case do := <-a.asked:
			do(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signInAgain: the node came back without our sign-in. The next socket uses it.
func (a *Agent) signInAgain(ctx context.Context) error {
	rest, err := SignInFrom(ctx, a.o.From, a.o.URL, a.o.Account, a.o.Password)
	if _, refused := errors.AsType[*Error](err); refused {
		return fmt.Errorf("%w: %w", errKicked, err)
	}
	if err != nil {
		return err
	}
	a.rest.CloseIdle()
	a.rest = rest
	return nil
}

// kicked: a sign-in that only ran out is renewed.
func (a *Agent) kicked(ctx context.Context, f Frame) error {
	var d struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if d.Reason == "session_ended" {
		return errors.Join(ErrUnauthenticated, a.signInAgain(ctx))
	}
	return fmt.Errorf("%w: %s", errKicked, d.Reason)
}

// errKicked says that the node has signed the agent out, or that another desk
// has the phone.
var errKicked = errors.New("headless: signed out by the node")

func (a *Agent) welcomed(ctx context.Context, w Welcome) error {
	if !w.Phone {
		return fmt.Errorf("%w: another desk of %s has the phone", errKicked, a.o.Account)
	}
	a.node, a.epoch = w.Node, w.Epoch
	if w.Resumed {
		return nil
	}
	a.seq = w.Seq
	a.hangFar() // another seat, which knows nothing of it
	if a.call != nil && (w.Snapshot.Call == nil || w.Snapshot.Call.Contact != a.call.Contact) {
		a.report() // it ended while we were away
	}
	a.resume(ctx, w.Snapshot.Call)
	a.resumeChats(ctx, w.Snapshot.Conversations)
	if w.Snapshot.Agent.Leg == "proven" && a.line != nil {
		return nil
	}
	return a.connect(ctx)
}

// resume takes up the call that the seat has, whatever became of it meanwhile.
func (a *Agent) resume(ctx context.Context, c *CallState) {
	switch {
	case c == nil:
	case c.State == "ringing" && a.call == nil:
		a.rang(ctx, *c)
	default:
		if a.call == nil {
			a.begin(*c)
			a.reach(ctx, c.Node)
		}
		a.follow(ctx, *c)
	}
}

// try sends a command; a refusal is only noted, as the server's state decides.
func (a *Agent) try(ctx context.Context, kind string, data any) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := a.client.Do(ctx, kind, data); err != nil {
		a.o.Log.Warn("command refused", "type", kind, "error", err)
		return false
	}
	return true
}

func (a *Agent) contact() map[string]any {
	if a.call == nil {
		return map[string]any{"contact": ""}
	}
	return map[string]any{"contact": a.call.Contact}
}

func (a *Agent) ring() map[string]any {
	data := a.contact()
	if a.call != nil {
		data["token"] = a.call.token
	}
	return data
}

// frame acts on one frame of the server.
func (a *Agent) frame(ctx context.Context, f Frame) error {
	if f.Seq > 0 {
		a.seq = f.Seq
	}
	switch f.Type {
	case "leg.answer":
		return a.legAnswer(f)
	case "leg.changed":
		return a.legChanged(ctx, f)
	case "leg.tone":
		return a.prove(ctx, f)
	case "agent.changed":
		return a.agentChanged(ctx, f)
	case "call.offered":
		return a.offered(ctx, f)
	case "call.changed":
		return a.callChanged(ctx, f)
	case "call.stopped":
		return a.callStopped(f)
	case "call.ended":
		a.report()
	case "conversation.changed", "conversation.stopped", "conversation.taken", "conversation.ended", "message":
		return a.chatFrame(ctx, f)
	case "kicked":
		return a.kicked(ctx, f)
	case "phone.lost":
		return fmt.Errorf("%w: another desk took the phone", errKicked)
	}
	return nil // unknown types are to be ignored
}

func (a *Agent) agentChanged(ctx context.Context, f Frame) error {
	var d AgentState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	switch {
	case d.State == "ready":
		a.readyOnce.Do(func() { close(a.ready) })
	case d.BackAt != nil: // it comes back by itself
	case d.Reason == "unanswered": // who lets it ring is not at the desk
	case d.State == "not_ready" && d.Pending == nil && d.Leg == "proven" && a.wasReady():
		a.try(ctx, "agent.state", map[string]any{"state": "ready"})
	}
	return nil
}
