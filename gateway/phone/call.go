package phone

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/sip"
	"hotline/media"
	"hotline/media/prompt"
)

// goodbye is how long a BYE may take.
const goodbye = 5 * time.Second

// Options say what the citizen does.
type Options struct {
	Target    string // "sip:12345@127.0.0.1:5060"
	From      string // number shown; empty: withheld
	Transport string // "udp" (default) or "tcp"
	// Play is said from the answer on, again and again; empty: silence.
	Play prompt.Audio
	// Digits are pressed one after another after the answer, each after
	// DigitGap (500 ms by default). Characters other than keys are refused.
	Digits   string
	DigitGap time.Duration
	// HangupAfter ends the call that long after the answer; 0 waits for the
	// other side, or ctx.
	HangupAfter time.Duration
	// Record keeps what is heard, at most MaxRecord (10 minutes by default).
	Record    bool
	MaxRecord time.Duration
	// Hears gets every packet that is heard, as media.Stream's Forward has it.
	Hears media.Sink
}

func (o Options) validate() error {
	for _, key := range o.Digits {
		if _, ok := media.EventCode(key); !ok {
			return fmt.Errorf("digits: %q is no key", key)
		}
	}
	if o.DigitGap < 0 || o.HangupAfter < 0 || o.MaxRecord < 0 {
		return errors.New("durations must not be negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.DigitGap == 0 {
		o.DigitGap = 500 * time.Millisecond
	}
	if o.MaxRecord == 0 {
		o.MaxRecord = 10 * time.Minute
	}
	return o
}

// Report is what became of a call.
type Report struct {
	Placed   time.Time // just before the INVITE
	Answered time.Time // zero: never
	Ended    time.Time
	Status   int // final SIP status of the INVITE; 0 without one
	Cause    contact.Cause
	Heard    prompt.Audio // when recorded
	SSRC     uint32       // of what the phone says, once answered
	Stats    media.Stats
}

// Call is one call that the phone placed, or took.
type Call struct {
	phone   *Phone
	leg     leg
	options Options
	ear     *ear
	up      chan struct{} // closed when answered
	done    chan struct{} // closed when ended

	mu     sync.Mutex
	report Report
}

// Place dials and returns at once; when ctx ends, the call ends.
func (p *Phone) Place(ctx context.Context, o Options) (*Call, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	o = o.withDefaults()
	placed := time.Now()
	leg, err := p.gateway.Dial(ctx, sip.DialRequest{To: o.Target, From: o.From, Transport: o.Transport})
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	c := p.begin(leg, o, placed)
	go c.live(ctx)
	return c, nil
}

// leg is one end of a call, with the answer to its INVITE.
type leg interface {
	gateway.Leg
	Status() int
}

func (p *Phone) begin(l leg, o Options, at time.Time) *Call {
	return &Call{
		phone: p, leg: l, options: o, ear: newEar(o),
		up: make(chan struct{}), done: make(chan struct{}), report: Report{Placed: at},
	}
}

// Answered is closed once the call is answered.
func (c *Call) Answered() <-chan struct{} { return c.up }

// Done is closed once the call has ended.
func (c *Call) Done() <-chan struct{} { return c.done }

// Wait waits for the end.
func (c *Call) Wait(ctx context.Context) (Report, error) {
	select {
	case <-c.done:
		return c.Report(), nil
	case <-ctx.Done():
		return c.Report(), ctx.Err()
	}
}

// Report is what is known by now; Heard is there at the end.
func (c *Call) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.report
}

// Hangup ends the call; it returns once the other side has been told.
func (c *Call) Hangup(ctx context.Context) error { return c.leg.Hangup(ctx, contact.CitizenEnded) }

// live is the call's goroutine.
func (c *Call) live(ctx context.Context) {
	defer close(c.done)
	say := &mouth{wheel: c.phone.wheel}
	defer say.shut()
	var hangup <-chan time.Time
	over := ctx.Done()
	for {
		select {
		case e, ok := <-c.leg.Events():
			if !ok {
				return
			}
			hangup = c.hear(e, say, hangup)
		case <-say.due():
			say.press(c.options.DigitGap)
		case <-hangup:
			hangup = nil
			c.leave()
		case <-over:
			over = nil
			c.leave()
		}
	}
}

func (c *Call) leave() {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		_ = c.Hangup(ctx) // the leg's last event tells how it ended
	}()
}

func (c *Call) hear(e gateway.LegEvent, say *mouth, hangup <-chan time.Time) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Kind {
	case gateway.LegAnswered:
		c.report.Answered = time.Now()
		c.report.SSRC = c.leg.Media().Out().SSRC()
		close(c.up)
		c.leg.Media().Forward(c.ear)
		say.open(c.leg.Media(), c.options)
		if c.options.HangupAfter > 0 {
			return time.After(c.options.HangupAfter)
		}
	case gateway.LegGone:
		c.report.Ended, c.report.Cause, c.report.Status = time.Now(), e.Cause, c.leg.Status()
		c.report.Heard = c.ear.audio()
		if m := c.leg.Media(); m != nil {
			c.report.Stats = m.Stats()
		}
	case gateway.LegDigit:
	}
	return hangup
}
