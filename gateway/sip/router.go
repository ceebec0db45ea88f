package sip

import (
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// onRequest takes each request from the transaction layer, on a goroutine of
// its own. A panic costs this one request.
func (g *Gateway) onRequest(req *sip.Request, tx *sip.ServerTx) {
	defer func() {
		if p := recover(); p != nil {
			g.panicked(g.log.With("method", methodLabel(req)), p)
			g.refuse(req, tx, refused(500, "Server Internal Error"))
		}
	}()
	from := sourceOf(req)
	t := g.border.trunkOf(from)
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
			g.refuse(req, tx, r)
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
	case req.Method == sip.INVITE:
		g.onInvite(req, tx, t)
	case req.Method == sip.OPTIONS:
		g.onOptions(req, tx)
	default: // BYE, UPDATE of nothing
		g.refuse(req, tx, refused(481, "Call/Transaction Does Not Exist"))
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
	res.SipVersion = "SIP/2.0" // not the one of a request we refuse for it
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
		g.refuse(req, tx, busy())
		return
	}
	g.reply(req, tx, g.response(req, 200, "OK", g.abilities()...))
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

// onCancel takes the CANCELs that sipgo could not match: those that overtook
// their INVITE, and those of nothing.
func (g *Gateway) onCancel(req *sip.Request, tx *sip.ServerTx, t *trunk) {
	c := g.await(g.ctx, keyOfInvite(req))
	if c == nil || c.trunk != t {
		g.refuse(req, tx, refused(481, "Call/Transaction Does Not Exist"))
		return
	}
	g.reply(req, tx, g.response(req, 200, "OK"))
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
		g.refuse(req, tx, refused(481, "Call/Transaction Does Not Exist"))
	case c.trunk != t:
		g.refuse(req, tx, refused(403, "Forbidden"))
	case !c.post(func() { c.onRequest(req, tx) }):
		g.refuse(req, tx, refused(481, "Call/Transaction Does Not Exist"))
	}
}
