package sip

import (
	"time"

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

// exchange is what the sender of a request wants to hear besides its answer.
type exchange struct {
	sent  func()              // called once the request has left, or cannot; may be nil
	again func(*sip.Response) // takes repeated answers; may be nil
}

// send sends a request other than the first INVITE and ACK, and waits for the
// final answer; nil: there was none within 64·T1 (RFC 3261 §17.1.2.2, timer F).
func (g *Gateway) send(req *sip.Request, x exchange) *sip.Response {
	tx, err := g.begin(req, x.again)
	if x.sent != nil {
		x.sent()
	}
	if err != nil {
		g.log.Debug("sip request not sent", "method", string(req.Method))
		return nil
	}
	limit := time.NewTimer(64 * g.timers.T1)
	defer limit.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res
			}
			continue
		case <-tx.Done():
		case <-limit.C:
		case <-g.ctx.Done():
		}
		tx.Terminate()
		return nil
	}
}

func (g *Gateway) begin(req *sip.Request, again func(*sip.Response)) (*sip.ClientTx, error) {
	tx, err := g.transactions.NewClientTransaction(g.ctx, req)
	if err != nil {
		return nil, err
	}
	if again != nil {
		tx.OnRetransmission(func(res *sip.Response) { go again(res) })
	}
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return nil, err
	}
	return tx, nil
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
