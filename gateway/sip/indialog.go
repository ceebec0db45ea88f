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
		return refused(500, "CSeq Too Low", [2]string{"Retry-After", "1"})
	}
	return nil
}

func (c *call) onBye(req *sip.Request, tx *sip.ServerTx) {
	if c.state == Invited || c.state == Ringing { // RFC 3261 §15.1.2
		c.gateway.refuse(c.invite, c.tx, refused(487, "Request Terminated"))
	}
	c.gateway.reply(req, tx, c.gateway.response(req, 200, "OK"))
	c.noticed()
	why := contact.CitizenEnded
	if c.state == Leaving {
		why = c.cause
	}
	c.end(why)
}

// onReoffer answers a re-INVITE or UPDATE: hold, a new address, a new codec.
func (c *call) onReoffer(req *sip.Request, tx *sip.ServerTx) {
	_, ok := next(c.state, evReoffer)
	if !ok || c.accept != nil {
		c.gateway.refuse(req, tx, refused(491, "Request Pending"))
		return
	}
	body, err := sessionBody(req)
	if err != nil {
		c.gateway.refuse(req, tx, refused(415, "Unsupported Media Type", [2]string{"Accept", "application/sdp"}))
		return
	}
	answer, r := c.reanswer(req.Method, body)
	if r != nil {
		c.gateway.refuse(req, tx, r)
		return
	}
	c.dialog.refresh(req.Contact())
	c.acceptReoffer(req, tx, answer, body == nil)
}

func (c *call) acceptReoffer(req *sip.Request, tx *sip.ServerTx, answer []byte, late bool) {
	res := c.success(req, answer)
	c.gateway.reply(req, tx, res)
	if req.Method == sip.INVITE {
		c.tx = tx
		c.accept = c.newAcceptance(tx, res, late)
	}
}

// reanswer finds our answer; without an offer a re-INVITE gets ours, an UPDATE
// nothing. A refused offer leaves the audio as it is (RFC 3261 §14.2).
func (c *call) reanswer(method sip.RequestMethod, body []byte) ([]byte, *refusal) {
	if body == nil && method == sip.UPDATE {
		return nil, nil
	}
	if body == nil {
		return c.describe(local.offer), nil
	}
	d, a, r := c.judge(body)
	if r != nil {
		return nil, r
	}
	if err := c.settleMedia(a); err != nil {
		return nil, refused(500, "Server Internal Error")
	}
	return c.describe(func(l local) []byte { return l.answer(d, a) }), nil
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
		c.gateway.send(req, c.noticed)
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
