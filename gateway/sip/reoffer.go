package sip

import (
	"slices"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/media"
)

// onReoffer answers a re-INVITE or UPDATE: hold, a new address, a new codec,
// a refresh.
func (c *call) onReoffer(req *sip.Request, tx *sip.ServerTx) { c.reoffered(reoffer{req, tx}, true) }

// reoffer is a re-INVITE or UPDATE of theirs.
type reoffer struct {
	*sip.Request

	tx *sip.ServerTx
}

func (c *call) reoffered(r reoffer, patient bool) {
	req, tx := r.Request, r.tx
	body, err := sessionBody(req)
	if err != nil {
		c.gateway.refuse(req, tx, refused(415, "Unsupported Media Type", [2]string{"Accept", "application/sdp"}))
		return
	}
	if c.state == Invited || c.state == Ringing {
		c.onEarly(req, tx, body)
		return
	}
	offers := req.Method == sip.INVITE || body != nil
	if patient && offers && c.accept.open() {
		c.park(r)
		return
	}
	if r := c.admits(req.Method, offers); r != nil {
		c.gateway.refuse(req, tx, r)
		return
	}
	c.renew(req, tx, body)
}

// onEarly answers before our final answer: no second INVITE (RFC 3261 §14.2),
// no second offer (RFC 3311 §5.2). An UPDATE may still move the target.
func (c *call) onEarly(req *sip.Request, tx *sip.ServerTx, body []byte) {
	if req.Method == sip.INVITE || body != nil {
		c.gateway.refuse(req, tx, tooEarly())
		return
	}
	c.dialog.refresh(req.Contact())
	c.learn(req)
	c.gateway.reply(req, tx, c.success(req, nil, terms{}))
}

// tooEarly asks for patience of 0 to 10 s, by lot.
func tooEarly() *refusal {
	return refused(500, "Server Internal Error", [2]string{"Retry-After", strconv.Itoa(int(media.RandomNumber() % 11))})
}

// admits says whether the dialog takes an offer now. Who sends a re-INVITE has
// had our answer to the INVITE before: its ACK is under way, or lost.
func (c *call) admits(method sip.RequestMethod, offers bool) *refusal {
	if offers && (c.accept.open() || c.asking == sip.INVITE) {
		return refused(491, "Request Pending")
	}
	if c.accept != nil && method == sip.INVITE {
		c.acknowledged()
	}
	if _, ok := next(c.state, evReoffer); !ok {
		return refused(481, "Call/Transaction Does Not Exist")
	}
	return nil
}

// park keeps an offer for the ACK that answers ours: each message has a
// goroutine of its own, so the offer may have overtaken it.
func (c *call) park(r reoffer) {
	c.parked = append(c.parked, r)
	time.AfterFunc(parking, func() { c.post(c.unpark) })
}

// unpark takes what was parked, as it may be now.
func (c *call) unpark() {
	parked := c.parked
	c.parked = nil
	for _, r := range parked {
		c.reoffered(r, false)
	}
}

func (c *call) renew(req *sip.Request, tx *sip.ServerTx, body []byte) {
	agreed, r := c.gateway.grant(req)
	if r != nil {
		c.gateway.refuse(req, tx, r)
		return
	}
	answer, r := c.reanswer(req.Method, body)
	if r != nil {
		c.gateway.refuse(req, tx, r)
		return
	}
	if agreed.expires == 0 && c.clock.expires != 0 {
		agreed = terms{expires: c.clock.expires, ours: true} // they forgot; the session is watched on
	}
	c.step(evReoffer)
	c.dialog.refresh(req.Contact())
	c.learn(req)
	res := c.success(req, answer, agreed)
	c.gateway.reply(req, tx, res)
	c.clock.set(agreed)
	if req.Method == sip.INVITE {
		c.tx = tx
		c.accept = c.newAcceptance(tx, res, body == nil)
	}
}

// reanswer finds our answer; without an offer a re-INVITE gets ours, an UPDATE
// nothing. A refused offer leaves the audio as it is (RFC 3261 §14.2).
func (c *call) reanswer(method sip.RequestMethod, body []byte) ([]byte, *refusal) {
	if body == nil && method == sip.UPDATE {
		return nil, nil
	}
	if body == nil {
		return c.describe(c.offering), nil
	}
	d, a, r := c.judge(body)
	if r != nil {
		return nil, r
	}
	if err := c.settleMedia(d, a); err != nil {
		return nil, refused(500, "Server Internal Error")
	}
	return c.describe(func(l local) []byte { return l.answer(d, a) }), nil
}

// grant finds the terms of the session timer that a request gets.
func (g *Gateway) grant(req *sip.Request) (terms, *refusal) {
	own, w := g.config.SessionExpires, wishOf(req)
	if own == 0 && slices.Contains(tokens(req, "require"), timerOption) {
		return terms{}, refused(420, "Bad Extension", [2]string{"Unsupported", timerOption})
	}
	t, ok := grant(w, own, g.timers.MinSE)
	if !ok {
		return t, refused(422, "Session Interval Too Small", [2]string{"Min-SE", delta(g.timers.MinSE)})
	}
	return t, nil
}
