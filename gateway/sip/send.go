package sip

import (
	"github.com/emiago/sipgo/sip"
)

// errand runs f beside everything else; Close waits for it. After Close
// nothing is run any more.
func (g *Gateway) errand(f func()) {
	if !g.chores.begin() {
		return
	}
	go func() {
		defer g.chores.done()
		defer func() {
			if p := recover(); p != nil {
				g.panicked(g.log, p)
			}
		}()
		f()
	}()
}

// send sends a request other than INVITE and ACK and waits until it is
// answered or given up. sent is called once it has left, or cannot.
func (g *Gateway) send(req *sip.Request, sent func()) {
	tx, err := g.transactions.Request(g.ctx, req)
	sent()
	if err != nil {
		g.log.Debug("sip request not sent", "method", string(req.Method))
		return
	}
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return
			}
		case <-tx.Done():
			return
		case <-g.ctx.Done():
			tx.Terminate()
			return
		}
	}
}

// acknowledge sends the ACK of a 2xx, which is no transaction.
func (g *Gateway) acknowledge(ack *sip.Request) {
	if err := g.transport.WriteMsg(ack); err != nil {
		g.log.Debug("sip ACK not sent") // the peer repeats its 2xx
	}
}

// aim sends an in-dialog request over the connection that the peer opened, if
// that still stands (RFC 5923); otherwise to its Contact.
func (g *Gateway) aim(req *sip.Request, d *dialog) {
	if d.transport != "TCP" || d.source == "" {
		return
	}
	conn, err := g.transport.GetConnection("tcp", d.source)
	if err != nil || conn == nil {
		return
	}
	req.SetDestination(d.source)
	_, _ = conn.TryClose() // gives GetConnection's reference back
}

// onStray takes responses that belong to no transaction any more: a 2xx that
// comes late, or from a second fork, must still be acknowledged.
func (g *Gateway) onStray(res *sip.Response) {
	defer func() {
		if p := recover(); p != nil {
			g.panicked(g.log, p)
		}
	}()
	if !res.IsSuccess() || res.CSeq() == nil || res.CSeq().MethodName != sip.INVITE || res.From() == nil || res.CallID() == nil {
		return
	}
	tag, _ := res.From().Params.Get("tag")
	if c := g.find(dialogKey{callID: res.CallID().Value(), ourTag: tag}); c != nil && c.attempt != nil {
		c.attempt.again(res)
	}
}
