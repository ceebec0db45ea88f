package sip

import (
	"context"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/contact"
)

// attempt is our INVITE, from its leaving to its final answer.
type attempt struct {
	gateway  *Gateway
	pass     func() func()   // of the border, for an errand
	patience <-chan struct{} // the caller's, until the answer
	invite   *sip.Request
	expires  time.Duration // the session interval that it asks for
	tx       *sip.ClientTx
	base     dialog // before any answer
	limit    *time.Timer
	owed     bool          // a CANCEL, as soon as it may go out
	why      contact.Cause // of the CANCEL

	mu     sync.Mutex
	acks   map[string]*sip.Request // by their To tag
	winner bool
	acked  chan struct{} // closed when the winner's first ACK has left
}

// impatient fires when the caller gives up.
func (a *attempt) impatient() <-chan struct{} {
	if a == nil {
		return nil
	}
	return a.patience
}

// overdue fires when a cancelled INVITE got no final answer in its time.
func (a *attempt) overdue() <-chan time.Time {
	if a == nil || a.limit == nil {
		return nil
	}
	return a.limit.C
}

// send begins the INVITE's transaction.
func (a *attempt) send(ctx context.Context) (*sip.ClientTx, error) {
	tx, err := a.gateway.transactions.NewClientTransaction(ctx, a.invite)
	if err != nil {
		return nil, err
	}
	a.tx = tx
	tx.OnRetransmission(func(res *sip.Response) { go a.again(res) })
	return tx, tx.Init()
}

// feed hands the answers to the call, until a final one. A peer that says
// nothing at all has 64·T1 (RFC 3261 §17.1.1.2, timer B).
func (a *attempt) feed(c *call, tx *sip.ClientTx) {
	mute := time.NewTimer(64 * a.gateway.timers.T1)
	defer mute.Stop()
	for {
		select {
		case res := <-tx.Responses():
			mute.Stop()
			if !c.post(func() { c.onResponse(res) }) && res.IsSuccess() {
				a.reject(res)
			}
			if !res.IsProvisional() {
				return
			}
		case <-tx.Done():
			c.post(c.onNoAnswer)
			return
		case <-mute.C:
			c.post(c.onNoAnswer)
			return
		case <-a.gateway.ctx.Done():
			tx.Terminate()
			return
		}
	}
}

// again takes a repeated 2xx: the same dialog's ACK was lost; another dialog
// is a fork, which loses (RFC 3261 §13.2.2.4).
func (a *attempt) again(res *sip.Response) {
	if !res.IsSuccess() || res.To() == nil {
		return
	}
	tag, _ := res.To().Params.Get("tag")
	a.mu.Lock()
	ack, known, won := a.acks[tag], a.acks[tag] != nil, a.winner
	a.mu.Unlock()
	switch {
	case known:
		a.gateway.acknowledge(ack)
	case won:
		a.reject(res)
	}
}

// accept acknowledges the 2xx that wins and returns its dialog.
func (a *attempt) accept(res *sip.Response) dialog {
	d, ack := a.ackOf(res)
	a.mu.Lock()
	a.winner = true
	a.mu.Unlock()
	a.acked = make(chan struct{})
	a.gateway.errand(func() {
		defer close(a.acked)
		a.gateway.acknowledge(ack)
	})
	return d
}

// reject acknowledges a 2xx that nobody wants, and ends its dialog.
func (a *attempt) reject(res *sip.Response) {
	d, ack := a.ackOf(res)
	a.mu.Lock()
	a.winner = true
	a.mu.Unlock()
	d.localSeq++
	bye := d.request(sip.BYE, d.localSeq, a.gateway.self)
	release := a.pass()
	a.gateway.errand(func() {
		defer release()
		a.gateway.acknowledge(ack)
		a.gateway.send(bye, exchange{})
	})
}

func (a *attempt) ackOf(res *sip.Response) (dialog, *sip.Request) {
	d := a.base.answered(res)
	ack := d.request(sip.ACK, a.base.localSeq, a.gateway.self)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acks[d.remoteTag] = ack
	return d, ack
}

// cancel gives the INVITE up. A CANCEL may go out only after a provisional
// answer (RFC 3261 §9.1); before, it is owed.
func (a *attempt) cancel(c *call, proceeding bool) {
	a.patience = nil
	a.limit = time.NewTimer(64 * c.gateway.timers.T1)
	a.owed, a.why = !proceeding, c.cause
	if proceeding {
		c.telling = true
		a.sendCancel(c.noticed)
	}
}

// pay sends the CANCEL that is owed.
func (a *attempt) pay(c *call) {
	if a.owed {
		a.owed = false
		c.telling = true
		a.sendCancel(c.noticed)
	}
}

func (a *attempt) sendCancel(sent func()) {
	req := sip.NewRequest(sip.CANCEL, *a.invite.Recipient.Clone())
	req.AppendHeader(sip.HeaderClone(a.invite.Via()))
	sip.CopyHeaders("Route", a.invite, req)
	req.AppendHeader(sip.HeaderClone(a.invite.From()))
	req.AppendHeader(sip.HeaderClone(a.invite.To()))
	req.AppendHeader(sip.HeaderClone(a.invite.CallID()))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: a.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	hops := sip.MaxForwardsHeader(70)
	req.AppendHeader(&hops)
	req.AppendHeader(sip.NewHeader("Reason", q850(a.why)))
	req.SetBody(nil)
	req.SetTransport(a.invite.Transport())
	req.SetDestination(a.invite.Destination())
	req.Laddr = a.invite.Laddr
	release := a.pass()
	a.gateway.errand(func() {
		defer release()
		a.gateway.send(req, exchange{sent: sent})
	})
}

// drop forgets the INVITE.
func (a *attempt) drop() {
	if a != nil && a.tx != nil {
		a.tx.Terminate()
	}
}

// confirmed waits until the ACK has left: a BYE must not overtake it.
func (a *attempt) confirmed() {
	if a != nil && a.acked != nil {
		<-a.acked
	}
}
