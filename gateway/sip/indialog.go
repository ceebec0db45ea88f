package sip

import (
	"github.com/emiago/sipgo/sip"

	"hotline/contact"
)

// onRequest takes a request within the dialog, on the call's goroutine.
func (c *call) onRequest(req *sip.Request, tx *sip.ServerTx) {
	if r := c.checkDialog(req); r != nil {
		c.gateway.refuse(req, tx, r)
		return
	}
	c.seqs = req.CSeq().SeqNo
	switch req.Method {
	case sip.BYE:
		c.onBye(req, tx)
	case sip.INVITE, sip.UPDATE:
		c.onReoffer(req, tx)
	case sip.OPTIONS:
		c.gateway.reply(req, tx, c.gateway.response(req, 200, "OK", c.gateway.abilities()...))
	default:
		c.gateway.refuse(req, tx, refused(405, "Method Not Allowed", allowHeader()))
	}
}

// checkDialog holds a request to the dialog: the peer's own tag, and a number
// that rises (RFC 3261 §12.2.2).
func (c *call) checkDialog(req *sip.Request) *refusal {
	tag, _ := req.From().Params.Get("tag")
	if tag != c.dialog.remoteTag {
		return refused(481, "Call/Transaction Does Not Exist")
	}
	if c.seqs != 0 && req.CSeq().SeqNo <= c.seqs {
		return refused(500, "CSeq Too Low")
	}
	return nil
}

func (c *call) onBye(req *sip.Request, tx *sip.ServerTx) {
	if c.state == Invited || c.state == Ringing { // RFC 3261 §15.1.2
		c.gateway.refuse(c.invite, c.tx, refused(487, "Request Terminated"))
	}
	c.gateway.reply(req, tx, c.gateway.response(req, 200, "OK"))
	c.noticed()
	c.released = released(req)
	why := contact.CitizenEnded
	if c.state == Leaving {
		why = c.cause
	}
	c.end(why)
}

// bye ends a confirmed dialog. The request goes out beside the call, which
// does not wait for its answer.
func (c *call) bye(why contact.Cause) {
	c.dialog.localSeq++
	req := c.dialog.request(sip.BYE, c.dialog.localSeq, c.gateway.self)
	req.AppendHeader(sip.NewHeader("Reason", q850(why)))
	c.gateway.aim(req, &c.dialog)
	c.telling = true
	pass := c.pass()
	c.gateway.errand(func() {
		defer pass()
		c.attempt.confirmed()
		c.gateway.send(req, exchange{sent: c.noticed})
	})
}

// pass keeps the peer admitted while its answer is awaited, beyond the call.
func (c *call) pass() (release func()) {
	if !c.guest.IsValid() {
		return func() {}
	}
	_, release = c.gateway.border.admit(c.guest, c.trunk)
	return release
}
