package sip

import (
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// onRequest takes each request from the transaction layer, on a goroutine of
// its own. A panic costs this one request.
func (g *Gateway) onRequest(req *sip.Request, tx *sip.ServerTx) {
	if req.Method == heldCancel {
		plain := *req // the stack keeps its own
		plain.Method, req = sip.CANCEL, &plain
	}
	defer func() {
		if p := recover(); p != nil {
			g.panicked(g.log.With("method", methodLabel(req)), p)
			g.turnAway(req, tx, refused(500, "Server Internal Error"))
		}
	}()
	if !g.border.enter() {
		g.overrun(req, tx)
		return
	}
	defer g.border.leave()
	t := g.border.trunkOf(sourceOf(req))
	switch {
	case t == nil: // left the border's list since its datagram passed
		tx.Terminate()
	case req.Method == sip.ACK:
		tx.Terminate() // nothing answers an ACK
		if check(req) == nil {
			g.onAck(req, t)
		}
	default:
		if r := check(req); r != nil {
			g.turnAway(req, tx, r)
			return
		}
		g.dispatch(req, tx, t)
	}
}

func methodLabel(req *sip.Request) string {
	if known(string(req.Method)) {
		return string(req.Method)
	}
	return "other"
}

func sourceOf(m sip.Message) netip.AddrPort {
	a, err := netip.ParseAddrPort(m.Source())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

func (g *Gateway) dispatch(req *sip.Request, tx *sip.ServerTx, t *trunk) {
	switch {
	case req.Method == sip.CANCEL:
		g.onCancel(req, tx, t)
	case inDialog(req):
		g.onInDialog(req, tx, t)
	case req.Method == sip.INVITE && !t.takesCall(time.Now()):
		g.turnAway(req, tx, busy())
	case req.Method == sip.INVITE:
		g.onInvite(req, tx, t)
	case req.Method == sip.OPTIONS:
		g.onOptions(req, tx)
	default: // BYE, UPDATE of nothing
		g.turnAway(req, tx, refused(481, "Call/Transaction Does Not Exist"))
	}
}

// inDialog says whether the peer sent a To tag, and not our own mark did.
func inDialog(req *sip.Request) bool {
	return req.To().Params.Has("tag") && req.GetHeader(markHeader) == nil
}

// refuse answers with a final refusal.
func (g *Gateway) refuse(req *sip.Request, tx *sip.ServerTx, r *refusal) {
	g.reply(req, tx, g.response(req, r.status, r.reason, r.headers...))
}

// response builds an answer without a body.
func (g *Gateway) response(req *sip.Request, status int, reason string, headers ...[2]string) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	if from := res.From(); from != nil {
		if tag, ok := from.Params.Get("tag"); ok && tag == "" { // of untagged
			from.Params.Remove("tag")
		}
	}
	for _, h := range headers {
		res.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	res.AppendHeader(sip.NewHeader("Server", agentName))
	return res
}

func (g *Gateway) reply(req *sip.Request, tx *sip.ServerTx, res *sip.Response) {
	g.metrics.response(string(req.Method), res.StatusCode)
	if err := tx.Respond(res); err != nil {
		g.log.Debug("sip answer not sent", "method", methodLabel(req), "status", res.StatusCode)
	}
}

func (g *Gateway) onOptions(req *sip.Request, tx *sip.ServerTx) {
	if g.draining.Load() || (g.health != nil && !g.health()) {
		g.turnAway(req, tx, busy())
		return
	}
	g.answerOnce(req, tx, g.response(req, 200, "OK", g.abilities()...))
}

// abilities are the headers that tell what we can do (RFC 3261 §11.2).
func (g *Gateway) abilities() [][2]string {
	return [][2]string{allowHeader(), {"Accept", "application/sdp"}, {"Accept-Encoding", "identity"}, {"Supported", g.supported()}}
}

func (g *Gateway) supported() string {
	if g.config.SessionExpires == 0 {
		return ""
	}
	return timerOption
}

// onCancel takes each CANCEL: the stack is kept from matching one, since it
// does not look at who sent it. One may overtake its INVITE. Some peers give it
// a branch of its own; what names the call is the rest.
func (g *Gateway) onCancel(req *sip.Request, tx *sip.ServerTx, t *trunk) {
	c := g.await(g.ctx, keyOfInvite(req))
	if c == nil || c.trunk != t {
		g.turnAway(req, tx, refused(481, "Call/Transaction Does Not Exist"))
		return
	}
	g.answerOnce(req, tx, g.response(req, 200, "OK"))
	c.post(func() { c.onCancelled(req) })
}

func (g *Gateway) onAck(req *sip.Request, t *trunk) {
	if c := g.find(keyOfDialog(req)); c != nil && c.trunk == t {
		c.post(func() { c.onAck(req) })
	}
}

// onInDialog hands a request to its call. The same dialog spoken for from
// another trunk is refused, and changes nothing.
func (g *Gateway) onInDialog(req *sip.Request, tx *sip.ServerTx, t *trunk) {
	c := g.find(keyOfDialog(req))
	switch {
	case c == nil:
		g.turnAway(req, tx, refused(481, "Call/Transaction Does Not Exist"))
	case c.trunk != t:
		g.turnAway(req, tx, refused(403, "Forbidden"))
	case !c.post(func() { c.handle(req, tx) }):
		g.turnAway(req, tx, refused(481, "Call/Transaction Does Not Exist"))
	default:
		g.border.speakers.prove(sourceOf(req).Addr()) // it bears our tag
	}
}

// handle has the request answered even if the call breaks over it.
func (c *call) handle(req *sip.Request, tx *sip.ServerTx) {
	defer func() {
		if p := recover(); p != nil {
			c.gateway.turnAway(req, tx, refused(500, "Server Internal Error"))
			panic(p) // the call ends of it
		}
	}()
	c.onRequest(req, tx)
}
