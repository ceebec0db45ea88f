package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
	"hotline/media/rtp"
)

// newsBuffered is how much a call tells that nobody has fetched yet. The last
// place is kept for the end.
const newsBuffered = 32

var errGone = errors.New("the call has ended")

// call is one call. Its goroutine (run) alone touches what stands below box;
// the others post work to it.
type call struct {
	gateway   *Gateway
	direction string
	trunk     *trunk
	log       *slog.Logger
	box       chan func()
	gone      chan struct{} // closed when ended
	confirmed chan struct{} // closed when talking
	told      chan struct{} // closed, by noticed, when the peer has been told of the end
	noticed   func()
	telling   bool // an errand will close told
	events    chan gateway.LegEvent
	stream    atomic.Pointer[rtp.Session] // set when answered
	invite    *sip.Request                // theirs; nil when we call
	status    atomic.Int32                // of the answer to ours
	guest     netip.Addr                  // whom the border lets in for this call; zero: a trunk
	release   func()                      // of the border; may be nil
	names     dialogKey
	began     time.Time

	state   State
	cause   contact.Cause
	dialog  dialog
	session *rtp.Session
	local   local
	lastSDP []byte
	agreed  agreement
	shape   description // theirs, to which agreed belongs
	accept  *acceptance // a 2xx of ours whose ACK is outstanding
	seqs    uint32      // of the last request of theirs

	tx      *sip.ServerTx // of invite, later of the last re-INVITE
	theirs  agreement     // what invite's offer comes to
	offer   *description  // of invite; nil: we offer
	attempt *attempt      // of our INVITE

	granted  terms             // of the session timer, in our answer to invite
	clock    clock             // the session timer
	updates  bool              // the peer takes UPDATE
	asking   sip.RequestMethod // of ours that is out: INVITE, UPDATE or none
	parked   []reoffer         // until the ACK is there
	released int               // the peer's Q.850 cause; 0: not told
}

func (g *Gateway) newCall(direction string, t *trunk, d dialog) *call {
	told := make(chan struct{})
	return &call{
		gateway: g, direction: direction, trunk: t, dialog: d, seqs: d.remoteSeq,
		names: dialogKey{callID: d.callID, ourTag: d.localTag},
		log:   g.log.With("call_id", d.localTag, "trunk", t.name, "direction", direction),
		box:   make(chan func()), gone: make(chan struct{}), confirmed: make(chan struct{}), told: told,
		noticed: sync.OnceFunc(func() { close(told) }),
		events:  make(chan gateway.LegEvent, newsBuffered), began: time.Now(),
	}
}

func (c *call) key() dialogKey { return c.names }

// ID implements gateway.Leg: our tag of the dialog.
func (c *call) ID() gateway.LegID { return gateway.LegID(c.names.ourTag) }

// Events implements gateway.Leg.
func (c *call) Events() <-chan gateway.LegEvent { return c.events }

// Media implements gateway.Leg.
func (c *call) Media() media.Stream {
	if s := c.stream.Load(); s != nil {
		return s
	}
	return nil
}

// Hangup implements gateway.Leg. A call whose ACK is outstanding is ended when
// that has come, or its time is over (RFC 3261 §15).
func (c *call) Hangup(ctx context.Context, why contact.Cause) error {
	c.post(func() { c.order(evHangup, why) })
	select {
	case <-c.told:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sip: hang up: %w", ctx.Err())
	}
}

// run is the life of the call.
func (c *call) run() {
	c.gateway.metrics.open.WithLabelValues(c.direction).Inc()
	c.log.Info("call began")
	defer c.bury()
	for c.state != Ended {
		c.safely(c.wait())
	}
}

// wait returns the next thing to do.
func (c *call) wait() func() {
	select {
	case f := <-c.box:
		return f
	case ack := <-c.acks():
		return func() { c.onAck(ack) }
	case <-c.accept.due():
		return c.onDue
	case key, ok := <-c.digits():
		return func() { c.onDigit(key, ok) }
	case <-c.silent():
		return func() { c.order(evHangup, contact.MediaLost) }
	case <-c.attempt.impatient():
		return func() { c.order(evHangup, contact.CitizenEnded) }
	case <-c.attempt.overdue():
		return c.onNoAnswer
	case <-c.clock.due():
		return c.refresh
	case <-c.clock.over():
		return func() { c.order(evExpired, contact.MediaLost) }
	case <-c.gateway.ctx.Done(): // Close has waited long enough
		return c.breakOff
	}
}

// safely keeps a panic to this call.
func (c *call) safely(f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.gateway.panicked(c.log.With("state", string(c.state)), p)
			c.breakOff()
		}
	}()
	f()
}

// breakOff ends a call that cannot go on, as its state allows: for the cause
// that was ordered, or with internal.
func (c *call) breakOff() {
	defer func() {
		if recover() != nil {
			c.end(contact.Internal)
		}
	}()
	c.depart(c.cause)
	c.end(c.cause)
}

// acks are ACKs that came within the INVITE's transaction: of old peers that
// keep the branch.
func (c *call) acks() <-chan *sip.Request {
	if c.tx == nil {
		return nil
	}
	return c.tx.Acks()
}

func (c *call) digits() <-chan rune {
	if c.session == nil || c.stream.Load() == nil {
		return nil
	}
	return c.session.Digits()
}

func (c *call) silent() <-chan struct{} {
	if c.session == nil {
		return nil
	}
	return c.session.Silent()
}

// post hands work to the call's goroutine; false: it has ended.
func (c *call) post(f func()) bool {
	select {
	case c.box <- f:
		return true
	case <-c.gone:
		return false
	}
}

// do runs f on the call's goroutine and returns what it returned.
func (c *call) do(ctx context.Context, f func() error) error {
	reply := make(chan error, 1)
	select {
	case c.box <- func() { reply <- f() }:
	case <-c.gone:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-c.gone: // it ended, or panicked, while f ran
		select {
		case err := <-reply:
			return err
		default:
			return errGone
		}
	}
}

// step moves the state; false: the event has no place now, nothing happened.
func (c *call) step(e Event) bool {
	to, ok := next(c.state, e)
	if ok {
		c.state = to
	}
	return ok
}

// end ends the call; the first cause stays.
func (c *call) end(why contact.Cause) {
	if c.state != Ended || c.cause == contact.Internal {
		c.cause = why
	}
	c.state = Ended
}

// tell reports news; keys that nobody fetches are lost, the end never.
func (c *call) tell(e gateway.LegEvent) {
	if e.Kind != gateway.LegGone && len(c.events) >= cap(c.events)-1 {
		c.gateway.metrics.digits.Inc()
		return
	}
	c.events <- e
}

func (c *call) onDigit(key rune, ok bool) {
	if !ok { // the socket was closed under us
		c.order(evHangup, contact.MediaLost)
		return
	}
	c.tell(gateway.LegEvent{Kind: gateway.LegDigit, Digit: key})
}

// bury is the one end of every call.
func (c *call) bury() {
	defer c.gateway.chores.done()
	if !c.telling {
		c.noticed()
	}
	c.gateway.strike(c)
	close(c.gone)
	for _, r := range c.parked {
		c.gateway.refuse(r.Request, r.tx, refused(481, "Call/Transaction Does Not Exist"))
	}
	c.clock.stop()
	if c.session != nil {
		_ = c.session.Close()
	}
	if c.release != nil {
		c.release()
	}
	c.tell(gateway.LegEvent{Kind: gateway.LegGone, Cause: c.cause})
	close(c.events)
	c.gateway.metrics.open.WithLabelValues(c.direction).Dec()
	c.gateway.metrics.ended.WithLabelValues(c.direction, c.cause.String()).Inc()
	c.log.Info("call ended", append(c.ending(), slog.Duration("after", time.Since(c.began).Round(time.Millisecond)))...)
}

// order is an ending that we want, whatever the state.
func (c *call) order(e Event, why contact.Cause) {
	before := c.state
	if !c.step(e) {
		return
	}
	switch {
	case c.state == Ended:
		c.state = before
		c.depart(why)
		c.end(why)
	case c.cause == contact.Internal:
		c.cause = why
	}
	if c.state == Cancelling && before != Cancelling {
		c.attempt.cancel(c, before == Proceeding)
	}
}

// depart tells the peer that we leave. told is closed once that is on its way.
func (c *call) depart(why contact.Cause) {
	switch c.state {
	case Invited, Ringing:
		c.gateway.refuse(c.invite, c.tx, statusOf(why))
		c.noticed()
	case Talking, Refreshing, Accepted, Leaving:
		c.bye(why)
	case Calling, Proceeding, Cancelling, Ended:
		c.attempt.drop()
		c.noticed()
	}
}

// openMedia opens our end of the audio.
func (c *call) openMedia() error {
	session, err := c.gateway.ports.Open()
	if err != nil {
		return err
	}
	c.session = session
	at := session.LocalAddr()
	if c.gateway.config.Advertise != "" {
		host, err := netip.ParseAddr(c.gateway.config.Advertise)
		if err != nil {
			return err
		}
		at = netip.AddrPortFrom(host, at.Port())
	}
	now := uint64(c.began.UnixMilli())
	c.local = local{addr: at, session: now, version: now}
	return nil
}

// describe returns the body with the version raised when it has changed (RFC 3264 §8).
func (c *call) describe(body func(local) []byte) []byte {
	b := body(c.local)
	if c.lastSDP != nil && !slices.Equal(b, c.lastSDP) {
		c.local.version++
		b = body(c.local)
	}
	c.lastSDP = b
	return b
}

// judge reads a session description and finds what we would agree to.
func (c *call) judge(body []byte) (description, agreement, *refusal) {
	d, err := parseDescription(body)
	if err != nil {
		return d, agreement{}, refused(488, "Not Acceptable Here", [2]string{"Warning", `399 hotline "bad session description"`})
	}
	a, err := agree(d)
	if err != nil {
		return d, a, refused(488, "Not Acceptable Here", [2]string{"Warning", `305 hotline "G.711 over RTP/AVP only"`})
	}
	if a.remote.IsValid() && !c.trunk.allowsMedia(a.remote) {
		return d, a, refused(488, "Not Acceptable Here", [2]string{"Warning", `399 hotline "media address outside the trunk's ranges"`})
	}
	return d, a, nil
}

// settleMedia starts or moves the audio. What stays as it is, as in a refresh,
// is not touched.
func (c *call) settleMedia(d description, a agreement) error {
	move := c.session.Update
	switch c.agreed {
	case agreement{}:
		move = c.session.Start
	case a:
		c.shape = d
		return nil
	}
	if err := move(a.params()); err != nil {
		return err
	}
	c.agreed, c.shape = a, d
	return nil
}

// offering is our offer within what was agreed before.
func (c *call) offering(l local) []byte { return l.offer(c.shape, c.agreed) }
