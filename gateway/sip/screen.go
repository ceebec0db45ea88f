package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

const (
	// versionHeader says, within this process only, which version a request
	// came in: the stack would answer in the same.
	versionHeader = "Hotline-Version"
	ownHeaders    = "hotline-"

	// heldCancel is a CANCEL as the stack sees it: a method like any other. The
	// stack matches a CANCEL by what stands in its Via, whoever sent it; we look
	// at who sent it first.
	heldCancel = sip.RequestMethod("HOTLINE-CANCEL")
	// foreign in a CSeq makes a message match nothing of the stack's.
	foreign = sip.RequestMethod("HOTLINE-FOREIGN")
)

// screen sees each message that was parsed before the stack's transactions do,
// on the goroutine of its reader.
func (g *Gateway) screen(m sip.Message) {
	defer func() {
		if p := recover(); p != nil {
			g.panicked(g.log, p)
		}
	}()
	if g.socket != nil && m.Transport() == "UDP" {
		g.socket.taken.Store(true)
	}
	switch m := m.(type) {
	case *sip.Request:
		g.screenRequest(m)
	case *sip.Response:
		g.screenResponse(m)
	}
}

func (g *Gateway) screenRequest(req *sip.Request) {
	disown(req)
	if req.SipVersion != "SIP/2.0" {
		req.AppendHeader(sip.NewHeader(versionHeader, "other"))
		req.SipVersion = "SIP/2.0"
	}
	received(req)
	untagged(req)
	mark(req)
	if req.GetHeader(markHeader) != nil {
		req.To().Params.Add("tag", g.tagOf(req))
	}
	if req.Method == sip.CANCEL {
		req.Method = heldCancel
	}
	if req.Method == sip.ACK {
		g.screenAck(req)
	}
}

// disown takes our own marks off what a peer sent.
func disown(req *sip.Request) {
	var forged []string
	for _, h := range req.Headers() {
		if len(h.Name()) > len(ownHeaders) && strings.EqualFold(h.Name()[:len(ownHeaders)], ownHeaders) {
			forged = append(forged, h.Name())
		}
	}
	for _, name := range forged {
		req.RemoveHeader(name)
	}
}

// received writes into the Via where the request came from, when it says
// otherwise (RFC 3261 §18.2.1).
func received(req *sip.Request) {
	via, from := req.Via(), sourceOf(req).Addr()
	if via == nil || !from.IsValid() {
		return
	}
	if via.Params.Has("received") || strings.Trim(via.Host, "[]") != from.String() {
		via.Params.Add("received", from.String())
	}
}

// untagged gives a caller of RFC 2543, who sends neither tag nor branch, the
// empty tag that the stack needs; response takes it off again.
func untagged(req *sip.Request) {
	from, via := req.From(), req.Via()
	if from == nil || via == nil || from.Params.Has("tag") {
		return
	}
	if branch, _ := via.Params.Get("branch"); !strings.HasPrefix(branch, sip.RFC3261BranchMagicCookie) {
		from.Params.Add("tag", "")
	}
}

// tagOf is our To tag for a request. A copy of it gets the same.
func (g *Gateway) tagOf(req *sip.Request) string {
	names := make([]string, 0, 4)
	if id := req.CallID(); id != nil {
		names = append(names, id.Value())
	}
	if seq := req.CSeq(); seq != nil {
		names = append(names, seq.Value())
	}
	if from := req.From(); from != nil {
		tag, _ := from.Params.Get("tag")
		names = append(names, tag)
	}
	return g.border.secret.tag(names...)
}

// screenAck keeps an ACK from a call of another trunk; the stack would hand
// it on for its branch alone. An ACK that bears our tag proves that its sender
// hears us.
func (g *Gateway) screenAck(ack *sip.Request) {
	if ack.To() == nil || ack.CallID() == nil || ack.CSeq() == nil {
		return
	}
	c := g.find(keyOfDialog(ack))
	switch from := sourceOf(ack); {
	case c == nil:
	case c.trunk != g.border.trunkOf(from):
		ack.CSeq().MethodName = foreign
	default:
		g.border.speakers.prove(from.Addr())
	}
}

// screenResponse keeps an answer from a call of another trunk.
func (g *Gateway) screenResponse(res *sip.Response) {
	if res.From() == nil || res.CallID() == nil || res.CSeq() == nil {
		return
	}
	tag, _ := res.From().Params.Get("tag")
	c := g.find(dialogKey{callID: res.CallID().Value(), ourTag: tag})
	switch from := sourceOf(res); {
	case c == nil:
	case c.trunk != g.border.trunkOf(from):
		res.CSeq().MethodName = foreign
	default:
		g.border.speakers.prove(from.Addr())
	}
}
