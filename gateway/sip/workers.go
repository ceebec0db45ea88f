package sip

import (
	"github.com/emiago/sipgo/sip"

	"hotline/gateway"
)

// maxWorkers is how many requests are in hand at a time. The stack starts a
// goroutine for each; a request's own work takes well under a millisecond, but
// one that waits (a CANCEL for its INVITE, a call that is busy) keeps its place.
const maxWorkers = 512

// enter takes a worker's place; false: all are taken.
func (b *border) enter() bool {
	select {
	case b.workers <- struct{}{}:
		return true
	default:
		b.drop(droppedBusy)
		return false
	}
}

func (b *border) leave() { <-b.workers }

// overrun turns a request away for which there is no worker: a new call learns
// that, so that the carrier may try elsewhere; everything else comes again.
func (g *Gateway) overrun(req *sip.Request, tx *sip.ServerTx) {
	if req.Method == sip.INVITE && check(req) == nil {
		g.turnAway(req, tx, busy())
		return
	}
	tx.Terminate()
}

// turnAway answers a request that nothing is kept of (RFC 3261 §8.2.7): no
// repetition, no timer, and a copy of the request gets the same again.
func (g *Gateway) turnAway(req *sip.Request, tx *sip.ServerTx, r *refusal) {
	g.answerOnce(req, tx, g.response(req, r.status, r.reason, r.headers...))
}

func (g *Gateway) answerOnce(req *sip.Request, tx *sip.ServerTx, res *sip.Response) {
	defer tx.Terminate()
	if to := req.To(); to != nil && !to.Params.Has("tag") && res.To() != nil {
		res.To().Params.Add("tag", g.tagOf(req))
	}
	g.metrics.response(string(req.Method), res.StatusCode)
	if err := tx.Connection().WriteMsg(res); err != nil {
		g.log.Debug("sip answer not sent", "method", methodLabel(req), "status", res.StatusCode)
	}
}

// present shows a call to the house, on a goroutine of its own. A panic there
// ends the call.
func (g *Gateway) present(in *Inbound) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				g.panicked(in.log, p)
				in.post(in.breakOff)
			}
		}()
		g.onCall(gateway.Inbound(in))
	}()
}
