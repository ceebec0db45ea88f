package sip

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
	"hotline/gateway"
)

// acceptance is a 2xx of ours to an INVITE, repeated until its ACK comes
// (RFC 3261 §13.3.1.4): 0.5, 1, 2, 4, 4 … s, 64·T1 in all.
type acceptance struct {
	tx       *sip.ServerTx
	response *sip.Response
	seq      uint32
	late     bool // our offer went with it, the ACK brings the answer
	interval time.Duration
	longest  time.Duration
	deadline time.Time
	timer    *time.Timer
}

func (c *call) newAcceptance(tx *sip.ServerTx, res *sip.Response, late bool) *acceptance {
	t := c.gateway.timers
	return &acceptance{
		tx: tx, response: res, seq: res.CSeq().SeqNo, late: late,
		interval: t.T1, longest: t.T2, deadline: time.Now().Add(64 * t.T1), timer: time.NewTimer(t.T1),
	}
}

// due fires when the answer must go out again; nil when nothing waits.
func (a *acceptance) due() <-chan time.Time {
	if a == nil {
		return nil
	}
	return a.timer.C
}

// open says that our offer awaits its answer.
func (a *acceptance) open() bool { return a != nil && a.late }

// again repeats the answer; false: its time is over.
func (a *acceptance) again() bool {
	left := time.Until(a.deadline)
	if left <= 0 {
		return false
	}
	_ = a.tx.Respond(a.response) // a lost repetition is made good by the next
	a.interval = min(2*a.interval, a.longest)
	a.timer.Reset(min(a.interval, left))
	return true
}

func (c *call) onDue() {
	if c.accept.again() {
		return
	}
	c.accept = nil
	why := contact.MediaLost
	if c.state == Leaving {
		why = c.cause
	}
	c.order(evAckLost, why)
}

// onAck takes the ACK of a 2xx.
func (c *call) onAck(ack *sip.Request) {
	if tag, _ := ack.To().Params.Get("tag"); tag != c.names.ourTag {
		return // the stack goes by its branch alone
	}
	if c.accept == nil || ack.CSeq() == nil || ack.CSeq().SeqNo != c.accept.seq {
		return // a repetition
	}
	if c.accept.late && c.state != Leaving && !c.completed(ack) {
		c.forgo()
		c.order(evAckLost, contact.MediaLost) // RFC 3261 §13.2.1: an answer is missing
		return
	}
	c.acknowledged()
}

// acknowledged ends the wait for the ACK.
func (c *call) acknowledged() {
	c.forgo()
	if c.state == Leaving { // hung up while it was outstanding
		c.order(evAck, c.cause)
		return
	}
	if c.step(evAck) {
		c.talk()
		c.unpark()
	}
}

// forgo repeats our 2xx no more.
func (c *call) forgo() {
	c.accept.timer.Stop()
	c.accept = nil
}

// completed takes the answer to an offer of ours, from an ACK or a 2xx.
func (c *call) completed(m sip.Message) bool {
	body, err := sessionBody(m)
	if err != nil || body == nil {
		return false
	}
	d, a, r := c.judge(body)
	return r == nil && c.settleMedia(d, a) == nil
}

// talk opens the audio to the house; again after a re-INVITE, without effect.
func (c *call) talk() {
	if c.stream.Load() != nil {
		return
	}
	c.stream.Store(c.session)
	close(c.confirmed)
	if c.direction == outbound {
		c.tell(gateway.LegEvent{Kind: gateway.LegAnswered})
	}
}

// success builds a 2xx with what a dialog needs.
func (c *call) success(req *sip.Request, body []byte, agreed terms) *sip.Response {
	res := c.gateway.response(req, 200, "OK", append(c.gateway.abilities(), agreed.headers()...)...)
	res.AppendHeader(c.gateway.self.contact(c.dialog.transport))
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	return res
}
