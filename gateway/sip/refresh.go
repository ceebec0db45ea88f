package sip

import (
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/media"
)

// learn notes whether the peer takes UPDATE. A message without Allow says
// nothing about it.
func (c *call) learn(m message) {
	if allowed := tokens(m, "allow"); len(allowed) > 0 {
		c.updates = slices.Contains(allowed, "update")
	}
}

// refresh asks for another interval (RFC 4028 §10), once nothing else is open.
func (c *call) refresh() {
	if c.asking != "" || c.accept != nil || !c.step(evRefresh) {
		c.clock.again(c.gateway.timers.T1)
		return
	}
	c.ask(c.clock.expires)
}

// ask sends our re-INVITE or UPDATE. Both leave the audio as it is: an UPDATE
// describes nothing, a re-INVITE what was described last, in the same version.
func (c *call) ask(expires time.Duration) {
	c.asking = sip.INVITE
	if c.updates {
		c.asking = sip.UPDATE
	}
	c.dialog.localSeq++
	req := c.dialog.request(c.asking, c.dialog.localSeq, c.gateway.self)
	for _, h := range append(c.gateway.abilities(), c.gateway.demand(expires, refresherUAC)...) {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	if c.asking == sip.INVITE {
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		req.SetBody(c.lastSDP)
	}
	c.gateway.aim(req, &c.dialog)
	c.put(req)
}

// put sends the request beside the call, and acknowledges a 2xx even if the
// call is over by then.
func (c *call) put(req *sip.Request) {
	d, pass := c.dialog, c.pass()
	acknowledge := func(res *sip.Response) {
		if req.Method != sip.INVITE || !res.IsSuccess() {
			return
		}
		at := d
		at.refresh(res.Contact())
		ack := at.request(sip.ACK, req.CSeq().SeqNo, c.gateway.self)
		c.gateway.aim(ack, &at)
		c.gateway.acknowledge(ack)
	}
	c.gateway.errand(func() {
		defer pass()
		res := c.gateway.send(req, exchange{again: acknowledge})
		// First the call, then the peer: once it has our ACK it may ask, and
		// must not find us asking still.
		c.post(func() { c.onRefreshed(res) })
		if res != nil {
			acknowledge(res)
		}
	})
}

// onRefreshed takes the final answer to our re-INVITE or UPDATE; nil: none.
func (c *call) onRefreshed(res *sip.Response) {
	method, status := c.asking, 0
	c.asking = ""
	if res != nil {
		status = res.StatusCode
	}
	switch {
	case status == 0, status == 408, status == 481: // RFC 3261 §12.2.1.2
		c.order(evLost, contact.MediaLost)
	case res.IsSuccess():
		c.renewed(method, res)
	case status == 422 && wishOf(res).min > c.clock.expires:
		c.step(evRefresh)
		c.clock.expires = wishOf(res).min
		c.ask(c.clock.expires)
	case method == sip.UPDATE && (status == 405 || status == 501):
		c.updates = false
		c.step(evRefresh)
		c.ask(c.clock.expires)
	case status == 491:
		c.step(evPutOff)
		c.clock.again(afterGlare(c.direction == outbound))
	default:
		c.step(evPutOff)
		c.clock.again(c.clock.expires / 8)
	}
}

// renewed takes the 2xx: new terms, perhaps a new target and new audio.
func (c *call) renewed(method sip.RequestMethod, res *sip.Response) {
	c.dialog.refresh(res.Contact())
	c.learn(res)
	if method == sip.INVITE && !c.completed(res) {
		c.order(evLost, contact.MediaLost)
		return
	}
	c.step(evRefreshed)
	c.clock.set(granted(wishOf(res), c.gateway.timers.MinSE))
}

// afterGlare is the wait of RFC 3261 §14.1 in steps of 10 ms: 2.1 to 4 s for
// who made the Call-ID, below 2 s for the other.
func afterGlare(ours bool) time.Duration {
	const step = 10 * time.Millisecond
	if ours {
		return 2100*time.Millisecond + time.Duration(media.RandomNumber()%191)*step
	}
	return time.Duration(media.RandomNumber()%201) * step
}

// demand is what a request of ours says about the session timer.
func (g *Gateway) demand(expires time.Duration, refresher string) [][2]string {
	if expires == 0 {
		return nil
	}
	v := delta(expires)
	if refresher != "" {
		v += ";refresher=" + refresher
	}
	return [][2]string{{"Session-Expires", v}, {"Min-SE", delta(min(expires, g.timers.MinSE))}}
}

// insist sends our INVITE anew with the interval that a 422 asks for; false:
// there is nothing to gain by it.
func (c *call) insist(res *sip.Response) bool {
	status, wanted := res.StatusCode, wishOf(res).min
	if status != 422 || wanted <= c.attempt.expires || wanted >= maxExpires || !c.step(evRetry) {
		return false
	}
	invite := c.attempt.invite.Clone()
	c.dialog.localSeq++
	c.attempt.base.localSeq = c.dialog.localSeq
	c.attempt.expires = wanted
	invite.ReplaceHeader(c.gateway.self.via(c.dialog.transport))
	invite.ReplaceHeader(&sip.CSeqHeader{SeqNo: c.dialog.localSeq, MethodName: sip.INVITE})
	invite.ReplaceHeader(sip.NewHeader("Session-Expires", delta(wanted)))
	invite.ReplaceHeader(sip.NewHeader("Min-SE", delta(wanted)))
	c.attempt.invite = invite
	tx, err := c.attempt.send(c.gateway.ctx)
	if err != nil {
		return false
	}
	c.gateway.errand(func() { c.attempt.feed(c, tx) })
	return true
}
