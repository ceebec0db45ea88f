package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/gateway"
)

// DialRequest is a call of ours.
type DialRequest struct {
	// Trunk names the configured trunk that carries it. Empty: it goes to the
	// host of To, which may speak to us as long as the call lives.
	Trunk string
	// To is whom we call, such as "sip:12345@192.0.2.1:5060".
	To string
	// From is the number that we show, or a URI; empty: anonymous.
	From string
	// Transport without a trunk: "udp" (default) or "tcp".
	Transport string
	// Headers are added to the INVITE.
	Headers [][2]string
	// Media are the ranges of the peer's audio, without a trunk; empty: any
	// host, and loopback when To is there.
	Media []netip.Prefix
}

// Outbound is a call of ours. It implements gateway.Leg.
type Outbound struct{ *call }

var _ gateway.Leg = (*Outbound)(nil)

// Status is the final answer to our INVITE; 0 before it, and without one.
func (o *Outbound) Status() int { return int(o.status.Load()) }

// Dial sends an INVITE and returns; the leg's events tell what comes of it.
// When ctx ends before the answer, the call is cancelled. Audio before the
// answer is not played.
func (g *Gateway) Dial(ctx context.Context, r DialRequest) (*Outbound, error) {
	c, err := g.prepare(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("sip: dial: %w", err)
	}
	if err := g.launch(ctx, c, r); err != nil {
		return nil, fmt.Errorf("sip: dial: %w", err)
	}
	return &Outbound{call: c}, nil
}

// way is where a call of ours goes.
type way struct {
	trunk     *trunk
	to, from  sip.Uri
	display   string
	transport string
	peer      string // IP:port
	guest     netip.Addr
	release   func()
}

func (g *Gateway) prepare(ctx context.Context, r DialRequest) (*call, error) {
	w, err := g.route(ctx, r)
	if err != nil {
		return nil, err
	}
	c := g.newCall(outbound, w.trunk, dialog{
		callID: newTag() + "@" + g.self.host, localTag: newTag(), localSeq: 1,
		local: w.from, remote: w.to, target: w.to, display: w.display, transport: w.transport,
	})
	c.release, c.guest, c.state = w.release, w.guest, Calling
	if err := c.openMedia(); err != nil {
		w.release()
		return nil, err
	}
	c.attempt = &attempt{
		gateway: g, pass: c.pass, patience: ctx.Done(), base: c.dialog, acks: map[string]*sip.Request{},
		expires: g.config.SessionExpires,
	}
	c.attempt.invite = c.firstInvite(r.Headers)
	c.attempt.invite.SetDestination(w.peer)
	return c, nil
}

func (c *call) firstInvite(headers [][2]string) *sip.Request {
	invite := c.dialog.request(sip.INVITE, c.dialog.localSeq, c.gateway.self)
	for _, h := range slices.Concat(c.gateway.abilities(), c.gateway.demand(c.attempt.expires, ""), headers) {
		invite.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	invite.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	invite.SetBody(c.describe(c.offering))
	return invite
}

// launch sends the INVITE and gives the call its goroutines.
func (g *Gateway) launch(ctx context.Context, c *call, r DialRequest) error {
	if err := tidy(r); err != nil {
		c.abandon()
		return err
	}
	if refused := g.enlist(c); refused != nil {
		c.abandon()
		return errors.New("no further calls now")
	}
	tx, err := c.attempt.send(ctx)
	if err != nil {
		c.attempt.drop()
		g.strike(c)
		c.abandon()
		g.chores.done()
		return errors.New("the INVITE could not be sent") // sipgo's words hold the number
	}
	go c.run()
	g.errand(func() { c.attempt.feed(c, tx) })
	return nil
}

// abandon frees what a call that never began holds.
func (c *call) abandon() {
	_ = c.session.Close()
	c.release()
}

// tidy refuses what would break out of a header.
func tidy(r DialRequest) error {
	fields := []string{r.To, r.From}
	for _, h := range r.Headers {
		fields = append(fields, h[0], h[1])
	}
	for _, f := range fields {
		if strings.ContainsFunc(f, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return errors.New("control character in a header")
		}
	}
	return nil
}

func (g *Gateway) route(ctx context.Context, r DialRequest) (way, error) {
	w := way{release: func() {}}
	if err := sip.ParseUri(r.To, &w.to); err != nil {
		return w, errors.New("to: not a URI")
	}
	if err := w.caller(r.From, g.self.host); err != nil {
		return w, err
	}
	if r.Trunk != "" {
		return w, w.viaTrunk(g.border.trunks, r.Trunk)
	}
	return w, g.direct(ctx, &w, r)
}

func (w *way) caller(from, host string) error {
	switch {
	case from == "":
		w.display, w.from = "Anonymous", sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
	case strings.Contains(from, ":"):
		if err := sip.ParseUri(from, &w.from); err != nil {
			return errors.New("from: not a URI")
		}
	default:
		w.from = sip.Uri{Scheme: "sip", User: from, Host: host}
	}
	return nil
}

func (w *way) viaTrunk(trunks []*trunk, name string) error {
	for _, t := range trunks {
		if t.name != name {
			continue
		}
		if t.outbound == "" {
			return fmt.Errorf("trunk %q only receives", name)
		}
		w.trunk, w.peer, w.transport = t, t.outbound, upper(t.transport)
		return nil
	}
	return fmt.Errorf("trunk %q is not configured", name)
}

func upper(transport string) string {
	if strings.EqualFold(transport, "tcp") {
		return "TCP"
	}
	return "UDP"
}

// direct finds the host of To and lets it speak.
func (g *Gateway) direct(ctx context.Context, w *way, r DialRequest) error {
	port := w.to.Port
	if port == 0 {
		port = sip.DefaultUdpPort
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", strings.Trim(w.to.Host, "[]"))
	if err != nil || len(addrs) == 0 {
		return fmt.Errorf("host of the called: %w", err)
	}
	peer := netip.AddrPortFrom(addrs[0].Unmap(), uint16(port))
	w.peer, w.transport = peer.String(), upper(r.Transport)
	if w.trunk = g.border.configured(peer); w.trunk == nil { // each call is a guest of its own
		w.guest = peer.Addr()
		w.trunk, w.release = g.border.admit(peer.Addr(), &trunk{name: "direct", media: ranges(r.Media, peer.Addr())})
	}
	return nil
}

// ranges of a direct call's audio: any host's, loopback only from loopback.
func ranges(given []netip.Prefix, peer netip.Addr) []netip.Prefix {
	if len(given) > 0 {
		return given
	}
	all := []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	if peer.IsLoopback() {
		all = append(all, netip.PrefixFrom(peer, 8).Masked())
	}
	return all
}

// onResponse takes an answer to our INVITE, on the call's goroutine.
func (c *call) onResponse(res *sip.Response) {
	switch {
	case res.IsProvisional():
		if c.step(evProvisional) && c.state == Cancelling {
			c.attempt.pay(c)
		}
	case res.IsSuccess():
		c.status.Store(int32(res.StatusCode))
		c.onSuccess(res)
	case !c.insist(res):
		c.status.Store(int32(res.StatusCode))
		c.released = released(res)
		c.fail(causeOf(res.StatusCode))
	}
}

func (c *call) onSuccess(res *sip.Response) {
	before := c.state
	if !c.step(evSuccess) {
		c.attempt.again(res)
		return
	}
	if before == Cancelling { // it crossed our CANCEL
		c.attempt.reject(res)
		c.end(c.cause)
		return
	}
	c.attempt.patience = nil
	body, err := sessionBody(res)
	d, a, r := c.judge(body)
	if err != nil || r != nil || c.settleMedia(d, a) != nil {
		c.attempt.reject(res)
		c.end(contact.MediaLost)
		return
	}
	c.dialog = c.attempt.accept(res)
	c.learn(res)
	c.clock.set(granted(wishOf(res), c.gateway.timers.MinSE))
	c.talk()
}

// onNoAnswer ends a call whose INVITE timed out or could not be sent.
func (c *call) onNoAnswer() {
	c.attempt.drop()
	c.fail(contact.NodeLost)
}

func (c *call) fail(why contact.Cause) {
	cancelled := c.state == Cancelling
	if !c.step(evFailure) {
		return
	}
	if cancelled {
		why = c.cause
	}
	c.end(why)
}

// causeOf reads a refusal of ours backwards.
func causeOf(status int) contact.Cause {
	switch status {
	case 404, 604:
		return contact.RefusedUnknown
	case 480:
		return contact.RefusedClosed
	case 486, 600, 503:
		return contact.RefusedFull
	case 603:
		return contact.RefusedNuisance
	}
	return contact.Internal
}
