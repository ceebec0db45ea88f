package headless

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Options of an Agent. Needed are URL, Account, Password and Log.
type Options struct {
	URL      string // of the node, such as http://127.0.0.1:8080
	Account  string
	Password string
	Log      *slog.Logger

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
	Err      string        `json:"error,omitempty"`
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

	// Owned by run.
	client *Client
	line   *line
	gen    uint64
	proofs int // in vain, one after the other
	node   string
	epoch  string
	seq    uint64
	tab    string
	call   *talk
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
	since    time.Time
	packets  uint64 // heard before
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
	rest, err := SignIn(ctx, o.URL, o.Account, o.Password)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(context.Background())
	a := &Agent{
		o: o, rest: rest, reports: make(chan Report, reportsKept), stop: stop, done: make(chan struct{}),
		tab: ulid.Make().String(), answer: stopped(), hangup: stopped(), finish: stopped(), ready: make(chan struct{}),
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
	defer a.rest.CloseIdle()
	defer func() { a.hang() }()
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
		a.o.Log.Warn("desk lost, connecting again", "error", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, 5*time.Second)
	}
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
			a.try(ctx, "call.accept", a.ring())
		case <-a.hangup.C:
			a.try(ctx, "call.hangup", a.contact())
		case <-a.finish.C:
			a.try(ctx, "wrapup.finish", a.contact())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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
	if a.call != nil && (w.Snapshot.Call == nil || w.Snapshot.Call.Contact != a.call.Contact) {
		a.report() // it ended while we were away
	}
	a.resume(ctx, w.Snapshot.Call)
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
		}
		a.follow(ctx, *c)
	}
}

// connect offers a new connection; its proof follows when it is up.
func (a *Agent) connect(ctx context.Context) error {
	a.hang()
	a.gen++
	l, err := newLine(a.gen, a.o.Keep)
	if err != nil {
		return err
	}
	a.line = l
	sdp, err := l.offer(ctx)
	if err != nil {
		return err
	}
	return a.client.Do(ctx, "leg.offer", map[string]any{"node": a.node, "gen": a.gen, "sdp": sdp})
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
	case "kicked", "phone.lost":
		return fmt.Errorf("%w: %s", errKicked, f.Type)
	}
	return nil // unknown types are to be ignored
}

func (a *Agent) legAnswer(f Frame) error {
	var d struct {
		Gen uint64 `json:"gen"`
		SDP string `json:"sdp"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if a.line == nil || d.Gen != a.line.gen {
		return nil // to an older offer
	}
	return a.line.answered(d.SDP)
}

func (a *Agent) legChanged(ctx context.Context, f Frame) error {
	var d struct {
		Gen   uint64 `json:"gen"`
		State string `json:"state"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	switch {
	case a.line == nil || d.Gen != a.line.gen:
	case d.State == "connected" && (a.call == nil || a.call.wrapping):
		a.try(ctx, "leg.prove", struct{}{})
	case d.State == "failed":
		return a.connect(ctx)
	}
	return nil
}

// prove measures the tone while it speaks itself, and gets ready.
func (a *Agent) prove(ctx context.Context, f Frame) error {
	var d struct {
		Gen uint64 `json:"gen"`
		MS  int    `json:"ms"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if a.line == nil || d.Gen != a.line.gen {
		return nil
	}
	hz, loud := a.measure(ctx, time.Duration(d.MS)*time.Millisecond)
	proven := a.try(ctx, "leg.heard", map[string]any{"gen": d.Gen, "level": loud, "hz": hz})
	if a.proofs++; !proven && a.proofs < proofsAtMost {
		a.try(ctx, "leg.prove", struct{}{}) // the machine may have been busy
		return nil
	}
	a.proofs = 0
	if a.call == nil && proven {
		a.try(ctx, "agent.state", map[string]any{"state": "ready"})
	}
	return nil
}

// measure speaks for as long as the tone lasts and tells what it heard.
func (a *Agent) measure(ctx context.Context, lasts time.Duration) (hz, loud float64) {
	a.line.speak(Sine(440))
	defer a.line.hush()
	over := time.NewTimer(lasts)
	defer over.Stop()
	wait, cancel := context.WithTimeout(ctx, lasts+time.Second)
	defer cancel()
	samples, err := a.line.ear.Await(wait, int(lasts.Seconds()*0.8*8000))
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	if err != nil {
		return 0, 0
	}
	return loudest(samples), level(samples)
}

func (a *Agent) agentChanged(ctx context.Context, f Frame) error {
	var d AgentState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	switch {
	case d.State == "ready":
		a.readyOnce.Do(func() { close(a.ready) })
	case d.State == "not_ready" && d.Pending == nil && d.Leg == "proven" && a.wasReady():
		a.try(ctx, "agent.state", map[string]any{"state": "ready"})
	}
	return nil
}

func (a *Agent) offered(ctx context.Context, f Frame) error {
	var d CallState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	a.rang(ctx, d)
	return nil
}

func (a *Agent) rang(ctx context.Context, d CallState) {
	a.begin(d)
	a.try(ctx, "offer.shown", a.ring())
	a.answer.Reset(a.o.AnswerAfter)
}

func (a *Agent) begin(d CallState) {
	a.call = &talk{
		Report: Report{Contact: d.Contact, Caller: d.Caller, Source: d.Source, Waited: time.Duration(d.WaitedMS) * time.Millisecond},
		token:  d.Token,
	}
}

func (a *Agent) callChanged(ctx context.Context, f Frame) error {
	var d CallState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	a.follow(ctx, d)
	return nil
}

// follow does what the call's new state asks for.
func (a *Agent) follow(ctx context.Context, d CallState) {
	switch {
	case a.call == nil || d.Contact != a.call.Contact:
	case d.State == "talking" && !a.call.Answered:
		a.talking()
	case d.State == "wrapup" && !a.call.wrapping:
		a.wrapUp(ctx, d)
	}
}

func (a *Agent) talking() {
	a.call.Answered, a.call.since = true, time.Now()
	if a.line != nil {
		a.call.packets = a.line.packets.Load()
		a.line.ear.Forget()
		a.line.speak(a.o.Play)
	}
	if a.o.TalkFor > 0 {
		a.hangup.Reset(a.o.TalkFor)
	}
}

// wrapUp tells what was heard and writes the ticket.
func (a *Agent) wrapUp(ctx context.Context, d CallState) {
	a.hangup.Stop()
	a.call.wrapping = true
	a.call.Cause = d.Cause
	if a.call.Answered {
		a.call.Talked = time.Since(a.call.since)
	}
	if a.line != nil {
		a.line.hush()
		a.listened(a.line)
	}
	if a.o.Form != nil {
		number, err := a.write(ctx, a.call.Contact)
		if err != nil {
			a.o.Log.Warn("no ticket", "contact_id", a.call.Contact, "error", err)
			a.call.Err = err.Error()
		}
		a.call.Ticket = number
	}
	a.finish.Reset(a.o.WrapUp)
}

func (a *Agent) listened(l *line) {
	samples := l.ear.Samples()
	a.call.Packets = l.packets.Load() - a.call.packets
	last := samples[max(0, len(samples)-8000):]
	if len(last) >= 800 {
		a.call.HeardHz = loudest(last)
		a.call.Level = level(last)
	}
	if a.o.Heard != nil {
		a.o.Heard(a.call.Report, samples)
	}
}

// write saves the form as a draft, then registers it.
func (a *Agent) write(ctx context.Context, contact string) (number string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	path := "/contacts/" + contact
	draft := map[string]any{"revision": 0, "fields": a.o.Form}
	var refusal *Error
	if err := a.rest.Call(ctx, http.MethodPut, path+"/draft", draft, nil); err != nil &&
		(!errors.As(err, &refusal) || refusal.Code != "conflict") { // a person's draft stays
		return "", err
	}
	var ticket struct {
		Number string `json:"ticket_no"`
	}
	key := http.Header{"Idempotency-Key": {ulid.Make().String()}}
	form := map[string]any{"fields": a.o.Form}
	err = a.rest.CallWith(ctx, http.MethodPost, path+"/ticket", form, &ticket, key)
	return ticket.Number, err
}

func (a *Agent) callStopped(f Frame) error {
	var d struct {
		Why string `json:"why"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if a.call != nil {
		a.call.Cause = d.Why
	}
	a.report()
	return nil
}

// report closes the call at hand.
func (a *Agent) report() {
	a.answer.Stop()
	a.hangup.Stop()
	a.finish.Stop()
	if a.call == nil {
		return
	}
	r := a.call.Report
	a.call = nil
	select {
	case a.reports <- r:
	default:
		a.o.Log.Warn("nobody reads the reports")
	}
}
